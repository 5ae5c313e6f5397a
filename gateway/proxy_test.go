package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// startUpstream runs a server behind, which answers with h, until the test ends.
func startUpstream(t *testing.T, h http.HandlerFunc) (url string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// tell answers with what was asked.
func tell(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	w.Header().Set("Server", "behind")
	fmt.Fprintf(w, "%s %s %s %v %d %v", r.Method, r.RequestURI, r.Host, r.Header["Authorization"], len(body), err)
}

// What is passed on, and what is answered here, by a route whose group has the
// one server behind.
func TestProxyRoute(t *testing.T) {
	url := startUpstream(t, tell)
	ts := startText(t, fmt.Sprintf(`
		[limits]
		body_bytes = "1MiB"
		[backends.web]
		members = [{ url = %q }]
		[[routes]]
		match = "/"
		backend = "web"
		[[routes]]
		match = "GET /credentials"
		backend = "web"
		credentials = "basic"
		errors = "rds"
		[[routes]]
		match = "TRACE /trace"
		backend = "web"`, url))
	f := func(request string, status int, want string) {
		t.Helper()
		if got := ts.do(request); got.StatusCode != status || !strings.Contains(got.body, want) {
			t.Errorf("%.100q: got %d %s, want %d %s", request, got.StatusCode, got.body, status, want)
		}
	}
	const host = " HTTP/1.1\r\nHost: h.test\r\n"
	f("GET /a%2Fb//c?x=%zz&y"+host+"\r\n", 200, "GET /a%2Fb//c?x=%zz&y h.test [] 0 <nil>")
	f("PROPFIND /.well-known/x"+host+"\r\n", 200, "PROPFIND /.well-known/x h.test")
	f("GET /a/./b/../c?/../x"+host+"\r\n", 200, "GET /a/c?/../x h.test")
	f("GET /a/%2e%2E/c/"+host+"\r\n", 200, "GET /c/ h.test")
	f("GET http://h.test/x?y"+host+"\r\n", 200, "GET /x?y h.test")
	f("GET http://h.test?y"+host+"\r\n", 200, "GET /?y h.test")
	f("GET / HTTP/1.0\r\n\r\n", 200, "GET / 127.0.0.1:")
	f("POST /"+host+"Content-Length: 200000\r\n\r\n"+strings.Repeat("x", 200_000), 200, " 200000 <nil>")
	f("POST /"+host+"Content-Length: 2000000\r\n\r\nx", 413, "body_too_large")
	f("POST /"+host+"Expect: 100-continue\r\nContent-Length: 2000000\r\n\r\n", 413, "body_too_large")
	f("GET /credentials"+host+"\r\n", 401, `{"errcode":401,`)
	f("GET /credentials"+host+"Authorization: Basic YTpi\r\n\r\n", 200, "[Basic YTpi]")
	f("TRACE /"+host+"\r\n", 405, "method_not_allowed")
	f("TRACE /trace"+host+"\r\n", 200, "TRACE /trace")
	for _, bad := range []string{`/a\b`, `/..\b`, "/a/..;/b", "/..;x=y", "/.;/", "/a%2F..%2Fb", "/a/..%2fb", "/..%5cb", "/x%5C..", "/%2e%2e%3b"} {
		f("GET "+bad+host+"\r\n", 400, "bad_request")
	}
	for _, fine := range []string{"/a;b=c", "/a..;b", "/...;", "/a%2Fb", "/.hidden;x", "/x?a\\b=..;"} {
		f("GET "+fine+host+"\r\n", 200, "GET "+fine+" h.test")
	}
	if got := ts.get("/").Header.Get("Server"); got != "behind" {
		t.Errorf("got Server: %s, want that of the server behind", got)
	}
	log := ts.flushed()
	for _, line := range []string{`"GET /a/./b/../c?/../x HTTP/1.1" 200 `, `"GET http://h.test/x?y HTTP/1.1" 200 `, ` - a [`} {
		if !strings.Contains(log, line) {
			t.Errorf("got log %s, want %s in it", log, line)
		}
	}
}

// What clients are told when no answer comes from behind.
func TestProxyFailures(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := nobody.Addr().String()
	nobody.Close()
	release := make(chan struct{})
	silent := startUpstream(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	ts := startText(t, fmt.Sprintf(`
		[backends.refused]
		members = [{ url = "http://%s" }]
		[backends.silent]
		members = [{ url = %q, max_in_flight = 1 }]
		first_byte_timeout = "200ms"
		[backends.down]
		members = [{ url = %q }, { url = "http://%s" }]
		when_all_down = "fail"
		health = { path = "/", start = "down", every = "1h" }
		[[routes]]
		match = "/refused"
		backend = "refused"
		[[routes]]
		match = "/silent"
		backend = "silent"
		[[routes]]
		match = "/down"
		backend = "down"`, refused, silent, silent, refused))
	f := func(path string, status int, code string) {
		t.Helper()
		got := ts.get(path)
		if got.StatusCode != status || !strings.Contains(got.body, `"`+code+`"`) || (status == 503) != (got.Header.Get("Retry-After") != "") {
			t.Errorf("%s: got %d %v %s, want %d %s", path, got.StatusCode, got.Header, got.body, status, code)
		}
		if strings.Contains(got.body, "127.0.0.1") {
			t.Errorf("%s: got %s, which shows an address", path, got.body)
		}
	}
	f("/refused", 502, "bad_gateway")
	f("/down", 503, "unavailable")
	f("/silent", 504, "timeout")
	c := ts.dial()
	c.send("GET /silent HTTP/1.1\r\nHost: h.test\r\n\r\n")
	for ts.table.Load().groups["silent"].Stats().Members[0].Busy == 0 {
		time.Sleep(time.Millisecond)
	}
	f("/silent", 503, "pool_full")
	if got := c.receive("GET"); got.StatusCode != 504 {
		t.Errorf("got %d, want 504", got.StatusCode)
	}
	if log := ts.log.String(); !strings.Contains(log, refused) {
		t.Errorf("got the log %s, want the server that failed in it", log)
	}
}

// A client that leaves ends its request at the server behind.
func TestProxyClientLeaves(t *testing.T) {
	began, left := make(chan struct{}), make(chan struct{})
	url := startUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			_ = http.NewResponseController(w).Flush()
		}
		began <- struct{}{}
		<-r.Context().Done()
		left <- struct{}{}
	})
	ts := startText(t, fmt.Sprintf("[backends.web]\nmembers = [{ url = %q }]\n[[routes]]\nmatch = '/'\nbackend = 'web'", url))
	for _, path := range []string{"/wait", "/stream"} {
		c := ts.dial()
		c.send("GET " + path + " HTTP/1.1\r\nHost: h.test\r\n\r\n")
		<-began
		c.Close()
		select {
		case <-left:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: the server behind was not told", path)
		}
	}
	log := ts.flushed()
	for _, line := range []string{`"GET /wait HTTP/1.1" 499 0 `, `"GET /stream HTTP/1.1" 200 0 `} {
		if !strings.Contains(log, line) {
			t.Errorf("got log %s, want %s in it", log, line)
		}
	}
}

