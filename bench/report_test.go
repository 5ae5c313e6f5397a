package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// sampleReport is of two turns, A B B A; the second peer takes twice as much
// of everything, in the second turn three times.
func sampleReport(change func(rounds []round)) report {
	kinds := []kind{{key: "1", name: "one"}, {key: "2", name: "other"}}
	p := plan{subject: getuserSubject(), pace: pace{Threads: 2, Rounds: 2, Seconds: 5}, kinds: kinds, comparisons: against(kinds[0], kinds[1:])}
	rounds := []round{
		{Turn: 0, Peer: "one", Figures: figures{30000, 1000, 4000, 10, 30, 2}},
		{Turn: 0, Peer: "other", Figures: figures{15000, 2000, 8000, 20, 60, 4}},
		{Turn: 1, Peer: "other", Figures: figures{10000, 3000, 12000, 30, 90, 6}},
		{Turn: 1, Peer: "one", Figures: figures{30000, 1000, 4000, 10, 30, 2}},
	}
	if change != nil {
		change(rounds)
	}
	m := machine{CPU: "Some CPU", Cores: 2, Kernel: "6.1.0", Go: "go1.26.0", MariaDB: "10.11.1", Wrk: "4.1.0"}
	r := newReport(p, "go run ./bench getuser --rounds 2", m)
	r.Scenes = append(r.Scenes, newSceneResult(p, newScene(64, "tcp"), rounds))
	return r
}

// A void round counts neither in the medians nor in a ratio, and is named.
func TestReportLeavesVoidRoundsOut(t *testing.T) {
	r := sampleReport(func(rounds []round) { rounds[2].Void = "1 × status 503" })
	sc := r.Scenes[0]
	if got, want := sc.Peers[1], (peerResult{"2", "other", 1, figures{15000, 2000, 8000, 20, 60, 4}}); got != want {
		t.Errorf("got %+v, want the round of the first turn alone, %+v", got, want)
	}
	if got := sc.Peers[0].Rounds; got != 2 {
		t.Errorf("got %d rounds of the peer without a fault, want 2", got)
	}
	if got, want := sc.Ratios[0].Spread["requests/s"], (spread{2, 2, 2}); sc.Ratios[0].Turns != 1 || got != want {
		t.Errorf("got ratio %+v of %d turns, want %+v of 1", got, sc.Ratios[0].Turns, want)
	}
	if got := sc.void(); len(got) != 1 || got[0].Turn != 1 || got[0].Peer != "other" {
		t.Errorf("got void rounds %+v, want the one", got)
	}
}

func TestReportIsWrittenAndVoidRoundsAreAnError(t *testing.T) {
	f := func(r report, want error) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "r.json")
		var out bytes.Buffer
		if err := r.deliver(&out, file); !errors.Is(err, want) {
			t.Errorf("got error %v, want %v", err, want)
		}
		if out.String() != r.Markdown() {
			t.Errorf("got report %q, want the Markdown", &out)
		}
		text, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte(`"requests_per_second": 30000`)) {
			t.Errorf("got file %s, error %v, want the figures", text, err)
		}
	}
	f(sampleReport(nil), nil)
	f(sampleReport(func(rounds []round) { rounds[0].Void = "1 × timeout" }), errVoid)
}
