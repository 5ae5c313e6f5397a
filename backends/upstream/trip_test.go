package upstream

import (
	"errors"
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
			if got, want := cn.trips(), runtime.GOOS != "windows"; got != want {
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
