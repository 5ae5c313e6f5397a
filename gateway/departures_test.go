package gateway

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/backends"
	"zerohop/sqlapi"
)

// needDepartures skips where the system does not tell who has left.
func needDepartures(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells that a client has left without reading")
	}
}

// untilLeft is a handler that says when it begins, and ends with its context.
func untilLeft(entered chan<- struct{}) backends.Handler {
	return func(ctx context.Context, _ *fasthttp.RequestCtx) error {
		entered <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}
}

// leave ends a connection in one of the ways that a client has.
var leave = map[string]func(*client){
	"close": func(c *client) { c.Close() },
	"reset": func(c *client) {
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		c.Close()
	},
	"half": func(c *client) { _ = c.Conn.(interface{ CloseWrite() error }).CloseWrite() },
	"behind a pipelined request": func(c *client) {
		c.send(plainGet)
		c.Close()
	},
}

// However a client leaves, and over whatever it came: its request ends within
// a second, and is logged as 499. Nothing is sent.
func TestDepartureEndsTheRequest(t *testing.T) {
	needDepartures(t)
	entered := make(chan struct{}, 1)
	cfg := &Config{
		Listen: []string{"127.0.0.1:0", "unix:" + filepath.Join(t.TempDir(), "zh.sock")},
		Limits: testLimits(), SocketMode: "0600",
	}
	ts := serveConfig(t, cfg, newTestRoute(t, "/", untilLeft(entered)))
	want := 0
	for name, left := range leave {
		for _, addr := range ts.Addrs() {
			c := dial(t, addr)
			c.send(plainGet)
			<-entered
			began := time.Now()
			left(c)
			want++
			for ts.public.open.Load() > 0 {
				if time.Since(began) > 5*time.Second {
					t.Fatalf("%s over %s: the request goes on", name, addr.Network())
				}
				time.Sleep(time.Millisecond)
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("%s over %s: got the end after %v, want a second at most", name, addr.Network(), took)
			}
			if name == "half" {
				if err := c.ended(); err != nil {
					t.Errorf("over %s: got %v, want nothing but the end", addr.Network(), err)
				}
			}
		}
	}
	if got := strings.Count(ts.flushed(), `"GET / HTTP/1.1" 499 0 "-" "-"`); got != want {
		t.Errorf("got %d lines with 499 and no bytes, want %d:\n%s", got, want, ts.access.String())
	}
}

// Who half-closes behind a quick request gets its answer, and who is only slow
// is left alone.
func TestDepartureLeavesOthersAlone(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "/", func(ctx context.Context, rc *fasthttp.RequestCtx) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(4 * patience):
		}
		rc.SetBodyString("slow")
		return nil
	}), newTestRoute(t, "/quick", say("quick")))
	c := ts.dial()
	for range 2 {
		c.send(plainGet)
		if got := c.receive("GET"); got.StatusCode != 200 || got.body != "slow" {
			t.Errorf("got %d %s, want 200", got.StatusCode, got.body)
		}
		time.Sleep(2 * patience)
	}
	c.send(plainGet + plainGet) // what is pipelined is no departure
	for range 2 {
		if got := c.receive("GET"); got.StatusCode != 200 {
			t.Errorf("got %d, want 200", got.StatusCode)
		}
	}
	c.send("GET /quick HTTP/1.1\r\nHost: h.test\r\n\r\n")
	leave["half"](c)
	if got := c.receive("GET"); got.body != "quick" {
		t.Errorf("got %d %s, want the answer", got.StatusCode, got.body)
	}
}

// A handler that has its answer in spite of the departure sends it: somebody
// who has closed one half only may still read.
func TestDepartureDoesNotTakeAnAnswer(t *testing.T) {
	needDepartures(t)
	ts := startServer(t, testLimits(), newTestRoute(t, "/", func(ctx context.Context, rc *fasthttp.RequestCtx) error {
		<-ctx.Done()
		rc.SetBodyString("done")
		return nil
	}))
	c := ts.dial()
	c.send(plainGet)
	leave["half"](c)
	if got := c.receive("GET"); got.StatusCode != 200 || got.body != "done" {
		t.Errorf("got %d %s, want the answer", got.StatusCode, got.body)
	}
}

