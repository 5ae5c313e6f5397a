package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sampleReport is of two turns, A B B A; the second peer takes twice as much
// of everything, in the second turn three times.
func sampleReport(change func(rounds []round)) report {
	kinds := []kind{{name: "one"}, {name: "other"}}
	rounds := []round{
		{Turn: 0, Peer: "one", Figures: figures{30000, 1000, 4000, 10, 30}},
		{Turn: 0, Peer: "other", Figures: figures{15000, 2000, 8000, 20, 60}},
		{Turn: 1, Peer: "other", Figures: figures{10000, 3000, 12000, 30, 90}},
		{Turn: 1, Peer: "one", Figures: figures{30000, 1000, 4000, 10, 30}},
	}
	if change != nil {
		change(rounds)
	}
	c := &getuserCommand{Connections: 64, Threads: 2, Rounds: 2, Seconds: 5, Max: 100, Database: "tcp"}
	m := machine{CPU: "Some CPU", Cores: 2, Kernel: "6.1.0", Go: "go1.26.0", MariaDB: "10.11.1", Wrk: "4.1.0"}
	return newReport(c, "go run ./bench getuser --rounds 2", m, kinds, rounds)
}

func Example_report() {
	fmt.Print(sampleReport(nil).Markdown())
	// Output:
	// ## GET /getuser: 64 clients, MariaDB over tcp
	//
	// |  | requests/s | p50 | p99 | gateway CPU/request | MariaDB CPU/request |
	// |---|--:|--:|--:|--:|--:|
	// | one | 30,000 | 1.00 ms | 4.00 ms | 10.0 µs | 30.0 µs |
	// | other | 12,500 | 2.50 ms | 10.00 ms | 25.0 µs | 75.0 µs |
	//
	// | one / other | median | min | max |
	// |---|--:|--:|--:|
	// | requests/s | 2.50 | 2.00 | 3.00 |
	// | p50 | 0.42 | 0.33 | 0.50 |
	// | p99 | 0.42 | 0.33 | 0.50 |
	// | gateway CPU/request | 0.42 | 0.33 | 0.50 |
	// | MariaDB CPU/request | 0.42 | 0.33 | 0.50 |
	//
	// Medians of interleaved rounds of 5 s, 2 for each peer; a ratio is made of the two rounds of one turn. More requests/s is better, less of everything else is. Each peer may open 100 connections to MariaDB, and writes an access-log line a request to a file. wrk, gateway and MariaDB share the machine.
	//
	// Some CPU, 2 cores, Linux 6.1.0, go1.26.0, MariaDB 10.11.1, wrk 4.1.0
	//
	// `go run ./bench getuser --rounds 2`
}

// A void round counts neither in the medians nor in a ratio, and is named.
func TestReportLeavesVoidRoundsOut(t *testing.T) {
	r := sampleReport(func(rounds []round) { rounds[2].Void = "1 × status 503" })
	if got, want := r.Peers[1], (peerResult{"other", 1, figures{15000, 2000, 8000, 20, 60}}); got != want {
		t.Errorf("got %+v, want the round of the first turn alone, %+v", got, want)
	}
	if got := r.Peers[0].Rounds; got != 2 {
		t.Errorf("got %d rounds of the peer without a fault, want 2", got)
	}
	if got, want := r.Ratios[0].Spread["requests/s"], (spread{2, 2, 2}); r.Ratios[0].Turns != 1 || got != want {
		t.Errorf("got ratio %+v of %d turns, want %+v of 1", got, r.Ratios[0].Turns, want)
	}
	if want := "**Void:** turn 2, other: 1 × status 503."; !strings.Contains(r.Markdown(), want) {
		t.Errorf("got %s\nwant %q in it", r.Markdown(), want)
	}
}

func TestReportWithNothingValid(t *testing.T) {
	r := sampleReport(func(rounds []round) { rounds[1].Void, rounds[2].Void = "a", "b" })
	text := r.Markdown()
	for _, want := range []string{"| other | void | void |", "one / other: no turn in which both rounds count."} {
		if !strings.Contains(text, want) {
			t.Errorf("got %s\nwant %q in it", text, want)
		}
	}
	var again report
	if err := json.Unmarshal(r.JSON(), &again); err != nil {
		t.Error(err)
	}
}

func TestReportSaysThatTheMachineWasBusy(t *testing.T) {
	f := func(others float64, want bool) {
		t.Helper()
		text := sampleReport(func(rounds []round) { rounds[1].Others = others }).Markdown()
		if got := strings.Contains(text, "kept up to 0.75 of its 2 cores busy"); got != want {
			t.Errorf("got %s\nwant others named: %t", text, want)
		}
	}
	f(0.75, true)
	f(0.05, false)
}

func TestReportIsWrittenAndVoidRoundsAreAnError(t *testing.T) {
	f := func(r report, want error) {
		t.Helper()
		c := &getuserCommand{JSON: filepath.Join(t.TempDir(), "r.json")}
		var out bytes.Buffer
		if err := c.report(r, &out); !errors.Is(err, want) {
			t.Errorf("got error %v, want %v", err, want)
		}
		if out.String() != r.Markdown() {
			t.Errorf("got report %q, want the Markdown", &out)
		}
		text, err := os.ReadFile(c.JSON)
		if err != nil || !bytes.Contains(text, []byte(`"requests_per_second": 30000`)) {
			t.Errorf("got file %s, error %v, want the figures", text, err)
		}
	}
	f(sampleReport(nil), nil)
	f(sampleReport(func(rounds []round) { rounds[0].Void = "1 × timeout" }), errVoid)
}
