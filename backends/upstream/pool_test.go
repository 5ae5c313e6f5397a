package upstream

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

// await waits until a condition holds that another goroutine brings about.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for start := time.Now(); !condition(); time.Sleep(time.Millisecond) {
		if time.Since(start) > 10*time.Second {
			t.Fatal("waited in vain for " + what)
		}
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	p := always(t, empty)
	c := p.client()
	for range 10 {
		if _, err := newCall(t, get).to(c); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := c.Stats(), (Stats{Connections: 1, Idle: 1, Connects: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPoolIsBoundedAndLastInFirstOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{Idle: 2, IdleTimeout: time.Minute, HeaderBytes: 100})
		conns := make([]*conn, 3)
		for i := range conns {
			near, far := net.Pipe()
			defer far.Close()
			conns[i] = newConn(c, near)
			conns[i].release(true)
		}
		if got := c.Stats(); got.Idle != 2 || got.Connections != 2 {
			t.Errorf("got %+v, want 2 kept", got)
		}
		if got := c.pool.take(false); got != conns[2] {
			t.Error("got another one than the last")
		}
		conns[2].release(true)
		time.Sleep(30 * time.Second)
		c.pool.take(false).release(true)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if got := c.Stats().Idle; got != 1 {
			t.Errorf("got %d behind the time of the first, want 1", got)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if got := c.Stats(); got.Idle != 0 || got.Connections != 0 {
			t.Errorf("got %+v behind the time of all", got)
		}
		c.Close()
	})
}

func TestKeepAliveTimeoutIsRespected(t *testing.T) {
	f := func(value string, want time.Duration) {
		t.Helper()
		a := answer{keepTime: parseKeepAlive([]byte(value))}
		if got := a.keepFor(time.Minute); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
	f("timeout=5", 4*time.Second)
	f("max=100, Timeout = 5", 4*time.Second)
	f("timeout=600", time.Minute)
	f("timeout=1", 500*time.Millisecond)
	f("timeout=0", 1)
	f("timeout=x", time.Minute)
	f("", time.Minute)
}

// A kept connection that was closed meanwhile, or on which something came that
// nobody has asked for, is found before it is used.
func TestStaleConnectionsAreFoundAtCheckout(t *testing.T) {
	f := func(name string, then func(*peerConn)) {
		t.Helper()
		p := newPeer(t, func(c *peerConn) {
			c.request()
			c.say(empty)
			then(c)
		})
		c := p.client()
		for range 3 {
			if _, err := newCall(t, "POST / HTTP/1.1\r\nHost: h\r\n\r\n").to(c); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			await(t, name, func() bool {
				c.pool.mu.Lock()
				defer c.pool.mu.Unlock()
				return c.pool.idle == 0 || !c.pool.top.quiet()
			})
		}
		if requests, connections := p.heard(); len(requests) != 3 || connections != 3 || c.Stats().StaleRetries != 0 {
			t.Errorf("%s: got %d requests on %d connections", name, len(requests), connections)
		}
	}
	f("closed", func(*peerConn) {})
	f("reset", func(c *peerConn) { c.Conn.(*net.TCPConn).SetLinger(0) })
	f("talking", func(c *peerConn) { c.say(empty); c.ended() })
}

// One that closes as the next request comes costs that nothing where it may be
// repeated, and is told otherwise.
func TestStaleRetry(t *testing.T) {
	f := func(method, body string, want int) {
		t.Helper()
		p := newPeer(t, func(c *peerConn) {
			c.request()
			c.say(empty)
			c.request() // and no answer
		})
		c := p.client()
		raw := fmt.Sprintf("%s / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", method, len(body), body)
		if _, err := newCall(t, raw).to(c); err != nil {
			t.Fatal(err)
		}
		_, err := newCall(t, raw).to(c)
		requests, _ := p.heard()
		if len(requests) != want {
			t.Errorf("%s: the server got %d requests, want %d", method, len(requests), want)
		}
		var failure *Error
		switch repeated := want == 3; {
		case repeated && (err != nil || c.Stats().StaleRetries != 1):
			t.Errorf("%s: got %v, %+v, want it repeated", method, err, c.Stats())
		case !repeated && (!errors.As(err, &failure) || !failure.Stale || !failure.Sent):
			t.Errorf("%s: got %+v, want it stale", method, failure)
		}
	}
	for _, method := range strings.Fields("GET HEAD OPTIONS TRACE PUT DELETE") {
		f(method, "", 3)
	}
	f("PUT", "body", 3)
	for _, method := range strings.Fields("POST PATCH LOCK") {
		f(method, "", 2)
	}
}

// It is repeated once, and on a connection of its own.
func TestStaleRetryIsOne(t *testing.T) {
	var begun atomic.Bool
	p := newPeer(t, func(c *peerConn) {
		c.request()
		if begun.CompareAndSwap(false, true) {
			c.say(empty)
			c.request()
		}
	})
	c := p.client()
	if _, err := newCall(t, get).to(c); err != nil {
		t.Fatal(err)
	}
	_, err := newCall(t, get).to(c)
	var failure *Error
	if requests, _ := p.heard(); !errors.As(err, &failure) || failure.Stale || failure.Op != OpRead || len(requests) != 3 {
		t.Errorf("got %+v behind %d requests", failure, len(requests))
	}
}

func TestCloseClosesWhatIsIdle(t *testing.T) {
	p := always(t, empty)
	c := p.client()
	if _, err := newCall(t, get).to(c); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := newCall(t, get).to(c); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want %v", err, ErrClosed)
	}
	if got := c.Stats(); got.Idle != 0 || got.Connections != 0 {
		t.Errorf("got %+v, want nothing kept", got)
	}
}

// A request that waits for its answer fails, and says that nobody is to blame.
func TestCloseEndsRequests(t *testing.T) {
	asked := make(chan struct{})
	p := newPeer(t, func(c *peerConn) {
		c.request()
		close(asked)
		c.ended()
	})
	c := p.client()
	go func() {
		<-asked
		c.Close()
	}()
	_, err := newCall(t, get).to(c)
	var failure *Error
	if !errors.As(err, &failure) || !errors.Is(err, ErrClosed) || !failure.Blameless() {
		t.Errorf("got %v, want %v", err, ErrClosed)
	}
}

// One that is kept for a short time is not kept for the time of another.
func TestShortestKeepAliveIsRespected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Config{Idle: 5, IdleTimeout: time.Minute, HeaderBytes: 100})
		for _, timeout := range []time.Duration{0, 10 * time.Second, 30 * time.Second} {
			near, far := net.Pipe()
			defer far.Close()
			cn := newConn(c, near)
			cn.answer.keepTime = timeout
			cn.release(true)
		}
		for _, want := range []struct {
			behind time.Duration
			idle   int
		}{{8 * time.Second, 3}, {2 * time.Second, 2}, {20 * time.Second, 1}, {40 * time.Second, 0}} {
			time.Sleep(want.behind)
			synctest.Wait()
			if got := c.Stats(); got.Idle != want.idle || got.Connections != want.idle {
				t.Errorf("got %+v, want %d", got, want.idle)
			}
		}
		c.Close()
	})
}
