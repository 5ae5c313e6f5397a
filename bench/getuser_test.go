package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// requireTools skips the test on a machine that lacks what the kinds need,
// unless ZEROHOP_REQUIRE names what is missing.
func requireTools(t *testing.T, kinds ...kind) {
	t.Helper()
	requireToolsOf(t, getuserSubject(), kinds...)
}

// requireToolsOf is requireTools for another subject.
func requireToolsOf(t *testing.T, of *subject, kinds ...kind) {
	t.Helper()
	_, err := findTools(searchPath(), of, kinds)
	if err == nil {
		return
	}
	var missing *missingToolsError
	if !errors.As(err, &missing) {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(os.Getenv("ZEROHOP_REQUIRE"), ",") {
		for _, debianPackage := range missing.packages {
			if name != "" && strings.HasPrefix(debianPackage, name) { // mariadb, mariadb-server
				t.Fatalf("ZEROHOP_REQUIRE=%s: %v", name, err)
			}
		}
	}
	t.Skip(err)
}

// One short turn, from the build to the report.
func TestGetuser(t *testing.T) {
	requireTools(t)
	file := filepath.Join(t.TempDir(), "report.json")
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), []string{"getuser", "--rounds=1", "--seconds=1", "--connections=8",
		"--database=unix", "--peers=nethttp,zerohop,lanes-off", "--json=" + file}, &stdout, &stderr)
	if code != 0 {
		t.Fatalf("got exit code %d, want 0; stderr:\n%s", code, &stderr)
	}
	for _, want := range []string{"| zerohop |", "| zerohop, lanes off |", "| net/http + database/sql |", "go run ./bench getuser --rounds=1"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("got report %s\nwant %q in it", &stdout, want)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Scenes) != 1 || len(r.Scenes[0].Rounds) != 3 || r.fault() != nil {
		t.Fatalf("got scenes %+v, want one, in it a round of each peer, none void", r.Scenes)
	}
	if ratios := r.Scenes[0].Ratios; len(ratios) != 2 || ratios[1].Turns != 1 || ratios[1].Name != "zerohop / net/http + database/sql" {
		t.Errorf("got ratios %+v, want those of one turn", ratios)
	}
	if got := r.Scenes[0].Peers[2].Medians.Connections; got < 1 || got > 8 {
		t.Errorf("got %v connections of net/http with 8 clients, want 1 to 8", got)
	}
}
