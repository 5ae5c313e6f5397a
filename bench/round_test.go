package main

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

func TestOrderAlternates(t *testing.T) {
	f := func(turn, n int, want string) {
		t.Helper()
		if got := fmt.Sprint(order(turn, n)); got != want {
			t.Errorf("turn %d of %d peers: got %s, want %s", turn, n, got, want)
		}
	}
	f(0, 2, "[0 1]")
	f(1, 2, "[1 0]")
	f(2, 2, "[0 1]")
	f(0, 3, "[0 1 2]")
	f(1, 3, "[2 1 0]")
}

func TestRoundSummary(t *testing.T) {
	r := round{Figures: figures{Rate: 23456, P99: 1234}}
	if got, want := r.summary(), "23,456 requests/s, p99 1.23 ms"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r.Void = "1 × timeout"
	if got, want := r.summary(), "void: 1 × timeout"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A round is void by what wrk saw, by what the log holds, or by a figure that
// was not measured, in this order.
func TestRoundFault(t *testing.T) {
	a := &arena{wrk: &wrk{connections: 2}}
	good := figures{1, 1, 1, 1, 1}
	f := func(l load, figures figures, statuses []int, want string) {
		t.Helper()
		log, write := openLog(t)
		for range 2 * crowdQuestions {
			write(fmt.Sprintf(logLine, 200))
		}
		for _, status := range statuses {
			write(fmt.Sprintf(logLine, status))
		}
		got, err := a.roundFault(t.Context(), &peer{log: log}, l, figures)
		if err != nil || got != want {
			t.Errorf("got fault %q, error %v, want %q", got, err, want)
		}
	}
	f(load{Requests: 2}, good, []int{200, 200}, "")
	f(load{Requests: 2}, good, []int{200, 200, 499}, "") // left when the round ended
	f(load{Requests: 2}, good, []int{200, 302}, "1 × status 302")
	f(load{Requests: 2, Timeout: 1}, good, []int{200, 302}, "1 × timeout")
	f(load{Requests: 2}, figures{1, 1, 1, 0, 1}, []int{200, 200}, "gateway CPU/request was measured as 0")
}

// A peer that ends during a run ends the run, with its last words.
func TestPlayNamesAPeerThatEnded(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("sh is not installed")
	}
	p, err := startProcess("one", nil, sh, "-c", "echo out of memory >&2")
	if err != nil {
		t.Fatal(err)
	}
	<-p.ended
	a := &arena{wrk: &wrk{connections: 1}, peers: []*peer{{process: p, url: "http://127.0.0.1:1/getuser"}}}
	_, err = a.play(t.Context(), 1, t.Logf)
	if err == nil || !strings.Contains(err.Error(), "before turn 1") || !strings.Contains(err.Error(), "out of memory") {
		t.Errorf("got error %v, want the turn and the peer's last words", err)
	}
}
