package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A round is void by what wrk saw, by what the log holds, or by a figure that
// was not measured, in this order.
func TestRoundFault(t *testing.T) {
	s := &stage{subject: getuserSubject(), wrk: &wrk{connections: 2}}
	good := figures{1, 1, 1, 1, 1, 1}
	f := func(l load, figures figures, statuses []int, want string) {
		t.Helper()
		log, write := openLog(t)
		for range 2 * crowdQuestions(2) {
			write(fmt.Sprintf(logLine, 200))
		}
		for _, status := range statuses {
			write(fmt.Sprintf(logLine, status))
		}
		got, err := s.roundFault(t.Context(), &peer{log: log}, l, figures)
		if err != nil || got != want {
			t.Errorf("got fault %q, error %v, want %q", got, err, want)
		}
	}
	f(load{Requests: 2}, good, []int{200, 200}, "")
	f(load{Requests: 2}, good, []int{200, 200, 499}, "") // left when the round ended
	f(load{Requests: 2}, good, []int{200, 302}, "1 × status 302")
	f(load{Requests: 2, Timeout: 1}, good, []int{200, 302}, "1 × timeout")
	f(load{Requests: 2}, figures{1, 1, 1, 0, 1, 1}, []int{200, 200}, "gateway CPU/request was measured as 0")
}

// A load that fails does not wait for the moment at which connections are
// counted.
func TestLoadFailsAtOnce(t *testing.T) {
	s := &stage{wrk: &wrk{program: "/nowhere/nothing", seconds: 60}}
	began := time.Now()
	_, _, err := s.load(t.Context(), &peer{}, 1)
	if took := time.Since(began); !errors.Is(err, os.ErrNotExist) || took > 10*time.Second {
		t.Errorf("got error %v after %s, want at once that wrk is missing", err, took)
	}
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
	s := &stage{subject: getuserSubject(), wrk: &wrk{connections: 1}, peers: []*peer{{processes: []*process{p}, url: "http://127.0.0.1:1/getuser"}}}
	_, err = s.play(t.Context(), 1, t.Logf)
	if err == nil || !strings.Contains(err.Error(), "before turn 1") || !strings.Contains(err.Error(), "out of memory") {
		t.Errorf("got error %v, want the turn and the peer's last words", err)
	}
}
