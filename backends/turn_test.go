package backends

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"zerohop/backends/probe"
)

// Whoever logs is told once when a member stops to get requests, for either
// reason, and once when it begins again.
func TestTurnsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := newFakeGroup(t, servers(2))
		g.checked = g.members
		var told []string
		g.turned = func(turn Turn) {
			told = append(told, fmt.Sprintf("%s %s %v %t", turn.Member, turn.State, turn.Err, turn.First))
		}
		f := func(want ...string) {
			t.Helper()
			if !slices.Equal(told, want) {
				t.Errorf("got %q, want %q", told, want)
			}
			told = nil
		}
		m, failure := g.members[1], errors.New("reset")

		g.note(m, outcomeFailed, failure)
		f("http://127.0.0.1:8001 failing reset false")
		g.note(m, outcomeFailed, failure)
		f()
		time.Sleep(11 * time.Second)
		m.standing.chosen(time.Now())
		g.note(m, outcomePassed, nil)
		f("http://127.0.0.1:8001 up <nil> false")
		g.note(m, outcomePassed, nil)
		f()

		g.report(1, probe.Result{Err: failure, At: time.Now(), Up: true})
		f()
		g.report(1, probe.Result{Err: failure, At: time.Now(), Changed: true})
		f("http://127.0.0.1:8001 down reset false")
		g.note(m, outcomeFailed, failure) // a request that was under way
		g.report(1, probe.Result{Err: failure, At: time.Now()})
		f()
		g.report(1, probe.Result{OK: true, At: time.Now(), Up: true, Changed: true})
		f("http://127.0.0.1:8001 up <nil> false")
	})
}

// A member that is assumed to be down is told once it is known to be, and is up
// for the first time when it comes.
func TestTurnsOfMembersThatStartDown(t *testing.T) {
	f := func(results string, want ...string) {
		t.Helper()
		g, _ := newFakeGroup(t, servers(2))
		g.checked = g.members
		g.assumeDown(true)
		var told []string
		g.turned = func(turn Turn) { told = append(told, fmt.Sprintf("%s %v %t", turn.State, turn.Err, turn.First)) }
		up, passes := false, 0
		for _, result := range results {
			r := probe.Result{OK: result == '+', At: time.Now(), Err: errCause}
			passes++
			if r.OK {
				r.Err = nil
			} else {
				passes = 0
			}
			r.Up = passes >= 2
			r.Changed, up = r.Up != up, r.Up
			g.report(0, r)
		}
		if !slices.Equal(told, want) {
			t.Errorf("%s: got %q, want %q", results, told, want)
		}
	}
	f("---", "down cause true")
	f("--++-", "down cause true", "up <nil> true", "down cause false")
	f("+-+-", "down cause true")
	f("+++-++", "up <nil> true", "down cause false", "up <nil> false")
}
