package backends

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"zerohop/backends/upstream"
)

var errCause = errors.New("cause")

// What is tried again where, by the kind of failure, the method and the
// configuration.
func TestRetries(t *testing.T) {
	refused := &upstream.Error{Op: upstream.OpConnect, Err: errCause}
	broken := &upstream.Error{Op: upstream.OpRead, Sent: true, Err: errCause}
	malformed := &upstream.Error{Op: upstream.OpHead, Sent: true, Err: errCause}
	slow := &upstream.Error{Op: upstream.OpRead, Sent: true, Timeout: true, Err: errCause}
	slowConnect := &upstream.Error{Op: upstream.OpConnect, Timeout: true, Err: errCause}
	halfSent := &upstream.Error{Op: upstream.OpSend, Sent: true, BodyTaken: true, Err: errCause}
	f := func(method, retry string, failure error, wantAsked int, want error) {
		t.Helper()
		cfg := servers(3)
		cfg.Retry = strings.Fields(retry)
		g, fakes := newFakeGroup(t, cfg)
		for _, s := range fakes {
			s.answer = func(*fasthttp.RequestCtx) error { return failure }
		}
		got := g.Serve(newInbound(), newRequest(method), nil)
		if asked(fakes) != wantAsked || !errors.Is(got, want) || !errors.Is(got, errCause) {
			t.Errorf("%s, retry %q, %v: got %d asked and %v, want %d and %v", method, retry, failure, asked(fakes), got, wantAsked, want)
		}
		if st := g.Stats(); int(st.Retries) != wantAsked-1 || inFlight(g) != 0 {
			t.Errorf("%s, retry %q, %v: got %d retries and %d in flight", method, retry, failure, st.Retries, inFlight(g))
		}
	}
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"} {
		f(method, "error", broken, 3, ErrBadGateway)
	}
	for _, method := range []string{"POST", "PATCH", "LOCK", "get"} {
		f(method, "error", broken, 1, ErrBadGateway)
		f(method, "error", refused, 3, ErrBadGateway)
		f(method, "error non_idempotent", broken, 3, ErrBadGateway)
		f(method, "error timeout", slow, 1, ErrTimeout)
	}
	f("GET", "", broken, 1, ErrBadGateway)
	f("GET", "timeout", broken, 1, ErrBadGateway)
	f("GET", "error", malformed, 3, ErrBadGateway)
	f("GET", "error", slow, 1, ErrTimeout)
	f("GET", "error", slowConnect, 1, ErrTimeout)
	f("GET", "error timeout", slow, 3, ErrTimeout)
	f("PUT", "error", halfSent, 1, ErrBadGateway)
	f("PUT", "error non_idempotent", halfSent, 1, ErrBadGateway)
}

func asked(fakes []*fakeServer) (n int) {
	for _, s := range fakes {
		if s != nil {
			n += s.asked
		}
	}
	return n
}

func inFlight(g *Group) (n int) {
	for _, m := range g.Stats().Members {
		n += m.Busy
	}
	return n
}

// What is the client's own doing is neither tried again nor counted.
func TestClientsFaultCountsAgainstNobody(t *testing.T) {
	f := func(failure, want error) {
		t.Helper()
		g, fakes := newFakeGroup(t, servers(2))
		for _, s := range fakes {
			s.answer = func(*fasthttp.RequestCtx) error { return failure }
		}
		got := g.Serve(newInbound(), newRequest("GET"), nil)
		if !errors.Is(got, want) || errors.Is(got, ErrBadGateway) || asked(fakes) != 1 {
			t.Errorf("got %v and %d asked, want %v and one", got, asked(fakes), want)
		}
		for _, m := range g.Stats().Members {
			if m.Failures != 0 || m.State != StateUp || m.Busy != 0 {
				t.Errorf("got %+v, want no failure", m)
			}
		}
	}
	f(&upstream.Error{Op: upstream.OpRead, Sent: true, Err: context.Canceled}, context.Canceled)
	f(&upstream.Error{Op: upstream.OpClient, Err: errCause}, errCause)
	f(&upstream.Error{Op: upstream.OpConnect, Err: upstream.ErrClosed}, ErrClosed)
}

