package backends

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/backends/probe"
	"zerohop/backends/upstream"
)

// failing has a server refuse connections, until the function that it returns
// is called.
func failing(s *fakeServer) (mend func()) {
	s.answer = func(*fasthttp.RequestCtx) error { return &upstream.Error{Op: upstream.OpConnect, Err: errCause} }
	return func() { s.answer = nil }
}

func get(g *Group) error { return g.Serve(newInbound(), newRequest("GET"), nil) }

// A member that fails is left out for fail_timeout, and then gets one request.
func TestFailTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := servers(2)
		cfg.Balance, cfg.RetryBudget = balanceSmoothWRR, 100
		g, fakes := newFakeGroup(t, cfg)
		mend := failing(fakes[0])
		f := func(after time.Duration, requests, wantAsked int, wantState string) {
			t.Helper()
			time.Sleep(after)
			for range requests {
				if err := get(g); err != nil {
					t.Errorf("got %v, want the other member's answer", err)
				}
			}
			if m := g.Stats().Members[0]; fakes[0].asked != wantAsked || m.State != wantState {
				t.Errorf("got %d asked and %q, want %d and %q", fakes[0].asked, m.State, wantAsked, wantState)
			}
		}
		f(0, 10, 1, StateFailing)
		f(10*time.Second, 10, 1, StateFailing)
		f(time.Millisecond, 10, 2, StateFailing)
		f(9*time.Second, 10, 2, StateFailing)
		mend()
		f(2*time.Second, 3, 3, StateUp) // its weight has to grow back first
		f(0, 10, 8, StateUp)
		m := g.Stats().Members[0]
		if m.Failures != 2 || m.Fails != 0 || m.LastError == "" || !m.Since.Equal(time.Now()) {
			t.Errorf("got %+v", m)
		}
	})
}

// While the one request is under way, the member gets no others.
func TestOneRequestToJudgeBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := servers(2)
		cfg.Balance = balanceSmoothWRR
		b := newBusyGroup(t, cfg)
		b.noteLocked(b.members[0], outcomeFailed, errCause)
		time.Sleep(11 * time.Second)
		for _, name := range []string{"a", "b", "c"} {
			b.ask(newInbound(), name, nil)
		}
		if first, second := b.members[0].busy, b.members[1].busy; first != 1 || second != 2 {
			t.Errorf("got %d and %d in flight, want 1 and 2", first, second)
		}
		b.free(0)
		b.free(1)
		b.free(1)
		if got := b.Stats().Members[0].State; got != StateUp {
			t.Errorf("got %q, want %q", got, StateUp)
		}
	})
}

// The only member is asked however often it fails.
func TestGroupOfOneIsNeverDown(t *testing.T) {
	cfg := servers(1)
	cfg.WhenAllDown = allDownFail
	g, fakes := newFakeGroup(t, cfg)
	failing(fakes[0])
	for range 5 {
		if err := get(g); !errors.Is(err, ErrBadGateway) {
			t.Errorf("got %v, want %v", err, ErrBadGateway)
		}
	}
	if m := g.Stats().Members[0]; fakes[0].asked != 5 || m.State != StateUp || m.Fails != 5 {
		t.Errorf("got %+v", m)
	}
}

func TestWhenAllDown(t *testing.T) {
	f := func(policy string, wantAsked int, want error) {
		t.Helper()
		cfg := servers(2)
		cfg.WhenAllDown, cfg.RetryBudget = policy, 100
		g, fakes := newFakeGroup(t, cfg)
		mend, other := failing(fakes[0]), failing(fakes[1])
		if err := get(g); !errors.Is(err, ErrBadGateway) {
			t.Errorf("got %v, want %v", err, ErrBadGateway)
		}
		if err := get(g); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", policy, err, want)
		}
		if got := asked(fakes); got != wantAsked {
			t.Errorf("%s: got %d asked, want %d", policy, got, wantAsked)
		}
		mend()
		other()
		wantUp := policy == allDownTry
		if err := get(g); (err == nil) != wantUp || g.Stats().Unavailable == 0 != wantUp {
			t.Errorf("%s: got %v and %+v", policy, err, g.Stats())
		}
		up := 0
		for _, m := range g.Stats().Members {
			if m.State == StateUp {
				up++
			}
		}
		if (up == 1) != wantUp { // the one that has just answered
			t.Errorf("%s: got %d members up", policy, up)
		}
	}
	f(allDownTry, 4, ErrBadGateway)
	f(allDownFail, 2, ErrDown)
}

// Where no member is healthy and all are to be tried, those that fail are still
// left out, as long as there are others.
func TestTryIgnoresNothingButHealthChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := servers(2)
		cfg.Retry = nil
		g, fakes := newFakeGroup(t, cfg)
		g.checked = g.members
		for i := range g.members {
			g.report(i, checkResult(false))
		}
		f := func(requests, want int) {
			t.Helper()
			failures := 0
			for range requests {
				if err := get(g); err != nil {
					failures++
				}
			}
			if failures != want {
				t.Errorf("got %d failures of %d, want %d", failures, requests, want)
			}
		}
		mend := failing(fakes[0])
		f(200, 1)
		time.Sleep(11 * time.Second)
		f(200, 1)                      // the one by which it is judged
		mendOther := failing(fakes[1]) // now nobody is left, and all are asked
		f(200, 200)
		mend()
		mendOther()
		f(200, 0)
		g.report(1, checkResult(true)) // and one that is healthy is all there is
		before := fakes[0].asked
		if f(200, 0); fakes[0].asked != before {
			t.Errorf("got %d asked of the one that is not", fakes[0].asked-before)
		}
	})
}

