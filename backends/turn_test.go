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
		g.turned = func(turn Turn) { told = append(told, fmt.Sprintf("%s %s %v", turn.Member, turn.State, turn.Err)) }
		f := func(want ...string) {
			t.Helper()
			if !slices.Equal(told, want) {
				t.Errorf("got %q, want %q", told, want)
			}
			told = nil
		}
		m, failure := g.members[1], errors.New("reset")

		g.note(m, outcomeFailed, failure)
		f("http://127.0.0.1:8001 failing reset")
		g.note(m, outcomeFailed, failure)
		f()
		time.Sleep(11 * time.Second)
		m.standing.chosen(time.Now())
		g.note(m, outcomePassed, nil)
		f("http://127.0.0.1:8001 up <nil>")
		g.note(m, outcomePassed, nil)
		f()

		g.report(1, probe.Result{Err: failure, At: time.Now(), Up: true})
		f()
		g.report(1, probe.Result{Err: failure, At: time.Now(), Changed: true})
		f("http://127.0.0.1:8001 down reset")
		g.note(m, outcomeFailed, failure) // a request that was under way
		g.report(1, probe.Result{Err: failure, At: time.Now()})
		f()
		g.report(1, probe.Result{OK: true, At: time.Now(), Up: true, Changed: true})
		f("http://127.0.0.1:8001 up <nil>")
	})
}