// A status that is listed has the next member asked, and the last answer is
// passed on as it is.
func TestRetryOfStatuses(t *testing.T) {
	f := func(method, retry string, limit int, statuses []int, wantStatus, wantAsked int, wantFailures uint64) {
		t.Helper()
		cfg := servers(len(statuses))
		cfg.Balance, cfg.Retry, cfg.RetryLimit = balanceSmoothWRR, strings.Fields(retry), limit
		g, fakes := newFakeGroup(t, cfg)
		for i, s := range fakes {
			s.answer = func(rc *fasthttp.RequestCtx) error {
				rc.SetStatusCode(statuses[i])
				return nil
			}
		}
		rc := newRequest(method)
		if err := g.Serve(newInbound(), rc, nil); err != nil {
			t.Fatal(err)
		}
		var failures uint64
		for _, m := range g.Stats().Members {
			failures += m.Failures
		}
		if got := rc.Response.StatusCode(); got != wantStatus || asked(fakes) != wantAsked || failures != wantFailures {
			t.Errorf("%s %q %v: got %d, %d asked, %d failures, want %d, %d and %d", method, retry, statuses,
				got, asked(fakes), failures, wantStatus, wantAsked, wantFailures)
		}
	}
	f("GET", "error", 0, []int{503, 200}, 503, 1, 0)
	f("GET", "503", 0, []int{503, 200}, 200, 2, 1)
	f("GET", "503", 0, []int{503, 503}, 503, 2, 1)
	f("GET", "503", 0, []int{502, 200}, 502, 1, 0)
	f("GET", "404", 0, []int{404, 404, 200}, 200, 3, 0)
	f("GET", "503", 2, []int{503, 503, 200}, 503, 2, 1)
	f("POST", "503", 0, []int{503, 200}, 503, 1, 0)
	f("POST", "503 non_idempotent", 0, []int{503, 200}, 200, 2, 1)
	f("GET", "503", 0, []int{503}, 503, 1, 0)
}

// An answer is not given up for another where the request cannot be sent again.
func TestStatusOfAnUploadIsPassedOn(t *testing.T) {
	cfg := servers(2)
	cfg.Retry = []string{"503"}
	g, fakes := newFakeGroup(t, cfg)
	for _, s := range fakes {
		s.answer = func(rc *fasthttp.RequestCtx) error {
			rc.SetStatusCode(503)
			return nil
		}
	}
	in, rc := newInbound(), newRequest("PUT")
	in.rest = strings.NewReader("much")
	if err := g.Serve(in, rc, nil); err != nil || rc.Response.StatusCode() != 503 || asked(fakes) != 1 {
		t.Errorf("got %v, %d, %d asked, want 503 of one", err, rc.Response.StatusCode(), asked(fakes))
	}
}

// The members that there were may be gone by the time an answer has turned out
// to be unwanted: then the same one is asked again, for what it says.
func TestStatusWithNobodyLeft(t *testing.T) {
	cfg := servers(2)
	cfg.Balance, cfg.Retry = balanceSmoothWRR, []string{"503"}
	g, fakes := newFakeGroup(t, cfg)
	fakes[0].answer = func(rc *fasthttp.RequestCtx) error {
		g.full |= g.members[1].bit
		rc.SetStatusCode(503)
		return nil
	}
	rc := newRequest("GET")
	err := g.Serve(newInbound(), rc, nil)
	if got := rc.Response.StatusCode(); err != nil || got != 503 || fakes[0].asked != 2 || inFlight(g) != 0 {
		t.Errorf("got %v, %d, %d asked, %d in flight, want 503 of two", err, got, fakes[0].asked, inFlight(g))
	}
}

func TestRetryLimit(t *testing.T) {
	f := func(limit, want int) {
		t.Helper()
		cfg := servers(4)
		cfg.RetryLimit = limit
		g, fakes := newFakeGroup(t, cfg)
		for _, s := range fakes {
			s.answer = func(*fasthttp.RequestCtx) error { return &upstream.Error{Op: upstream.OpConnect, Err: errCause} }
		}
		g.Serve(newInbound(), newRequest("GET"), nil)
		if got := asked(fakes); got != want {
			t.Errorf("limit %d: got %d asked, want %d", limit, got, want)
		}
	}
	f(0, 4)
	f(1, 1)
	f(3, 3)
	f(9, 4)
}

