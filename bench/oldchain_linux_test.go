package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// The chain answers as every peer must, over TCP and a unix socket; all of its
// processes work, and their time is counted; each Tornado keeps one connection
// to MariaDB; and nothing is left when it is closed.
func TestOldChain(t *testing.T) {
	requireTools(t, oldChain())
	p := plan{subject: getuserSubject(), pace: pace{1, 1, 1}, kinds: []kind{oldChain()}, scenes: []scene{newScene(8, "tcp"), newScene(8, "unix")}}
	arena, err := openArena(t.Context(), p, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	defer arena.Close()
	for _, sc := range p.scenes {
		stage, err := arena.openStage(t.Context(), p, sc, t.Logf)
		if err != nil {
			t.Fatal(err)
		}
		chain := stage.peers[0]
		before := cpuTimes(t, chain)
		if err := stage.examine(t.Context(), t.Logf); err != nil {
			t.Errorf("%s: %v", sc, err)
		}
		for i, after := range cpuTimes(t, chain) {
			if after <= before[i] {
				t.Errorf("%s: got %s of %s after %s, want more", sc, after, chain.processes[i].name, before[i])
			}
		}
		if got, err := arena.source.connections(t.Context(), "oldchain"); err != nil || got != tornadoCount {
			t.Errorf("%s: got %d connections and error %v, want %d", sc, got, err, tornadoCount)
		}
		stage.Close()
		for _, one := range chain.processes {
			if left := groupOf(t, one); len(left) > 0 {
				t.Errorf("%s: got processes %d left of %s, want none", sc, left, one.name)
			}
		}
	}
}

// cpuTimes returns the times of four Tornado processes and of nginx, which is
// a master with its workers.
func cpuTimes(t *testing.T, chain *peer) []time.Duration {
	t.Helper()
	var names []string
	var times []time.Duration
	for _, one := range chain.processes {
		used, err := one.cpuTime()
		if err != nil {
			t.Fatal(err)
		}
		names, times = append(names, one.name), append(times, used)
	}
	if got, want := strings.Join(names, ", "), "Tornado 1, Tornado 2, Tornado 3, Tornado 4, nginx"; got != want {
		t.Fatalf("got processes %s, want %s", got, want)
	}
	if got := groupOf(t, chain.processes[tornadoCount]); len(got) < 2 {
		t.Fatalf("got processes %d of nginx, want a master and its workers", got)
	}
	all, err := chain.cpuTime()
	if err != nil || all < slices.Max(times) {
		t.Fatalf("got %s of the chain and error %v, want the sum of %s", all, err, times)
	}
	return times
}
