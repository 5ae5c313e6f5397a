package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// A client of HTTP/1.0 knows of no chunks. An answer whose length nobody knows
// is sent to it as it is, and ends with the connection; one that breaks ends
// with a reset.
func TestStreamToOldClient(t *testing.T) {
	url := startUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "hello, ")
		w.(http.Flusher).Flush()
		if r.URL.Path == "/broken" {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, strings.Repeat("x", 300_000))
	})
	ts := startText(t, fmt.Sprintf(`
		[backends.web]
		members = [{ url = %q }]
		[[routes]]
		match = "/"
		backend = "web"`, url))
	f := func(path, connection string, want int, whole bool) {
		t.Helper()
		c := ts.dial()
		defer c.Close()
		c.send("GET " + path + " HTTP/1.0\r\n" + connection + "\r\n")
		raw, err := io.ReadAll(c.in)
		head, body, _ := strings.Cut(string(raw), "\r\n\r\n")
		if strings.Contains(head, "chunked") || !strings.Contains(head, "\r\nConnection: close") || !strings.Contains(head, "\r\nX-Request-Id: ") || whole && len(body) != want || (err == nil) != whole {
			t.Errorf("%s: got %s and %d bytes, %v, want %d", path, head, len(body), err, want)
		}
	}
	for _, connection := range []string{"", "Connection: keep-alive\r\n"} {
		f("/", connection, 300_007, true)
		f("/broken", connection, 0, false)
	}
	log := ts.flushed()
	if got := strings.Count(log, `"GET / HTTP/1.0" 200 300007 `); got != 2 || strings.Count(log, "\n") != 4 {
		t.Errorf("got log %s", log)
	}
	if n := ts.scopes.inUse.Load(); n != 0 {
		t.Errorf("got %d scopes in use", n)
	}
}