// A request goes to another member only as long as no handler has begun.
func TestHandlerIsNeverRepeated(t *testing.T) {
	f := func(serverFails bool, wantRuns int) {
		t.Helper()
		cfg := servers(1)
		cfg.Balance = balanceSmoothWRR
		cfg.Members = append(cfg.Members, MemberConfig{Workers: 1, Weight: 1}, MemberConfig{Weight: 1})
		if !serverFails {
			cfg.Members[1].Weight = 9 // the pool comes first
		}
		g, fakes := newFakeGroup(t, cfg)
		for _, s := range []*fakeServer{fakes[0], fakes[2]} {
			s.answer = func(*fasthttp.RequestCtx) error { return &upstream.Error{Op: upstream.OpConnect, Err: errCause} }
		}
		runs, failure := 0, errors.New("statement broke")
		g.failed = func(err error) bool { return errors.Is(err, failure) }
		err := g.Serve(newInbound(), newRequest("GET"), func(context.Context, *fasthttp.RequestCtx) error {
			runs++
			return failure
		})
		if !errors.Is(err, failure) || runs != 1 || (asked(fakes) > 0) != serverFails {
			t.Errorf("got %v, %d runs, %d asked", err, runs, asked(fakes))
		}
		if m := g.Stats().Members[1]; m.Failures != 1 || m.LastError != failure.Error() || m.LastErrorAt.IsZero() {
			t.Errorf("got %+v, want the failure", m)
		}
	}
	f(true, 1)
	f(false, 1)
}

// A route without a handler is for servers alone.
func TestRouteWithoutHandler(t *testing.T) {
	cfg := servers(1)
	cfg.Members = append(cfg.Members, MemberConfig{Workers: 8, Weight: 1000})
	g, fakes := newFakeGroup(t, cfg)
	for range 20 {
		if err := g.Serve(newInbound(), newRequest("GET"), nil); err != nil {
			t.Fatal(err)
		}
	}
	if fakes[0].asked != 20 {
		t.Errorf("got %d asked, want 20", fakes[0].asked)
	}
	pool := newTestGroup(t, 1, 0)
	if err := pool.Serve(context.Background(), newRequest("GET"), nil); !errors.Is(err, ErrDown) {
		t.Errorf("got %v, want %v", err, ErrDown)
	}
}

// A panic costs no place.
func TestPanicOfAServerFreesThePlace(t *testing.T) {
	g, fakes := newFakeGroup(t, servers(2))
	for _, s := range fakes {
		s.answer = func(*fasthttp.RequestCtx) error { panic("server") }
	}
	func() {
		defer func() { recover() }()
		g.Serve(newInbound(), newRequest("GET"), nil)
	}()
	if got := inFlight(g); got != 0 {
		t.Errorf("got %d in flight, want none", got)
	}
}

// Five of a hundred requests in this process, the others at a server.
func TestMixedShares(t *testing.T) {
	for _, balance := range []string{balanceSmoothWRR, balanceLeastBusy} {
		cfg := servers(1)
		cfg.Balance = balance
		cfg.Members[0].Weight = 95
		cfg.Members = append(cfg.Members, MemberConfig{Workers: 8, Weight: 5})
		g, fakes := newFakeGroup(t, cfg)
		inside := 0
		for range 10_000 {
			g.Serve(newInbound(), newRequest("GET"), func(context.Context, *fasthttp.RequestCtx) error {
				inside++
				return nil
			})
		}
		if asked(fakes)+inside != 10_000 || inside < 400 || inside > 600 {
			t.Errorf("%s: got %d inside and %d outside, want about 500 and the rest", balance, inside, asked(fakes))
		}
	}
}

func ExampleConfig_Validate() {
	cfg := Pool(32, 64)
	cfg.Members[0].URL = "http://127.0.0.1:8000/app"
	for _, fault := range cfg.Validate() {
		fmt.Println(fault)
	}
	// Output: members[0]: both url and workers (a member is one or the other: make it two)
}

// A failure that another member makes good is told all the same.
func TestFailOverIsTold(t *testing.T) {
	cfg := servers(2)
	cfg.Balance = balanceSmoothWRR
	g, fakes := newFakeGroup(t, cfg)
	failing(fakes[0])
	var told []Turn
	g.turned = func(turn Turn) { told = append(told, turn) }
	if err := get(g); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || told[0].State != StateFailing || !errors.Is(told[0].Err, errCause) {
		t.Errorf("got %+v, want one failing", told)
	}
}
