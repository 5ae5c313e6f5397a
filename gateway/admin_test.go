package gateway

import (
	"context"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

func (ts *testServer) adminGet(path string) answer {
	ts.t.Helper()
	c := dial(ts.t, ts.AdminAddr())
	defer c.Close()
	c.send("GET " + path + " HTTP/1.1\r\nHost: h.test\r\n\r\n")
	return c.receive("GET")
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
	f("/", 404)
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
	close(release)
	if got := c.receive("GET"); got.StatusCode != 200 {
		t.Errorf("got %d, want the request in flight answered", got.StatusCode)
	}
	c.Close()
	if err := <-ended; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}
