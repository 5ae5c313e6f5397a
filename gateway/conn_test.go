package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

func shortLimits() Limits {
	l := testLimits()
	l.HeaderTimeout, l.IdleTimeout = 300*time.Millisecond, 600*time.Millisecond
	return l
}

// endsWithin fails unless the time since start lies between the two.
func endsWithin(t *testing.T, start time.Time, low, high time.Duration) {
	t.Helper()
	if took := time.Since(start); took < low || took > high {
		t.Errorf("got an end after %v, want it between %v and %v", took, low, high)
	}
}

func TestSilentConnectionIsClosedWithoutAnswer(t *testing.T) {
	ts := startServer(t, shortLimits(), newTestRoute(t, "/", say("")))
	start := time.Now()
	if err := ts.dial().ended(); err != nil {
		t.Errorf("got %v, want a clean end", err)
	}
	endsWithin(t, start, 300*time.Millisecond, 5*time.Second)
}

func TestIdleConnectionIsClosed(t *testing.T) {
	ts := startServer(t, shortLimits(), newTestRoute(t, "/", say("")))
	c := ts.dial()
	c.send("GET / HTTP/1.1\r\nHost: h.test\r\n\r\n")
	c.receive("GET")
	start := time.Now()
	if err := c.ended(); err != nil {
		t.Errorf("got %v, want a clean end", err)
	}
	endsWithin(t, start, 500*time.Millisecond, 5*time.Second)
}

// One byte at a time does not extend the time for the header.
func TestSlowHeaderIsAnswered408(t *testing.T) {
	ts := startServer(t, shortLimits(), newTestRoute(t, "/", say("")))
	c := ts.dial()
	start := time.Now()
	stop := make(chan struct{})
	defer close(stop)
	c.send("GET / HTTP/1.1\r\nHost: h.test\r\nX: ")
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				if _, err := io.WriteString(c, "x"); err != nil {
					return
				}
			}
		}
	}()
	got := c.receive("GET")
	if got.StatusCode != 408 || !strings.Contains(got.body, `"code":"client_timeout"`) {
		t.Errorf("got %d %s, want 408", got.StatusCode, got.body)
	}
	endsWithin(t, start, 250*time.Millisecond, 5*time.Second)
}

// A body that takes longer than any timeout, but moves, arrives.
func TestSlowBodyLives(t *testing.T) {
	ts := startServer(t, shortLimits(), newTestRoute(t, "POST /", echo))
	c := ts.dial()
	c.send("POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 16\r\n\r\n")
	for range 16 {
		time.Sleep(60 * time.Millisecond)
		c.send("x")
	}
	if got := c.receive("POST"); got.StatusCode != 200 || len(got.body) != 16 {
		t.Errorf("got %d %q, want 200 and the body", got.StatusCode, got.body)
	}
}

func TestStalledBodyIsAnswered408(t *testing.T) {
	ts := startServer(t, shortLimits(), newTestRoute(t, "POST /", echo))
	f := func(head, part string) {
		t.Helper()
		c := ts.dial()
		start := time.Now()
		c.send("POST /up HTTP/1.1\r\nHost: h.test\r\n" + head + "\r\n\r\n" + part)
		if got := c.receive("POST"); got.StatusCode != 408 || !got.Close {
			t.Errorf("%s: got %d, close %t, want 408 and the end", head, got.StatusCode, got.Close)
		}
		endsWithin(t, start, 250*time.Millisecond, 5*time.Second)
	}
	f("Content-Length: 16", "")
	f("Content-Length: 16", "abc")
	f("Transfer-Encoding: chunked", "")
	f("Transfer-Encoding: chunked", "5\r\nab")
	f("Transfer-Encoding: chunked", "2\r\nab\r\n0\r\n")
}

