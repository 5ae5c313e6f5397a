package backends

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/backends/upstream"
)

// Retries that fail are a share of the requests of ten seconds, and a floor.
func TestBudget(t *testing.T) {
	b := budget{percent: 20}
	f := func(now time.Duration, requests, want int) {
		t.Helper()
		for range requests {
			b.request(now)
		}
		got := 0
		for ; b.allows(now); got++ {
			b.begin()
			b.fail(now)
		}
		if got != want {
			t.Errorf("at %v, %d more requests: got %d retries, want %d", now, requests, got, want)
		}
	}
	f(0, 0, budgetFloor)
	f(0, 1000, 200)
	f(9*time.Second, 1000, 200)
	f(10*time.Second, 0, budgetFloor) // what is left is 1,000 requests, and their 200
	f(18*time.Second, 50, 10)
	f(19*time.Second, 0, 0) // 200 less to go by, and the 200 that they allowed
	f(time.Hour, 5, budgetFloor+1)
	f(time.Hour-time.Minute, 5, 1) // a clock that goes back forgets nothing
	b.percent = 0
	f(2*time.Hour, 1000, 0)
}

// A retry that is under way counts until it is answered.
func TestBudgetOfRetriesUnderWay(t *testing.T) {
	b := budget{percent: 1}
	for range budgetFloor {
		b.begin()
	}
	if b.allows(0) {
		t.Errorf("got a retry beside %d that are under way, want none", b.underWay)
	}
	b.passed()
	if !b.allows(0) {
		t.Error("got no retry after one was answered")
	}
}

func TestBudgetAllocates(t *testing.T) {
	b, now := budget{percent: 20}, time.Duration(0)
	got := testing.AllocsPerRun(100, func() {
		now += 100 * time.Millisecond
		b.request(now)
		b.allows(now)
	})
	if got != 0 {
		t.Errorf("got %v allocations a request, want none", got)
	}
}

// brokenOff is what a server leaves behind that is killed with a request in
// hand.
var brokenOff = &upstream.Error{Op: upstream.OpRead, Sent: true, Err: errCause}

// Beyond the floor, retries in vain are a share of the requests.
func TestRetryBudget(t *testing.T) {
	f := func(percent int, want uint64) {
		t.Helper()
		cfg := servers(2)
		cfg.RetryBudget, cfg.MaxFails = percent, 0
		g, fakes := newFakeGroup(t, cfg)
		for _, s := range fakes {
			s.answer = func(*fasthttp.RequestCtx) error { return brokenOff }
		}
		for range 1000 {
			get(g)
		}
		st := g.Stats()
		if st.Retries != want || st.Retries+st.RetriesDenied != 1000 || g.budget.underWay != 0 {
			t.Errorf("%d percent: got %d retries and %d denied, want %d", percent, st.Retries, st.RetriesDenied, want)
		}
	}
	synctest.Test(t, func(*testing.T) {
		f(20, budgetFloor+200)
		f(100, 1000)
		f(1, budgetFloor+10)
		f(0, 0)
	})
}

// Where nothing was sent, a retry is free.
func TestRefusedConnectionsAreNotCharged(t *testing.T) {
	f := func(percent int) {
		t.Helper()
		cfg := servers(3)
		cfg.RetryBudget, cfg.MaxFails = percent, 0
		g, fakes := newFakeGroup(t, cfg)
		failing(fakes[0])
		fakes[1].answer = func(*fasthttp.RequestCtx) error {
			return &upstream.Error{Op: upstream.OpConnect, Timeout: true, Err: errCause}
		}
		g.retry.onTimeout = true
		for range 3000 {
			if err := get(g); err != nil {
				t.Fatalf("%d percent: got %v, want the other member's answer", percent, err)
			}
		}
		if st := g.Stats(); st.RetriesDenied != 0 || st.Retries < 1000 {
			t.Errorf("%d percent: got %d retries, %d denied", percent, st.Retries, st.RetriesDenied)
		}
	}
	f(20)
	f(0)
}

// One bad server of three costs no request its answer, however long it is bad,
// and even where it goes on being asked.
func TestOneBadServerUsesUpNoBudget(t *testing.T) {
	f := func(maxFails int, bad func(rc *fasthttp.RequestCtx) error) {
		t.Helper()
		cfg := servers(3)
		cfg.MaxFails, cfg.Retry = maxFails, []string{"error", "503"}
		g, fakes := newFakeGroup(t, cfg)
		fakes[1].answer = bad
		for range 5000 {
			rc := newGet()
			if err := g.Serve(newInbound(), rc, nil); err != nil || rc.Response.StatusCode() != 200 {
				t.Fatalf("max_fails %d: got %v and %d, want 200", maxFails, err, rc.Response.StatusCode())
			}
		}
	}
	for _, maxFails := range []int{0, 1} {
		f(maxFails, func(rc *fasthttp.RequestCtx) error {
			rc.SetStatusCode(503)
			return nil
		})
		f(maxFails, func(*fasthttp.RequestCtx) error { return brokenOff })
	}
}

// A server ends with all that it has in hand: every one of a crowd of slow
// requests is answered by another.
func TestEndOfAServerInACrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const crowd = 400
		g, fakes := newFakeGroup(t, servers(2))
		var killed sync.WaitGroup
		killed.Add(1)
		for _, s := range fakes {
			s.answer = func(*fasthttp.RequestCtx) error {
				time.Sleep(time.Second)
				return nil
			}
		}
		fakes[0].answer = func(*fasthttp.RequestCtx) error {
			killed.Wait()
			return brokenOff
		}
		var clients sync.WaitGroup
		for range crowd {
			clients.Go(func() {
				if err := get(g); err != nil {
					t.Errorf("got %v, want an answer", err)
				}
			})
		}
		synctest.Wait()
		if got := g.Stats().Members[0].Busy; got < crowd/3 {
			t.Errorf("got %d requests at the server, so this test shows nothing", got)
		}
		killed.Done()
		clients.Wait()
		if g.budget.underWay != 0 {
			t.Errorf("got %d retries under way, want none", g.budget.underWay)
		}
	})
}

// A retry that meets a refusal has not been done, and still may not be lost
// from the count.
func TestRetryOverARefusal(t *testing.T) {
	cfg := servers(3)
	cfg.Balance, cfg.MaxFails = balanceSmoothWRR, 0
	g, fakes := newFakeGroup(t, cfg)
	fakes[0].answer = func(*fasthttp.RequestCtx) error { return brokenOff }
	failing(fakes[1])
	fakes[2].answer = func(*fasthttp.RequestCtx) error {
		if g.budget.underWay != 1 {
			t.Errorf("got %d retries under way, want this one", g.budget.underWay)
		}
		return nil
	}
	if err := get(g); err != nil {
		t.Error(err)
	}
	failing(fakes[2])
	if err := get(g); !errors.Is(err, ErrBadGateway) {
		t.Errorf("got %v, want %v", err, ErrBadGateway)
	}
	if g.budget.underWay != 0 {
		t.Errorf("got %d retries under way, want none", g.budget.underWay)
	}
}