// Waiting for a worker ends as well, and its place in the queue is free.
func TestDepartureEndsTheWaitForAWorker(t *testing.T) {
	needDepartures(t)
	g, err := backends.NewGroup("few", backends.Pool(1, 1), backends.Options{})
	if err != nil {
		t.Fatal(err)
	}
	entered, release := make(chan struct{}, 2), make(chan struct{})
	rt := newTestRoute(t, "/", func(_ context.Context, rc *fasthttp.RequestCtx) error {
		entered <- struct{}{}
		<-release
		rc.SetBodyString("in")
		return nil
	})
	rt.group = g
	ts := startServer(t, testLimits(), rt)
	letGo := sync.OnceFunc(func() { close(release) })
	t.Cleanup(letGo)
	awaitWaiting := func(want int) {
		t.Helper()
		for began := time.Now(); g.Stats().Members[0].Waiting != want; time.Sleep(time.Millisecond) {
			if time.Since(began) > 5*time.Second {
				t.Fatalf("got %d requests that wait for a worker, want %d", g.Stats().Members[0].Waiting, want)
			}
		}
	}
	first := ts.dial()
	first.send(plainGet)
	<-entered
	waiting := ts.dial()
	waiting.send(plainGet)
	awaitWaiting(1)
	waiting.Close()
	awaitWaiting(0)
	next := ts.dial()
	next.send(plainGet)
	awaitWaiting(1)
	letGo()
	for _, c := range []*client{first, next} {
		if got := c.receive("GET"); got.StatusCode != 200 {
			t.Errorf("got %d, want 200", got.StatusCode)
		}
	}
	if got := ts.flushed(); strings.Count(got, `" 499 0 `) != 1 {
		t.Errorf("got the access log\n%s\nwant one 499", got)
	}
}

// A thousand slow requests are watched; those that leave end, the others stay.
func TestDepartureAmongMany(t *testing.T) {
	needDepartures(t)
	const many = 1000
	limits := testLimits()
	limits.Connections = many
	entered := make(chan struct{}, many)
	ts := startServer(t, limits, newTestRoute(t, "/", untilLeft(entered)))
	clients := make([]*client, many)
	for i := range clients {
		clients[i] = ts.dial()
		clients[i].send(plainGet)
		<-entered
	}
	time.Sleep(patience)
	began := time.Now()
	for _, c := range clients[:many/2] {
		c.Close()
	}
	for ts.public.open.Load() > many/2 {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("got %d connections, want %d", ts.public.open.Load(), many/2)
		}
		time.Sleep(time.Millisecond)
	}
	time.Sleep(2 * lookPauseBound)
	if got := ts.public.open.Load(); got != many/2 {
		t.Errorf("got %d connections, want the %d that have not left", got, many/2)
	}
}

// Nobody looks while there is nothing to look for.
func TestDeparturesRest(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "/", say("quick")))
	c := ts.dial()
	for began := time.Now(); ; time.Sleep(patience / 10) {
		c.send(plainGet)
		c.receive("GET")
		if time.Since(began) > 2*patience {
			break
		}
	}
	d := ts.departures
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		_, busy := d.takeSlow(nil, time.Now())
		if !d.awake.Load() && !busy {
			break
		}
		if time.Since(began) > 5*time.Second {
			t.Fatalf("awake %t, busy %t: want it to rest", d.awake.Load(), busy)
		}
	}
}

// A connection that has ended is forgotten, and takes its neighbours along
// neither from the front of the list nor from within.
func TestDeparturesForgetConnections(t *testing.T) {
	var pool scopes
	d := newDepartures()
	conns := []*conn{{}, {}, {}, {}}
	for _, c := range conns {
		s := pool.get(c, time.Now())
		d.add(s)
		d.remove(s)
	}
	known := func() (found []*conn) {
		for c := d.conns; c != nil; c = c.watch.older {
			found = append(found, c)
		}
		return found
	}
	f := func(gone *conn, want ...*conn) {
		t.Helper()
		gone.unwatched()
		if got := known(); !slices.Equal(got, want) {
			t.Errorf("got %p, want %p", got, want)
		}
	}
	f(&conn{}, conns[3], conns[2], conns[1], conns[0]) // it has had no request
	f(conns[1], conns[3], conns[2], conns[0])
	f(conns[3], conns[2], conns[0])
	f(conns[0], conns[2])
	f(conns[2])

	ts := startServer(t, testLimits(), newTestRoute(t, "/", say("in")))
	for range 10 {
		ts.get("/")
	}
	_ = ts.flushed()
	if ts.departures.conns != nil {
		t.Error("got connections that have ended")
	}
}