func checkResult(up bool) probe.Result {
	r := probe.Result{OK: up, At: time.Now(), Up: up, Changed: true}
	if !up {
		r.Err = errors.New("no answer")
	}
	return r
}

// Health checks take a member out, bring it back, and free the waiting.
func TestHealthChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := queueing(2, 4)
		cfg.Wait = time.Hour
		b := newBusyGroup(t, cfg)
		b.checked = b.members
		b.report(0, checkResult(false))
		b.ask(newInbound(), "a", nil)
		b.ask(newInbound(), "b", nil)
		b.wantStarted(t, "a")
		m := b.Stats().Members[0]
		if m.State != StateDown || m.Busy != 0 || m.Checks != 1 || m.CheckFailures != 1 || m.LastCheckOK || m.LastCheckError != "no answer" {
			t.Errorf("got %+v, want it down", m)
		}
		b.report(0, checkResult(true))
		synctest.Wait()
		b.wantStarted(t, "a", "b")
		if m := b.Stats().Members[0]; m.State != StateUp || m.Busy != 1 || !m.LastCheckOK || m.LastCheckError != "" {
			t.Errorf("got %+v, want it up", m)
		}
		b.free(0)
		b.free(1)
	})
}

// A freed place at a member that is down goes to nobody.
func TestDownMemberIsHandedNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBusyGroup(t, queueing(2, 4))
		b.checked = b.members
		for _, name := range []string{"a", "b", "c"} {
			b.ask(newInbound(), name, nil)
		}
		b.report(0, checkResult(false))
		b.free(0)
		b.wantStarted(t, "a", "b")
		b.free(1)
		b.wantStarted(t, "a", "b", "c")
		b.free(1)
	})
}

// A member whose time out has passed gets those who wait, before who comes.
func TestWaitersComeBeforeNewcomers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := queueing(2, 4)
		cfg.Wait = time.Hour
		b := newBusyGroup(t, cfg)
		b.noteLocked(b.members[0], outcomeFailed, errCause)
		for _, name := range []string{"a", "b"} {
			b.ask(newInbound(), name, nil)
		}
		time.Sleep(time.Minute)
		b.ask(newInbound(), "c", nil)
		b.wantStarted(t, "a", "b")
		b.free(0)
		b.wantStarted(t, "a", "b", "c")
		b.free(0)
		b.free(1)
	})
}

// A member that has proved itself takes as many of those who wait as it has
// room for.
func TestMemberThatIsBackServesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := queueing(2, 4)
		cfg.Members[0].MaxInFlight = 2
		cfg.Wait = time.Hour
		b := newBusyGroup(t, cfg)
		b.noteLocked(b.members[0], outcomeFailed, errCause)
		b.ask(newInbound(), "a", nil)
		time.Sleep(time.Minute)
		for _, name := range []string{"b", "c", "d", "e"} {
			b.ask(newInbound(), name, nil)
		}
		b.wantStarted(t, "a", "b")
		b.free(0)
		if st := b.Stats(); st.Members[0].Busy != 2 || st.Waiting != 1 {
			t.Errorf("got %+v, want one left to wait", st)
		}
		for _, i := range []int{1, 1, 0, 0} {
			b.free(i)
		}
		if got := inFlight(b.Group); got != 0 {
			t.Errorf("got %d in flight, want none", got)
		}
	})
}

// A member that has come back gets its share by and by.
func TestSlowStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, balance := range []string{balanceSmoothWRR, balanceLeastBusy} {
			cfg := servers(2)
			cfg.Balance, cfg.SlowStart = balance, 10*time.Second
			g, fakes := newFakeGroup(t, cfg)
			g.checked = g.members
			g.report(0, checkResult(false))
			g.report(0, checkResult(true))
			f := func(after time.Duration, least, most int, state string) {
				t.Helper()
				time.Sleep(after)
				before := fakes[0].asked
				for range 1000 {
					get(g)
				}
				got, st := fakes[0].asked-before, g.Stats().Members[0].State
				if got < least || got > most || st != state {
					t.Errorf("%s: got %d of 1000 and %q, want %d to %d and %q", balance, got, st, least, most, state)
				}
			}
			f(0, 0, 15, StateStarting)
			f(5*time.Second, 270, 400, StateStarting) // a half for each whole
			f(5*time.Second, 430, 570, StateUp)
			if g.ailing != 0 {
				t.Errorf("%s: the group goes on asking for the time", balance)
			}
		}
	})
}

// Members may start down.
func TestStartDown(t *testing.T) {
	cfg := servers(1)
	cfg.WhenAllDown = allDownFail
	cfg.Members[0].URL = "http://127.0.0.1:1"
	cfg.Health = &HealthConfig{}
	cfg.Health.SetDefaults()
	cfg.Health.Path, cfg.Health.Start = "/health", startDown
	g, err := NewGroup("down", cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	g.Start()
	defer g.Close()
	if err := get(g); !errors.Is(err, ErrDown) {
		t.Errorf("got %v, want %v", err, ErrDown)
	}
	if got := g.Stats().Members[0].State; got != StateDown {
		t.Errorf("got %q, want %q", got, StateDown)
	}
}
