package gateway

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

func newInternalRoute(t testing.TB, text, answer string) *route {
	t.Helper()
	rt := newTestRoute(t, text, say(answer))
	rt.internal = true
	return rt
}

// For the public an internal route does not exist, in no kind of answer; on an
// internal listener it is one route among all.
func TestInternalRoutes(t *testing.T) {
	cfg := &Config{
		Listen: []string{"127.0.0.1:0"}, Internal: []string{"unix:" + filepath.Join(t.TempDir(), "in.sock"), "127.0.0.1:0"},
		Limits: testLimits(), SocketMode: "0600",
	}
	ts := serveConfig(t, cfg,
		newTestRoute(t, "GET /users/{id}", say("user")),
		newInternalRoute(t, "POST /users/{id}", "changed"),
		newInternalRoute(t, "GET /users/all", "all"),
		newInternalRoute(t, "GET /secret", "secret"),
		newInternalRoute(t, "/tree/", "tree"),
	)
	f := func(request string, public, internal int, body string) {
		t.Helper()
		method, _, _ := strings.Cut(request, " ")
		raw := request + " HTTP/1.1\r\nHost: h.test\r\nContent-Length: 0\r\n\r\n"
		if got := ts.do(raw); got.StatusCode != public {
			t.Errorf("%s in public: got %d %s, want %d", request, got.StatusCode, got.body, public)
		}
		for _, addr := range ts.InternalAddrs() {
			c := dial(t, addr)
			c.send(raw)
			if got := c.receive(method); got.StatusCode != internal || internal == 200 && got.body != body {
				t.Errorf("%s at %v: got %d %s, want %d %s", request, addr, got.StatusCode, got.body, internal, body)
			}
			c.Close()
		}
	}
	f("GET /secret", 404, 200, "secret")
	f("HEAD /secret", 404, 200, "")
	f("PUT /secret", 404, 405, "")
	f("GET /tree", 404, 307, "")
	f("GET /tree/x", 404, 200, "tree")
	f("GET /users/7", 200, 200, "user")
	f("POST /users/7", 405, 200, "changed")
	f("GET /nothing", 404, 404, "")
	// What the public sees in place of a hidden route is the next best one.
	f("GET /users/all", 200, 200, "all")
	if got := ts.get("/users/all"); got.body != "user" {
		t.Errorf("got %s, want the public route", got.body)
	}
	if got := ts.do("POST /users/7 HTTP/1.1\r\nHost: h.test\r\nContent-Length: 0\r\n\r\n").Header.Get("Allow"); got != "GET, HEAD" {
		t.Errorf("got Allow: %s, want only what is public", got)
	}
	// A 404 for a hidden route and one for nothing look the same.
	hidden, nothing := ts.get("/secret"), ts.get("/nothing")
	id := func(a answer) string { return a.Header.Get(requestIDHeader) }
	if got := strings.ReplaceAll(hidden.body, id(hidden), id(nothing)); got != nothing.body {
		t.Errorf("got %s, want %s", got, nothing.body)
	}
}

// A full house of public clients leaves the internal listener its own places.
func TestInternalHasPlacesOfItsOwn(t *testing.T) {
	limits := testLimits()
	limits.Connections = 2
	cfg := &Config{Listen: []string{"127.0.0.1:0"}, Internal: []string{"127.0.0.1:0"}, Limits: limits}
	ts := serveConfig(t, cfg, newTestRoute(t, "/", say("in")))
	for range limits.Connections {
		c := ts.dial()
		c.send(plainGet)
		c.receive("GET")
	}
	if got := ts.get("/"); got.StatusCode != 503 {
		t.Errorf("got %d, want the public side full", got.StatusCode)
	}
	c := dial(t, ts.InternalAddrs()[0])
	c.send(plainGet)
	if got := c.receive("GET"); got.StatusCode != 200 {
		t.Errorf("got %d, want 200", got.StatusCode)
	}
}

// The answer to a public request may need an internal one: the internal side
// goes on until the last public request is answered.
func TestInternalDrainsLast(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	slow := newTestRoute(t, "GET /slow", func(_ context.Context, rc *fasthttp.RequestCtx) error {
		close(entered)
		<-release
		rc.SetBodyString("slow")
		return nil
	})
	cfg := &Config{Listen: []string{"127.0.0.1:0"}, Internal: []string{"127.0.0.1:0"}, Limits: testLimits()}
	ts := serveConfig(t, cfg, slow, newInternalRoute(t, "/in", "in"))
	letGo := sync.OnceFunc(func() { close(release) })
	t.Cleanup(letGo)
	c := ts.dial()
	c.send("GET /slow HTTP/1.1\r\nHost: h.test\r\n\r\n")
	<-entered
	ended := make(chan error, 1)
	go func() { ended <- ts.Shutdown(context.Background()) }()
	for !ts.public.draining.Load() {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(2 * acceptWindow)
	in := dial(t, ts.InternalAddrs()[0])
	in.send("GET /in HTTP/1.1\r\nHost: h.test\r\n\r\n")
	if got := in.receive("GET"); got.StatusCode != 200 || got.Close {
		t.Errorf("got %d, close %t, want 200 and the connection kept", got.StatusCode, got.Close)
	}
	letGo()
	if got := c.receive("GET"); got.StatusCode != 200 || !got.Close {
		t.Errorf("got %d, close %t, want 200 and the end", got.StatusCode, got.Close)
	}
	c.Close()
	if err := in.ended(); err != nil {
		t.Errorf("got %v, want the internal connection to end cleanly", err)
	}
	in.Close()
	if err := <-ended; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}