// A client that never reads is cut off; one that reads slowly gets everything.
func TestSlowReader(t *testing.T) {
	const size = 32 << 20
	limits := shortLimits()
	written := make(chan error, 1)
	ts := startServer(t, limits, newTestRoute(t, "/", func(_ context.Context, rc *fasthttp.RequestCtx) error {
		rc.Response.SetBodyRaw(make([]byte, size))
		return nil
	}))
	ts.public.serve = func(inner func(net.Conn) error) func(net.Conn) error {
		return func(c net.Conn) error {
			err := inner(c)
			written <- err
			return err
		}
	}(ts.public.serve)

	c := ts.dial()
	_ = c.Conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	start := time.Now()
	c.send("GET / HTTP/1.1\r\nHost: h.test\r\nConnection: close\r\n\r\n")
	select {
	case err := <-written:
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("got %v, want a write that timed out", err)
		}
	case <-time.After(15 * time.Second):
		t.Fatal("a client that never reads pins the connection")
	}
	endsWithin(t, start, 500*time.Millisecond, 15*time.Second)

	c = ts.dial()
	_ = c.Conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	c.send("GET / HTTP/1.1\r\nHost: h.test\r\nConnection: close\r\n\r\n")
	start = time.Now()
	total, buf := 0, make([]byte, 1<<20)
	for {
		n, err := c.Read(buf)
		total += n
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("after %d bytes: %v", total, err)
		}
		if time.Since(start) < 2*time.Second {
			time.Sleep(50 * time.Millisecond)
		}
	}
	if total < size {
		t.Errorf("got %d bytes, want all %d", total, size)
	}
	if err := <-written; err != nil {
		t.Errorf("got %v, want a complete answer", err)
	}
}

// The answer to a request that is refused early must survive what the client
// is still sending: no reset in front of it.
func TestRefusalReachesClientThatStillSends(t *testing.T) {
	rt := newTestRoute(t, "POST /", echo)
	rt.bodyBytes = 1 << 10
	ts := startServer(t, testLimits(), rt)
	for range 20 {
		c := ts.dial()
		c.send("POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 1000000\r\n\r\n")
		c.send(strings.Repeat("x", 300_000))
		if got := c.receive("POST"); got.StatusCode != 413 {
			t.Fatalf("got %d, want 413", got.StatusCode)
		}
		if err := c.ended(); err != nil {
			t.Fatalf("got %v, want a clean end", err)
		}
		c.Close()
	}
}

func TestConnectionsOverTheLimit(t *testing.T) {
	limits := testLimits()
	limits.Connections = 2
	ts := startServer(t, limits, newTestRoute(t, "/", say("in")))
	const get = "GET / HTTP/1.1\r\nHost: h.test\r\n\r\n"
	var kept []*client
	for range 2 {
		c := ts.dial()
		c.send(get)
		c.receive("GET")
		kept = append(kept, c)
	}
	c := ts.dial()
	c.send(get)
	got := c.receive("GET")
	if got.StatusCode != 503 || got.Header.Get("Retry-After") == "" || !strings.Contains(got.body, "too_many_connections") {
		t.Errorf("got %d %s, want 503 too_many_connections with Retry-After", got.StatusCode, got.body)
	}
	if err := c.ended(); err != nil {
		t.Errorf("got %v, want the surplus connection closed", err)
	}
	c.Close()
	kept[0].send(get)
	if got := kept[0].receive("GET"); got.StatusCode != 200 {
		t.Errorf("got %d on a kept connection, want 200", got.StatusCode)
	}
	kept[1].Close()
	for start := time.Now(); ; {
		c := ts.dial()
		c.send(get)
		if c.receive("GET").StatusCode == 200 {
			return
		}
		c.Close()
		if time.Since(start) > 10*time.Second {
			t.Fatal("a freed place was never given to another")
		}
	}
}

// partConn takes a part of what is written once its deadline has passed.
type partConn struct {
	net.Conn
	begun, stopped chan struct{}
	writes         int
}

func (c *partConn) SetWriteDeadline(t time.Time) error {
	if t.Before(time.Now()) {
		close(c.stopped)
	}
	return nil
}

func (c *partConn) Write(b []byte) (int, error) {
	c.writes++
	close(c.begun)
	<-c.stopped
	return 3, os.ErrDeadlineExceeded
}

// A write that is stopped when a part of it has gone out ends, and none follows.
func TestWritesAreStopped(t *testing.T) {
	inner := &partConn{begun: make(chan struct{}), stopped: make(chan struct{})}
	c := &conn{Conn: inner, owner: &acceptor{limits: testLimits()}}
	ended := make(chan error, 1)
	go func() {
		n, err := c.Write([]byte("hello, world"))
		if n != 3 {
			t.Errorf("got %d bytes written, want 3", n)
		}
		ended <- err
	}()
	<-inner.begun
	if err := c.SetWriteDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
	if _, err := c.Write([]byte("more")); !errors.Is(err, os.ErrDeadlineExceeded) || inner.writes > 1 {
		t.Errorf("got %v and %d writes, want one at most", err, inner.writes)
	}
}
