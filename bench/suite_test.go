package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A quick run of one peer, from the build to the files.
func TestSuite(t *testing.T) {
	requireTools(t, netHTTP())
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	args := []string{"suite", "--quick", "--peers=nethttp", "--crowds=1,2", "--results=" + dir}
	if code := run(t.Context(), args, &stdout, &stderr); code != 0 {
		t.Fatalf("got exit code %d, want 0; stderr:\n%s", code, &stderr)
	}
	text, err := os.ReadFile(filepath.Join(dir, "getuser.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if !r.Quick || len(r.Scenes) != 2 || r.Scenes[0].Clients != 1 || r.Scenes[1].Clients != 2 || r.Scenes[1].Peers[0].Rounds != 1 {
		t.Errorf("got %s, want a quick report with a round for each crowd", text)
	}
	for _, want := range []string{"## 1 client, MariaDB over TCP", "## 2 clients, MariaDB over TCP", "**A quick run**"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("got report %s\nwant %q in it", &stdout, want)
		}
	}
	if svg, err := os.ReadFile(filepath.Join(dir, "getuser-p99.svg")); err != nil || !strings.Contains(string(svg), "2 clients") {
		t.Errorf("got chart %s, error %v, want both crowds in it", svg, err)
	}
}

func TestSuitePlan(t *testing.T) {
	c := &suiteCommand{
		Pace: pace{2, 9, 5}, Choice: peerChoice{Peers: []string{"zerohop", "nethttp"}},
		Crowds: []int{1, 256}, Databases: []string{"tcp", "unix"},
	}
	f := func(wantPace pace, wantScenes, wantResults string) {
		t.Helper()
		p := c.plan()
		if got := fmt.Sprint(p.scenes); got != wantScenes || p.pace != wantPace || p.quick != c.Quick {
			t.Errorf("got %s at %+v, want %s at %+v", got, p.pace, wantScenes, wantPace)
		}
		if got := resultsFolder(c.Results, c.Quick); got != wantResults {
			t.Errorf("got results in %q, want %q", got, wantResults)
		}
	}
	const overTCP = "1 client, MariaDB over TCP 256 clients, MariaDB over TCP"
	f(pace{2, 9, 5}, "["+overTCP+" 1 client, MariaDB over a unix socket 256 clients, MariaDB over a unix socket]", "bench/results")
	c.Quick = true
	f(pace{2, 1, 1}, "["+overTCP+"]", "") // nothing is replaced by what is quick
	c.Results = "here"
	f(pace{2, 1, 1}, "["+overTCP+"]", "here")
}

// A crowd raises max, and MariaDB has room for all peers.
func TestSuiteHasConnectionsForAll(t *testing.T) {
	c := &suiteCommand{Choice: peerChoice{Peers: []string{"zerohop", "nethttp"}}, Crowds: []int{8, 256}, Databases: []string{"tcp"}}
	p := c.plan()
	if p.scenes[0].Max != 100 || p.scenes[1].Max != 256 {
		t.Errorf("got max %d and %d, want 100 and 256", p.scenes[0].Max, p.scenes[1].Max)
	}
	if got, want := p.serverConnections(), 2*256+20; got != want {
		t.Errorf("got %d connections of MariaDB, want %d", got, want)
	}
	if len(p.comparisons) != 1 || p.comparisons[0].one.key != "zerohop" || p.comparisons[0].other.key != "nethttp" {
		t.Errorf("got comparisons %v, want zerohop with the other", p.comparisons)
	}
}
