package upstream

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// listening returns a server on each kind of socket.
func listening(t *testing.T, network string, talk func(*peerConn)) (*peer, Config) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "socket")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Skip(err)
	}
	p := &peer{Listener: l, t: t}
	p.serve(talk)
	cfg := testConfig(l.Addr().String())
	cfg.Network = network
	return p, cfg
}

// A request that the socket does not take at once is sent to its end all the
// same, and one that is taken is sent once.
func TestTrips(t *testing.T) {
	body := strings.Repeat("x", smallBody)
	for _, network := range []string{"tcp", "unix"} {
		p, cfg := listening(t, network, func(c *peerConn) {
			for {
				if _, ok := c.request(); !ok {
					return
				}
				c.say(empty)
			}
		})
		c := newTestClient(t, cfg)
		for i := range 3 {
			call := newCall(t, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 16384\r\nX-A: "+strings.Repeat("y", 40_000)+"\r\n\r\n"+body)
			if _, err := call.to(c); err != nil {
				t.Fatal(err)
			}
			cn := c.pool.top
			if got, want := cn.canTrip(), runtime.GOOS != "windows"; got != want {
				t.Errorf("%s: trips are possible: %v, want %v", network, got, want)
			}
			small, _ := cn.socket.NetConn().(interface{ SetWriteBuffer(int) error })
			if err := small.SetWriteBuffer(1); err != nil {
				t.Fatal(err)
			}
			if requests, connections := p.heard(); len(requests) != i+1 || !strings.HasSuffix(requests[i], "y\r\nContent-Length: 16384\r\n\r\n"+body) || connections != 1 {
				t.Errorf("%s: got %d requests on %d connections", network, len(requests), connections)
			}
		}
	}
}

// A trip is bounded, and one that starts under the deadline of another has its
// whole time.
func TestTripTimeouts(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		_, cfg := listening(t, network, func(c *peerConn) {
			c.request()
			c.say(empty)
			c.request()
			c.ended()
		})
		cfg.FirstByteTimeout = 400 * time.Millisecond
		c := newTestClient(t, cfg)
		if _, err := newCall(t, get).to(c); err != nil {
			t.Fatal(err)
		}
		c.pool.top.deadlines.readWithin(100 * time.Millisecond)
		start := time.Now()
		_, err := newCall(t, get).to(c)
		var failure *Error
		if took := time.Since(start); !errors.Is(err, ErrFirstByteTimeout) || !errors.As(err, &failure) || !failure.Sent || took < cfg.FirstByteTimeout || took > 20*cfg.FirstByteTimeout {
			t.Errorf("%s: got %v after %v", network, err, took)
		}
	}
}

// What breaks a trip is told as that of any other exchange is.
func TestBrokenTrips(t *testing.T) {
	f := func(network string, linger bool) {
		t.Helper()
		_, cfg := listening(t, network, func(c *peerConn) {
			c.request()
			if tcp, ok := c.Conn.(*net.TCPConn); ok && linger {
				tcp.SetLinger(0)
			}
		})
		_, err := newCall(t, get).to(newTestClient(t, cfg))
		var failure *Error
		if !errors.As(err, &failure) || failure.Op != OpRead || !failure.Sent || failure.Stale || failure.Timeout {
			t.Errorf("%s: got %v (%+v)", network, err, failure)
		}
	}
	f("tcp", false)
	f("tcp", true)
	f("unix", false)
}

// A server that ends its half of an idle connection and reads on is seen, also
// where that comes between the look and the request: the end is not waited for.
func TestHalfClosedConnections(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		p, cfg := listening(t, network, func(c *peerConn) {
			c.request()
			c.say(empty)
			if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
				half.CloseWrite()
			}
			c.ended()
		})
		cfg.FirstByteTimeout = 20 * time.Second
		c := newTestClient(t, cfg)
		for i := range 3 {
			start := time.Now()
			if _, err := newCall(t, "POST / HTTP/1.1\r\nHost: h\r\n\r\n").to(c); err != nil || time.Since(start) > 5*time.Second {
				t.Fatalf("%s: got %v after %v", network, err, time.Since(start))
			}
			time.Sleep(10 * time.Millisecond) // the end comes
			if requests, connections := p.heard(); len(requests) != i+1 || connections != i+1 || c.Stats().StaleRetries != 0 {
				t.Errorf("%s: got %d requests on %d connections", network, len(requests), connections)
			}
		}
	}
}

// A new connection may begin with an answer, as that of a server which is full
// does; the request still goes out.
func TestServerThatSpeaksFirst(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		p, cfg := listening(t, network, func(c *peerConn) {
			c.say("HTTP/1.1 503 Full\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			c.request()
		})
		c := newTestClient(t, cfg)
		cn, err := c.connect(t.Context(), newCall(t, get).in)
		if err != nil {
			t.Fatal(err)
		}
		await(t, "the answer", func() bool { return !cn.quiet() })
		call := newCall(t, get)
		if _, err := cn.exchange(call.rc, call.in, nil); err != nil || call.rc.Response.StatusCode() != 503 {
			t.Errorf("%s: got %d, %v", network, call.rc.Response.StatusCode(), err)
		}
		await(t, "the request", func() bool { requests, _ := p.heard(); return len(requests) == 1 })
	}
}

// What comes with the head of a long answer is little, and nothing of it gets
// lost where the next answers are of another kind.
func TestAnswersBehindLongOnes(t *testing.T) {
	body := func(n int) string { return strings.Repeat("0123456789", n/10) }
	length := func(n int) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", n, body(n))
	}
	answers := []struct{ raw, body string }{
		{length(100_000), body(100_000)},
		{"HTTP/1.1 200 OK\r\nX-A: " + body(6000) + "\r\nContent-Length: 20\r\n\r\n" + body(20), body(20)},
		{length(40_000), body(40_000)},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1f40\r\n" + body(8000) + "\r\n0\r\n\r\n", body(8000)},
		{length(128 << 10 / 10 * 10), body(128 << 10 / 10 * 10)},
		{length(10_000), body(10_000)},
		{length(300_000), body(300_000)},
		{"HTTP/1.1 304 Not Modified\r\nContent-Length: 50000\r\n\r\n", ""},
		{length(30_000), body(30_000)},
	}
	p := newPeer(t, func(c *peerConn) {
		for _, a := range answers {
			c.request()
			c.say(a.raw)
		}
		c.ended()
	})
	c := p.client()
	for i, a := range answers {
		call := newCall(t, get)
		if _, err := call.to(c); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if got := string(call.rc.Response.Body()); got != a.body {
			t.Errorf("%d: got %d bytes, want %d", i, len(got), len(a.body))
		}
		call.rc.Response.Reset()
	}
	if _, connections := p.heard(); connections != 1 {
		t.Errorf("got %d connections", connections)
	}
}
