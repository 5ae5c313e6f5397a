package gateway

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

func (ts *testServer) adminGet(path string) answer {
	ts.t.Helper()
	return ts.adminDo("GET", path)
}

func (ts *testServer) adminDo(method, path string) answer {
	ts.t.Helper()
	c := dial(ts.t, ts.AdminAddr())
	defer c.Close()
	c.send(method + " " + path + " HTTP/1.1\r\nHost: h.test\r\n\r\n")
	return c.receive(method)
}

func TestAdmin(t *testing.T) {
	release, entered := make(chan struct{}), make(chan struct{})
	ts := startServer(t, testLimits(), newTestRoute(t, "GET /slow", func(context.Context, *fasthttp.RequestCtx) error {
		close(entered)
		<-release
		return nil
	}))
	f := func(path string, status int) {
		t.Helper()
		if got := ts.adminGet(path); got.StatusCode != status {
			t.Errorf("%s: got %d, want %d", path, got.StatusCode, status)
		}
	}
	f("/healthz", 200)
	f("/readyz", 200)
	f("/slow", 404)
	if got := ts.get("/healthz"); got.StatusCode != 404 {
		t.Errorf("got %d on the public listener, want 404", got.StatusCode)
	}
	c := ts.dial()
	c.send("GET /slow HTTP/1.1\r\nHost: h.test\r\n\r\n")
	<-entered
	ended := make(chan error, 1)
	go func() { ended <- ts.Shutdown(context.Background()) }()
	for start := time.Now(); ts.adminGet("/readyz").StatusCode != 503; {
		if time.Since(start) > 5*time.Second {
			t.Fatal("/readyz does not say that the server is draining")
		}
	}
	f("/healthz", 200)
	if got := ts.readStatus().State; got != "draining" {
		t.Errorf("got the state %q, want draining", got)
	}
	if got := ts.families()["zerohop_draining"].series["{}"]; got != 1 {
		t.Errorf("got zerohop_draining %v, want 1", got)
	}
	close(release)
	if got := c.receive("GET"); got.StatusCode != 200 {
		t.Errorf("got %d, want the request in flight answered", got.StatusCode)
	}
	c.Close()
	if err := <-ended; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// The index names every page, each of them answers GET and HEAD and nothing
// else, and none may be kept.
func TestAdminPages(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "/", say("")))
	index := ts.adminGet("/")
	pages := []string{"/", "/healthz", "/readyz", "/status", "/metrics"}
	for _, page := range pages {
		if !strings.Contains(index.body, page) {
			t.Errorf("the index does not name %s:\n%s", page, index.body)
		}
		get, head := ts.adminDo("GET", page), ts.adminDo("HEAD", page)
		if get.StatusCode != 200 || head.StatusCode != 200 || get.body == "" || head.body != "" {
			t.Errorf("%s: got %d, %d, %q, %q", page, get.StatusCode, head.StatusCode, get.body, head.body)
		}
		if g, h := get.Header, head.Header; g.Get("Content-Type") == "" || g.Get("Content-Type") != h.Get("Content-Type") || g.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %v and %v", page, g, h)
		}
		if got := ts.adminDo("DELETE", page); got.StatusCode != 405 || got.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: got %d, Allow %q", page, got.StatusCode, got.Header.Get("Allow"))
		}
	}
	if got := ts.adminDo("DELETE", "/nothing"); got.StatusCode != 404 {
		t.Errorf("got %d, want 404", got.StatusCode)
	}
}
