package backends

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"
	"pgregory.net/rapid"

	"zerohop/backends/upstream"
)

// plan is what one request of a property does.
type plan struct {
	after, takes, leaves time.Duration // leaves 0: it does not
	proxied, fails       bool
	method               string
}

func drawPlan(t *rapid.T) plan {
	ms := func(most int, label string) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(t, label)) * time.Millisecond
	}
	return plan{
		after: ms(30, "after"), takes: ms(40, "takes"), leaves: ms(20, "leaves"),
		proxied: rapid.Bool().Draw(t, "proxied"), fails: rapid.IntRange(0, 3).Draw(t, "fails") == 0,
		method: rapid.SampledFrom([]string{"GET", "POST"}).Draw(t, "method"),
	}
}

func drawConfig(t *rapid.T) Config {
	cfg := Pool(rapid.IntRange(1, 3).Draw(t, "workers"), rapid.IntRange(0, 2).Draw(t, "pool queue"))
	cfg.Balance = rapid.SampledFrom([]string{balanceLeastBusy, balanceSmoothWRR, balanceHash}).Draw(t, "balance")
	cfg.WhenAllDown = rapid.SampledFrom([]string{allDownTry, allDownFail}).Draw(t, "when all down")
	cfg.MaxFails = rapid.IntRange(0, 2).Draw(t, "max fails")
	cfg.FailTimeout = 5 * time.Millisecond
	if cfg.Balance != balanceHash {
		cfg.SlowStart = time.Duration(rapid.IntRange(0, 10).Draw(t, "slow start")) * time.Millisecond
	}
	if cfg.Queue = rapid.IntRange(0, 4).Draw(t, "queue"); cfg.Queue > 0 {
		cfg.Wait = 10 * time.Millisecond
	}
	cfg.Retry = rapid.SampledFrom([][]string{nil, {"error"}, {"error", "503", "non_idempotent"}}).Draw(t, "retry")
	for range rapid.IntRange(1, 3).Draw(t, "servers") {
		cfg.Members = append(cfg.Members, MemberConfig{
			Weight: rapid.IntRange(1, 5).Draw(t, "weight"), MaxInFlight: rapid.IntRange(1, 2).Draw(t, "max in flight"),
			Backup: rapid.Bool().Draw(t, "backup"),
		})
	}
	return cfg
}

// Whatever requests do, no member ever has more of them than it may have, and
// in the end none is in flight and none waits.
func TestPlacesAreNeverLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := drawConfig(rt)
		plans := rapid.SliceOfN(rapid.Custom(drawPlan), 1, 25).Draw(rt, "plans")
		checks := rapid.SliceOfN(rapid.Bool(), 0, 10).Draw(rt, "checks")
		synctest.Test(t, func(t *testing.T) { runPlans(t, cfg, plans, checks) })
	})
}

func runPlans(t *testing.T, cfg Config, plans []plan, checks []bool) {
	g, fakes := newFakeGroup(t, cfg)
	g.checked = g.members[1:]
	requests := make([]*fasthttp.RequestCtx, len(plans))
	planOf := map[*fasthttp.RequestCtx]plan{}
	for i, p := range plans {
		requests[i] = newRequest(p.method)
		planOf[requests[i]] = p
	}
	for i, s := range fakes {
		if s == nil {
			continue
		}
		s.answer = func(rc *fasthttp.RequestCtx) error {
			checkPlace(t, g, g.members[i])
			p := planOf[rc]
			time.Sleep(p.takes)
			if p.fails {
				return &upstream.Error{Op: upstream.OpRead, Sent: true, Err: errCause}
			}
			if p.takes%(2*time.Millisecond) == 0 {
				rc.SetStatusCode(503)
			}
			return nil
		}
	}
	for i, p := range plans {
		in, h := newInbound(), Handler(nil)
		if p.leaves > 0 {
			time.AfterFunc(p.after+p.leaves, in.leave)
		}
		if !p.proxied {
			h = func(context.Context, *fasthttp.RequestCtx) error {
				time.Sleep(p.takes)
				return nil
			}
		}
		go func() {
			time.Sleep(p.after)
			g.Serve(in, requests[i], h)
		}()
	}
	for i, up := range checks {
		time.Sleep(5 * time.Millisecond)
		g.report(i%len(g.checked), checkResult(up))
	}
	time.Sleep(time.Second)
	synctest.Wait()
	st := g.Stats()
	if st.Waiting != 0 || g.full != 0 {
		t.Errorf("got %d waiting, full %b", st.Waiting, g.full)
	}
	for i, m := range st.Members {
		if m.Busy != 0 || m.Waiting != 0 {
			t.Errorf("member %d: got %d in flight and %d waiting", i, m.Busy, m.Waiting)
		}
	}
	g.Close()
}

// checkPlace checks the count of a member that has a request.
func checkPlace(t *testing.T, g *Group, m *member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if m.busy > m.limit || m.busy < 1 || g.full.has(m) != (m.busy == m.limit) {
		t.Errorf("got %d of %d in flight, full %b", m.busy, m.limit, g.full)
	}
}
