package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

const upgrade = "GET /tunnel HTTP/1.1\r\nHost: h.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"

// echoTunnel switches to a protocol that sends back what it gets.
func echoTunnel(ctx context.Context, rc *fasthttp.RequestCtx) error {
	in := inboundOf(ctx)
	in.Outlive()
	rc.SetStatusCode(101)
	rc.Response.Header.Set("Connection", "Upgrade")
	rc.Response.Header.Set("Upgrade", "echo")
	in.Hijack(func(client net.Conn) {
		n, err := io.Copy(client, struct{ io.Reader }{client})
		in.Ended(n, err)
	})
	return nil
}

// openTunnel returns a connection with an echo at its other end.
func openTunnel(ts *testServer) *client {
	ts.t.Helper()
	c := ts.dial()
	c.send(upgrade + "early")
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil || resp.StatusCode != 101 {
		ts.t.Fatalf("got %v, %v, want 101", resp, err)
	}
	c.expect("early")
	return c
}

// expect reads text.
func (c *client) expect(text string) {
	c.t.Helper()
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c.in, got); err != nil || string(got) != text {
		c.t.Fatalf("got %q, %v, want %q", got, err, text)
	}
}

// A tunnel carries bytes both ways, counts as a connection, and is logged at
// its end.
func TestTunnel(t *testing.T) {
	ts := startServer(t, testLimits(), newProxyRoute(t, "/tunnel", groupFunc(echoTunnel)))
	c := openTunnel(ts)
	for i := range 10 {
		text := fmt.Sprint("message ", i)
		c.send(text)
		c.expect(text)
	}
	if got := ts.public.open.Load(); got != 1 {
		t.Errorf("got %d connections, want 1", got)
	}
	if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := c.ended(); err != nil {
		t.Errorf("got %v, want a clean end", err)
	}
	if log := ts.flushed(); !strings.Contains(log, `"GET /tunnel HTTP/1.1" 101 95 `) {
		t.Errorf("got log %q, want 101 and 95 bytes", log)
	}
}

// Many tunnels work beside other traffic, and all end when draining begins.
func TestDrainEndsTunnels(t *testing.T) {
	const tunnels = 1000
	limits := testLimits()
	limits.Connections = tunnels + 10
	ts := startServer(t, limits, newProxyRoute(t, "/tunnel", groupFunc(echoTunnel)), newTestRoute(t, "/", say("in")))
	all := make([]*client, tunnels)
	for i := range all {
		all[i] = openTunnel(ts)
	}
	for i, c := range all {
		c.send(fmt.Sprint(i))
		c.expect(fmt.Sprint(i))
	}
	if got := ts.get("/"); got.StatusCode != 200 {
		t.Errorf("got %d beside the tunnels, want 200", got.StatusCode)
	}
	if got := ts.public.open.Load(); got < tunnels {
		t.Errorf("got %d connections, want all %d tunnels counted", got, tunnels)
	}
	var clients sync.WaitGroup
	for i, c := range all {
		clients.Go(func() {
			defer c.Close()
			if err := c.ended(); err != nil {
				t.Errorf("tunnel %d: got %v, want a clean end", i, err)
			}
		})
	}
	start := time.Now()
	if err := ts.Shutdown(context.Background()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("got a drain of %v", took)
	}
	clients.Wait()
}

func TestCloseCutsTunnels(t *testing.T) {
	ts := startServer(t, testLimits(), newProxyRoute(t, "/tunnel", groupFunc(echoTunnel)))
	openTunnel(ts)
	if log := ts.flushed(); !strings.Contains(log, " 101 5 ") {
		t.Errorf("got log %q, want the tunnel in it", log)
	}
	if got := ts.public.open.Load(); got != 0 {
		t.Errorf("got %d connections after Close", got)
	}
}

// A panic in a tunnel costs that connection alone.
func TestTunnelPanic(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "/", say("in")), newProxyRoute(t, "/tunnel", groupFunc(func(ctx context.Context, rc *fasthttp.RequestCtx) error {
		rc.SetStatusCode(101)
		inboundOf(ctx).Hijack(func(net.Conn) { panic("tunnel") })
		return nil
	})))
	c := ts.dial()
	c.send(upgrade)
	c.receive("GET")
	if err := c.ended(); err != nil {
		t.Errorf("got %v, want the end", err)
	}
	if got := ts.get("/"); got.StatusCode != 200 {
		t.Errorf("got %d after it, want 200", got.StatusCode)
	}
}

// failingConn cannot be written to.
type failingConn struct{ net.Conn }

func (failingConn) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// A tunnel whose answer cannot be written is called all the same, so that what
// it holds is given back.
func TestTunnelThatCannotBegin(t *testing.T) {
	ts := startServer(t, testLimits(), newProxyRoute(t, "/tunnel", groupFunc(echoTunnel)))
	ours, theirs := net.Pipe()
	defer theirs.Close()
	go func() { _, _ = io.WriteString(theirs, upgrade) }()
	ts.public.take(failingConn{ours})
	if _, err := bufio.NewReader(theirs).ReadByte(); err != io.EOF {
		t.Errorf("got %v, want the end", err)
	}
	if log := ts.flushed(); !strings.Contains(log, " 101 0 ") {
		t.Errorf("got log %q, want a line of it", log)
	}
	if got := ts.scopes.inUse.Load(); got != 0 {
		t.Errorf("got %d scopes in use", got)
	}
}
