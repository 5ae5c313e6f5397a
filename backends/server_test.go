package backends

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"
)

// httpServer is a real server on the loopback interface.
type httpServer struct {
	url      string
	asked    atomic.Int64
	listener net.Listener
	serving  sync.WaitGroup

	mu      sync.Mutex
	conns   []net.Conn
	stopped bool
}

// startHTTP starts a server, which ends with the test.
func startHTTP(t *testing.T, answer fasthttp.RequestHandler) *httpServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &httpServer{url: "http://" + l.Addr().String(), listener: l}
	server := &fasthttp.Server{Handler: func(rc *fasthttp.RequestCtx) {
		s.asked.Add(1)
		answer(rc)
	}}
	s.serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if s.keep(conn) {
				s.serving.Go(func() { server.ServeConn(conn) })
			}
		}
	})
	t.Cleanup(s.kill)
	return s
}

func (s *httpServer) keep(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		conn.Close()
		return false
	}
	s.conns = append(s.conns, conn)
	return true
}

// kill ends the server as the end of its process would.
func (s *httpServer) kill() {
	s.listener.Close()
	s.mu.Lock()
	s.stopped = true
	for _, conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.serving.Wait()
}

// startGroup returns a group that is closed with the test.
func startGroup(t *testing.T, cfg Config) *Group {
	t.Helper()
	g, err := NewGroup("servers", cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	g.Start()
	t.Cleanup(g.Close)
	return g
}

func newGet() *fasthttp.RequestCtx {
	rc := newRequest("GET")
	rc.Request.SetRequestURI("/")
	rc.Request.Header.SetHost("example.org")
	return rc
}

func pong(rc *fasthttp.RequestCtx) { rc.SetBodyString("pong") }

// Five of a hundred requests run in this process, the others at a server: a
// route moves from one to the other by weight.
func TestMixedGroup(t *testing.T) {
	s := startHTTP(t, pong)
	cfg := Pool(8, 0)
	cfg.Balance = balanceSmoothWRR
	cfg.Members[0].Weight = 5
	cfg.Members = append(cfg.Members, MemberConfig{URL: s.url, Weight: 95})
	g := startGroup(t, cfg)
	inside := 0
	for range 200 {
		rc := newGet()
		err := g.Serve(newInbound(), rc, func(_ context.Context, rc *fasthttp.RequestCtx) error {
			inside++
			pong(rc)
			return nil
		})
		if got := string(rc.Response.Body()); err != nil || got != "pong" {
			t.Fatalf("got %q and %v", got, err)
		}
	}
	if got := s.asked.Load(); inside != 10 || got != 190 {
		t.Errorf("got %d inside and %d outside, want 10 and 190", inside, got)
	}
}

// A server that goes away costs no request that may be repeated, and gets
// some again when it is back.
func TestServerLostUnderLoad(t *testing.T) {
	first, second := startHTTP(t, pong), startHTTP(t, pong)
	cfg := servers(2)
	cfg.Members[0].URL, cfg.Members[1].URL = first.url, second.url
	cfg.RetryBudget = 100
	g := startGroup(t, cfg)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 300 {
				rc := newGet()
				if err := g.Serve(newInbound(), rc, nil); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for first.asked.Load() < 50 {
		time.Sleep(time.Millisecond)
	}
	first.kill()
	wg.Wait()
	st := g.Stats()
	if inFlight(g) != 0 || first.asked.Load()+second.asked.Load() < 2400 || st.Members[0].State != StateFailing {
		t.Errorf("got %+v", st)
	}
}

// The place at a member is taken until the last byte of a streamed answer.
func TestStreamKeepsItsPlace(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	s := startHTTP(t, func(rc *fasthttp.RequestCtx) {
		rc.SetBodyStreamWriter(func(w *bufio.Writer) { w.Write(body) })
	})
	cfg := servers(1)
	cfg.Members[0].URL = s.url
	g := startGroup(t, cfg)
	rc := newGet()
	if err := g.Serve(newInbound(), rc, nil); err != nil {
		t.Fatal(err)
	}
	stream := rc.Response.BodyStream()
	if stream == nil {
		t.Fatal("got a complete answer, want a stream")
	}
	if got := inFlight(g); got != 1 {
		t.Errorf("got %d in flight, want the stream", got)
	}
	got, err := io.ReadAll(stream)
	if err != nil || !bytes.Equal(got, body) {
		t.Errorf("got %d bytes and %v, want %d", len(got), err, len(body))
	}
	rc.Response.CloseBodyStream()
	if got := inFlight(g); got != 0 {
		t.Errorf("got %d in flight, want none", got)
	}
}

// Checks find a server that does not answer well, and one that does again.
func TestServerIsChecked(t *testing.T) {
	var healthy atomic.Bool
	s := startHTTP(t, func(rc *fasthttp.RequestCtx) {
		if !healthy.Load() {
			rc.SetStatusCode(500)
		}
	})
	cfg := servers(1)
	cfg.Members[0].URL = s.url
	cfg.Health = &HealthConfig{}
	cfg.Health.SetDefaults()
	cfg.Health.Path, cfg.Health.Every = "/health", 5*time.Millisecond
	g := startGroup(t, cfg)
	await := func(state string) {
		t.Helper()
		for began := time.Now(); g.Stats().Members[0].State != state; time.Sleep(time.Millisecond) {
			if time.Since(began) > 10*time.Second {
				t.Fatalf("got %+v, want it %s", g.Stats().Members[0], state)
			}
		}
	}
	await(StateDown)
	healthy.Store(true)
	await(StateUp)
	if m := g.Stats().Members[0]; m.Checks < 4 || m.CheckFailures < 2 || m.Requests != 0 {
		t.Errorf("got %+v", m)
	}
}

// What a member has run into is said once, and names the status where it was one.
func TestLastErrors(t *testing.T) {
	busy := startHTTP(t, func(rc *fasthttp.RequestCtx) { rc.SetStatusCode(503) })
	dead := startHTTP(t, pong)
	dead.kill()
	cfg := servers(3)
	cfg.Balance, cfg.Retry = balanceSmoothWRR, []string{"error", "503"}
	cfg.Members[0].URL, cfg.Members[1].URL, cfg.Members[2].URL = busy.url, dead.url, startHTTP(t, pong).url
	g := startGroup(t, cfg)
	if err := get(g); err != nil {
		t.Fatal(err)
	}
	f := func(i int, want string) {
		t.Helper()
		if got := g.Stats().Members[i].LastError; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(0, "answered 503")
	f(1, "dial tcp "+strings.TrimPrefix(dead.url, "http://")+": connect: connection refused")
	f(2, "")
}

// Who finds no place is told in which group, and whether it waited.
func TestFullGroupNamesItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := func(queue int, want string) {
			t.Helper()
			cfg := queueing(1, queue)
			if queue == 0 {
				cfg.Wait = 0
			}
			b := newBusyGroup(t, cfg)
			b.ask(newInbound(), "first", nil)
			got := b.Serve(newInbound(), newRequest("GET"), nil)
			if !errors.Is(got, ErrFull) || got.Error() != want {
				t.Errorf("got %v, want %s", got, want)
			}
			b.free(0)
		}
		f(0, "group fake: no place to wait: every member is busy")
		f(1, "group fake: no place within 1s: every member is busy")
	})
}
