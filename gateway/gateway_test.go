package gateway

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/backends"
	"zerohop/sqlapi"
)

// direct is a group without limits.
type direct struct{}

func (direct) Serve(ctx context.Context, rc *fasthttp.RequestCtx, h backends.Handler) error {
	return h(ctx, rc)
}

// say returns a handler that answers with text.
func say(text string) backends.Handler {
	return func(_ context.Context, rc *fasthttp.RequestCtx) error {
		rc.SetContentType("text/plain")
		rc.SetBodyString(text)
		return nil
	}
}

// echo answers with the body of the request.
func echo(_ context.Context, rc *fasthttp.RequestCtx) error {
	rc.SetBody(rc.PostBody())
	return nil
}

// lookUpClient answers with who is asking.
func lookUpClient(ctx context.Context, rc *fasthttp.RequestCtx) error {
	looker := ctx.Value(sqlapi.LookupKey).(sqlapi.Lookuper)
	ip, _ := looker.Lookup(sqlapi.SourceClient, "ip")
	port, _ := looker.Lookup(sqlapi.SourceClient, "port")
	rc.SetBodyString(string(ip) + " " + string(port))
	return nil
}

func newTestRoute(t testing.TB, text string, h backends.Handler) *route {
	t.Helper()
	p := mustPattern(t, text)
	return &route{pattern: p, names: p.names(), handler: h, group: direct{}, timeout: 10 * time.Second, bodyBytes: 1 << 20}
}

// safeBuffer is a bytes.Buffer for several goroutines.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// drop gives the memory of what has been written back.
func (b *safeBuffer) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buf = bytes.Buffer{}
}

// testServer is a running Server with fake handlers.
type testServer struct {
	*Server
	t           testing.TB
	access, log safeBuffer
	served      chan error
}

func testLimits() Limits {
	var l Limits
	l.SetDefaults()
	l.Connections = 100
	return l
}

// startServer runs a server with these routes until the test ends.
func startServer(t testing.TB, limits Limits, routes ...*route) *testServer {
	t.Helper()
	return serveConfig(t, &Config{Listen: []string{"127.0.0.1:0"}, Admin: "127.0.0.1:0", Limits: limits}, routes...)
}

// serveConfig is startServer with further settings, but for routes.
func serveConfig(t testing.TB, cfg *Config, routes ...*route) *testServer {
	t.Helper()
	ts := &testServer{t: t, served: make(chan error, 1)}
	table := &table{}
	if err := table.addRoutes(routes); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&ts.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ts.Server = newServer(cfg, table, Options{AccessLog: &ts.access, ErrorLog: log})
	if err := ts.Listen(); err != nil {
		t.Fatal(err)
	}
	go func() { ts.served <- ts.Serve() }()
	t.Cleanup(func() {
		if err := ts.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		select {
		case err := <-ts.served:
			if err != nil {
				t.Errorf("Serve: %v", err)
			}
		case <-time.After(5 * time.Second):
			t.Error("Serve did not return after Close")
		}
	})
	return ts
}

// client is a connection on which raw bytes go out.
type client struct {
	net.Conn
	t  testing.TB
	in *bufio.Reader
}

func (ts *testServer) dial() *client {
	ts.t.Helper()
	return dial(ts.t, ts.Addrs()[0])
}

func dial(t testing.TB, addr net.Addr) *client {
	t.Helper()
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{Conn: c, t: t, in: bufio.NewReader(c)}
}

func (c *client) send(raw string) {
	c.t.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

// receive reads the response to a request with this method.
func (c *client) receive(method string) answer {
	c.t.Helper()
	a, err := c.tryReceive(method)
	if err != nil {
		c.t.Fatalf("receive: %v", err)
	}
	return a
}

func (c *client) tryReceive(method string) (answer, error) {
	resp, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(resp.Body)
	return answer{resp, string(body)}, err
}

// ended reports whether the server ends the connection cleanly, with a FIN
// and nothing in front of it.
func (c *client) ended() error {
	b, err := c.in.ReadByte()
	switch {
	case err == io.EOF:
		return nil
	case err == nil:
		rest, _ := c.in.Peek(c.in.Buffered())
		return errors.New("more bytes: " + string(b) + string(rest))
	}
	return err
}

// do sends one request on a connection of its own and returns the answer.
func (ts *testServer) do(raw string) answer {
	ts.t.Helper()
	c := ts.dial()
	defer c.Close()
	c.send(raw)
	method, _, _ := strings.Cut(raw, " ")
	return c.receive(method)
}

// get is do for a path.
func (ts *testServer) get(target string) answer {
	ts.t.Helper()
	return ts.do("GET " + target + " HTTP/1.1\r\nHost: h.test\r\n\r\n")
}

// flushed ends the server and returns its access log.
func (ts *testServer) flushed() string {
	ts.t.Helper()
	if err := ts.Close(); err != nil {
		ts.t.Errorf("Close: %v", err)
	}
	return ts.access.String()
}