// Lines arrive one by one, and go on when draining begins, with which tunnels and
// streams of events end.
func TestProxyDrain(t *testing.T) {
	next := make(chan string)
	url := startUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			c, in, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
			_, _ = io.Copy(c, in)
			return
		}
		if r.URL.Path == "/events" {
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			_, _ = io.WriteString(w, "data: 0\n\n")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return
		}
		for line := range next {
			_, _ = io.WriteString(w, line)
			_ = http.NewResponseController(w).Flush()
		}
	})
	ts := startText(t, fmt.Sprintf("[backends.web]\nmembers = [{ url = %q }]\n[[routes]]\nmatch = '/'\nbackend = 'web'", url))
	tunnels := make([]*client, 20)
	for i := range tunnels {
		tunnels[i] = openTunnel(ts)
	}
	c := ts.dial()
	c.send(plainGet)
	next <- "data: 1\n\n"
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(resp.Body)
	expect := func(want string) {
		t.Helper()
		if got, err := lines.ReadString('\n'); err != nil || got != want+"\n" {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
		_, _ = lines.ReadString('\n')
	}
	expect("data: 1")
	modern, old := openEvents(ts, "1.1"), openEvents(ts, "1.0")
	ended := make(chan error, 1)
	go func() { ended <- ts.Shutdown(context.Background()) }()
	for _, events := range []io.ReadCloser{modern, old} {
		if rest, err := io.ReadAll(events); err != nil || len(rest) > 0 {
			t.Errorf("got %q and %v, want the events to end cleanly", rest, err)
		}
		events.Close()
	}
	for _, c := range tunnels {
		if err := c.ended(); err != nil {
			t.Errorf("got %v, want the tunnel to end cleanly", err)
		}
		c.Close()
	}
	next <- "data: 2\n\n"
	expect("data: 2")
	close(next)
	if _, err := lines.ReadByte(); err != io.EOF {
		t.Errorf("got %v, want the end of the lines", err)
	}
	c.Close()
	if err := <-ended; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if stats := ts.table.Load().groups["web"].Stats().Members[0]; stats.Failures != 0 || strings.Contains(ts.log.String(), "request failed") {
		t.Errorf("got %d failures and the log %s, want nobody blamed", stats.Failures, ts.log.String())
	}
	if log := ts.access.String(); strings.Count(log, " 101 5 ") != len(tunnels) || !strings.Contains(log, " 200 18 ") || strings.Count(log, " 200 9 ") != 2 {
		t.Errorf("got log %s, want all tunnels, 18 bytes of lines and twice 9 of events", log)
	}
}

// openEvents asks for a stream of events, and reads the first. Its end is clean
// where the connection is over behind it, without a reset.
func openEvents(ts *testServer, version string) io.ReadCloser {
	ts.t.Helper()
	c := ts.dial()
	c.send("GET /events HTTP/" + version + "\r\nHost: h.test\r\n\r\n")
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		ts.t.Fatal(err)
	}
	if _, err := io.ReadFull(resp.Body, make([]byte, len("data: 0\n\n"))); err != nil {
		ts.t.Fatal(err)
	}
	return struct {
		io.Reader
		io.Closer
	}{resp.Body, c}
}
