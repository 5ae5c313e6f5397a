package gateway

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

const plainGet = "GET / HTTP/1.1\r\nHost: h.test\r\n\r\n"

// Clients that keep their connections busy while the server drains: what the
// server began is answered, and a connection ends with a FIN before the first
// byte of an answer, or behind a whole one that said so.
func TestDrainLosesNoRequestUnderLoad(t *testing.T) {
	var handled, answered atomic.Int64
	ts := startServer(t, testLimits(), newTestRoute(t, "/", func(_ context.Context, rc *fasthttp.RequestCtx) error {
		handled.Add(1)
		rc.SetBodyString("whole answer")
		return nil
	}))
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() { keepBusy(t, ts.Addrs()[0], stop, &answered) })
	}
	for answered.Load() < 2000 {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	start := time.Now()
	if err := ts.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("got a drain of %v, want it to end soon after the last answer", took)
	}
	close(stop)
	clients.Wait()
	if handled.Load() != answered.Load() {
		t.Errorf("got %d answers to %d requests that were begun", answered.Load(), handled.Load())
	}
	if got := int64(strings.Count(ts.access.String(), "\n")); got != handled.Load() {
		t.Errorf("got %d lines in the access log, want %d", got, handled.Load())
	}
}

// keepBusy sends request after request until the server is gone, on one
// connection as long as the server keeps it.
func keepBusy(t *testing.T, addr net.Addr, stop <-chan struct{}, answered *atomic.Int64) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		inner, err := net.Dial("tcp", addr.String())
		if err != nil {
			if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("dial: %v", err)
			}
			return
		}
		c := &client{Conn: inner, t: t}
		use(c, answered)
		inner.Close()
	}
}

func use(c *client, answered *atomic.Int64) {
	c.in = bufio.NewReader(c)
	_ = c.SetDeadline(time.Now().Add(15 * time.Second))
	for used := 0; ; used++ {
		_, err := io.WriteString(c, plainGet)
		var got answer
		if err == nil {
			got, err = c.tryReceive("GET")
		}
		switch {
		case err == nil && got.body == "whole answer":
			answered.Add(1)
			if got.Close {
				return
			}
		case used == 0 && (errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)):
			return // set up by the kernel after the last accept
		case errors.Is(err, io.ErrUnexpectedEOF) && got.Response == nil:
			return // a FIN before any byte
		default:
			c.t.Errorf("request %d of a connection: got %q %v, want an answer or a clean end", used, got.body, err)
			return
		}
	}
}

// A request of which one byte has come is waited for and answered.
func TestDrainAwaitsAHeaderThatHasBegun(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "/", say("in")))
	c, idle := ts.dial(), ts.dial()
	for _, c := range []*client{c, idle} {
		c.send(plainGet)
		if got := c.receive("GET"); got.Close {
			t.Fatal("got Connection: close before the drain")
		}
	}
	c.send("G")
	time.Sleep(50 * time.Millisecond) // until the byte is read
	ended := make(chan error, 1)
	go func() { ended <- ts.Shutdown(context.Background()) }()
	if err := idle.ended(); err != nil {
		t.Errorf("got %v, want the idle connection to end with a FIN", err)
	}
	idle.Close()
	time.Sleep(2 * drainGrace)
	c.send(plainGet[1:])
	if got := c.receive("GET"); got.StatusCode != 200 || !got.Close {
		t.Errorf("got %d, close %t, want 200 with Connection: close", got.StatusCode, got.Close)
	}
	c.Close()
	if err := <-ended; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// A connection that waits in the kernel's queue is served, not reset.
func TestDrainServesTheQueue(t *testing.T) {
	ts := &testServer{t: t}
	table := &table{}
	if err := table.addRoutes([]*route{newTestRoute(t, "/", say("in"))}); err != nil {
		t.Fatal(err)
	}
	ts.Server = newServer(&Config{Listen: []string{"127.0.0.1:0"}, Limits: testLimits()}, table, Options{})
	if err := ts.Listen(); err != nil {
		t.Fatal(err)
	}
	var queued []*client
	for range 20 {
		c := ts.dial()
		c.send(plainGet)
		queued = append(queued, c)
	}
	ts.public.start()
	ended := make(chan error, 1)
	go func() { ended <- ts.Shutdown(context.Background()) }()
	for i, c := range queued {
		if got := c.receive("GET"); got.StatusCode != 200 {
			t.Errorf("connection %d: got %d, want 200", i, got.StatusCode)
		}
		if err := c.ended(); err != nil {
			t.Errorf("connection %d: got %v, want a clean end", i, err)
		}
		c.Close()
	}
	if err := <-ended; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if _, err := net.Dial("tcp", ts.Addrs()[0].String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want the port closed", err)
	}
}

func TestShutdownIsBoundedByItsContext(t *testing.T) {
	release := make(chan struct{})
	entered := make(chan struct{})
	ts := startServer(t, testLimits(), newTestRoute(t, "/", func(context.Context, *fasthttp.RequestCtx) error {
		close(entered)
		<-release
		return nil
	}))
	c := ts.dial()
	c.send(plainGet)
	<-entered
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := ts.Shutdown(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "1 connection(s)") {
		t.Errorf("got %v, want the deadline and what was cut off", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("got %v, want about 50ms", took)
	}
	close(release)
	if err := ts.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