// A request that begins while the goroutine falls asleep keeps it awake; one
// that begins later wakes it.
func TestDeparturesMissNobody(t *testing.T) {
	var pool scopes
	d := newDepartures()
	s := pool.get(&conn{}, time.Now())
	f := func(what string, awake bool, woken int) {
		t.Helper()
		if d.awake.Load() != awake || len(d.wake) != woken {
			t.Errorf("%s: got awake %t, woken %d times, want %t, %d", what, d.awake.Load(), len(d.wake), awake, woken)
		}
	}
	d.awake.Store(true)
	d.add(s)
	d.rest()
	f("a request in between", true, 0)
	d.remove(s)
	d.rest()
	f("no request", false, 0)
	d.add(s)
	f("a request then", true, 1)
}

// Requests begin, end and are abandoned at the same time: one that is abandoned
// is never another's, though they all have their scopes from one pool.
func TestDeparturesAreRaceFree(t *testing.T) {
	d := newDepartures()
	d.start()
	defer d.close()
	var pool scopes
	var group sync.WaitGroup
	for i := range 8 {
		c, leaves := &conn{}, i%2 == 0
		stop := make(chan struct{})
		group.Go(func() {
			defer c.unwatched()
			defer close(stop)
			for range 3000 {
				s := pool.get(c, time.Now().Add(-patience))
				d.add(s)
				a := &strictAborter{t: t}
				s.Running(a)
				s.Running(nil)
				a.over.Store(true)
				d.remove(s)
				if s.abandoned() && !leaves {
					t.Error("abandoned the request of a client that has not left")
				}
				pool.put(s)
			}
		})
		if !leaves {
			continue
		}
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					d.abandon(c)
				}
			}
		})
	}
	group.Wait()
	if _, busy := d.takeSlow(nil, time.Now()); busy || d.conns != nil {
		t.Error("got requests on the list, want none")
	}
}

// strictAborter must not be aborted once it is over.
type strictAborter struct {
	t    *testing.T
	over atomic.Bool
}

func (a *strictAborter) Abort() {
	if a.over.Load() {
		a.t.Error("aborted what was over")
	}
}

// abortCounter counts how often it is aborted.
type abortCounter struct{ n *atomic.Int64 }

func (a abortCounter) Abort() { a.n.Add(1) }

func TestScopeAbandon(t *testing.T) {
	pool, s := newTestScope(t, time.Hour)
	var aborted atomic.Int64
	request := s.Value(sqlapi.AbandonKey).(sqlapi.Abandonable)
	if !request.Running(abortCounter{&aborted}) {
		t.Error("got an unwanted request, want it wanted")
	}
	done := s.Done()
	s.abandon()
	s.abandon()
	<-done
	if err := s.Err(); !errors.Is(err, context.Canceled) || !s.abandoned() || aborted.Load() != 1 {
		t.Errorf("got %v, abandoned %t, aborted %d times", err, s.abandoned(), aborted.Load())
	}
	if request.Running(nil) {
		t.Error("got a wanted request, want it abandoned")
	}
	pool.put(s)

	pool, s = newTestScope(t, time.Hour)
	s.Running(abortCounter{&aborted})
	s.abandon()
	pool.put(s)
	if s.left || s.running != nil {
		t.Error("got something of the abandoned request in its scope")
	}

	// One whose time is up ends for that reason.
	_, s = newTestScope(t, -time.Second)
	_ = s.Err()
	s.abandon()
	if err := s.Err(); !errors.Is(err, context.DeadlineExceeded) || s.abandoned() {
		t.Errorf("got %v, abandoned %t, want the deadline to stay", err, s.abandoned())
	}
}

func BenchmarkLook(b *testing.B) {
	needDepartures(b)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	out, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	in, err := ln.Accept()
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close()
	c := &conn{Conn: in}
	for b.Loop() {
		if c.hasLeft() {
			b.Fatal("nobody has left")
		}
	}
}

// BenchmarkDepartures is what each request costs, on one connection a goroutine.
func BenchmarkDepartures(b *testing.B) {
	d := newDepartures()
	b.RunParallel(func(pb *testing.PB) {
		s := &scope{client: &conn{}, start: time.Now()}
		for pb.Next() {
			d.add(s)
			d.remove(s)
		}
	})
}

// BenchmarkTakeSlow is what the goroutine does, ten times a second, while there
// are requests: here among 10,000 connections that are silent.
func BenchmarkTakeSlow(b *testing.B) {
	d := newDepartures()
	for range 10_000 {
		s := &scope{client: &conn{}, start: time.Now()}
		d.add(s)
		d.remove(s)
	}
	for b.Loop() {
		d.takeSlow(nil, time.Now())
	}
}
