package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// requireTools skips the test on a machine that lacks MariaDB or wrk, unless
// ZEROHOP_REQUIRE names what is missing.
func requireTools(t *testing.T) {
	t.Helper()
	_, err := findTools(searchPath())
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
		"--database=unix", "--json=" + file}, &stdout, &stderr)
	if code != 0 {
		t.Fatalf("got exit code %d, want 0; stderr:\n%s", code, &stderr)
	}
	for _, want := range []string{"| zerohop |", "| net/http + database/sql |", "go run ./bench getuser --rounds=1"} {
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
	if len(r.Rounds) != 2 || len(r.void()) > 0 {
		t.Errorf("got rounds %+v, want one of each peer, none void", r.Rounds)
	}
	if len(r.Ratios) != 1 || r.Ratios[0].Turns != 1 {
		t.Errorf("got ratios %+v, want those of one turn", r.Ratios)
	}
}

// A run that is interrupted after everything was started leaves nothing
// behind: no process, no file.
func TestCompareEndsWhatItStarted(t *testing.T) {
	requireTools(t)
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	twin := netHTTP()
	twin.name = "twin"
	begun := 0
	say := func(format string, args ...any) {
		if strings.HasPrefix(format, "comparing") {
			begun = len(processesOf(t, dir))
			cancel()
		}
	}
	c := &getuserCommand{Connections: 4, Threads: 1, Rounds: 1, Seconds: 1, Max: 4, Database: "tcp"}
	err := c.compare(ctx, &console{report: io.Discard, progress: say}, []kind{netHTTP(), twin})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want the context's", err)
	}
	if begun != 3 {
		t.Errorf("got %d processes before the interruption, want MariaDB and two peers", begun)
	}
	if left := processesOf(t, dir); len(left) > 0 {
		t.Errorf("got processes left behind: %q", left)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("got files left behind: %v, error %v", left, err)
	}
}

// processesOf returns the command lines of the processes that name dir.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && bytes.Contains(line, []byte(dir)) { // it may have ended since
			found = append(found, string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return found
}
