package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"github.com/valyala/fasthttp"
)

func TestBodyLimit(t *testing.T) {
	rt := newTestRoute(t, "POST /small", echo)
	rt.bodyBytes = 10
	ts := startServer(t, testLimits(), rt, newTestRoute(t, "POST /large", echo))
	length := func(path string, n int) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: h.test\r\nContent-Length: %d\r\n\r\n%s", path, n, strings.Repeat("x", n))
	}
	chunked := func(path string, chunks ...string) string {
		raw := "POST " + path + " HTTP/1.1\r\nHost: h.test\r\nTransfer-Encoding: chunked\r\n\r\n"
		for _, c := range chunks {
			raw += fmt.Sprintf("%x\r\n%s\r\n", len(c), c)
		}
		return raw + "0\r\n\r\n"
	}
	f := func(raw string, status, size int) {
		t.Helper()
		got := ts.do(raw)
		if got.StatusCode != status || status == 200 && len(got.body) != size {
			t.Errorf("%.60q: got %d with %d bytes, want %d with %d", raw, got.StatusCode, len(got.body), status, size)
		}
		if status == 413 && (!got.Close || !strings.Contains(got.body, `"code":"body_too_large"`)) {
			t.Errorf("%.60q: got close %t, %s", raw, got.Close, got.body)
		}
	}
	f(length("/small", 10), 200, 10)
	f(length("/small", 11), 413, 0)
	f(chunked("/small", "12345", "67890"), 200, 10)
	f(chunked("/small", "12345", "678901"), 413, 0)
	f(chunked("/small", strings.Repeat("x", 100_000)), 413, 0)
	f(length("/large", 1<<20), 200, 1<<20)
	f(length("/large", 1<<20+1), 413, 0)
	f(chunked("/large", strings.Repeat("x", 500_000), strings.Repeat("y", 500_000)), 200, 1_000_000)
}

// A body that is declared too large is refused before any of it is sent.
func TestDeclaredBodyIsRefusedUnread(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "POST /", echo))
	c := ts.dial()
	c.send("POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n")
	if got := c.receive("POST"); got.StatusCode != 413 {
		t.Errorf("got %d, want 413 in place of 100", got.StatusCode)
	}
	if err := c.ended(); err != nil {
		t.Errorf("got %v, want a clean end", err)
	}
}

func TestExpectContinue(t *testing.T) {
	basicRoute := newTestRoute(t, "POST /who", echo)
	basicRoute.basic = true
	ts := startServer(t, testLimits(), newTestRoute(t, "POST /", echo), basicRoute)
	c := ts.dial()
	c.send("POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	if got := c.receive("POST"); got.StatusCode != 100 {
		t.Fatalf("got %d, want 100", got.StatusCode)
	}
	c.send("hello")
	if got := c.receive("POST"); got.StatusCode != 200 || got.body != "hello" {
		t.Errorf("got %d %q, want 200 hello", got.StatusCode, got.body)
	}
	c.send("POST /who HTTP/1.1\r\nHost: h.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	got := c.receive("POST")
	if got.StatusCode != 401 || got.Header.Get("Content-Type") != "application/problem+json" || got.Header.Get("X-Request-Id") == "" {
		t.Errorf("got %d %v, want a whole 401 in place of 100", got.StatusCode, got.Header)
	}
	if n := strings.Count(ts.flushed(), "\n"); n != 2 {
		t.Errorf("got %d lines in the access log, want 2", n)
	}
}

// What ends too early is not taken for complete, in either framing.
func TestTruncatedBody(t *testing.T) {
	ran := make(chan string, 10)
	ts := startServer(t, testLimits(), newTestRoute(t, "POST /", func(_ context.Context, rc *fasthttp.RequestCtx) error {
		ran <- string(rc.PostBody())
		return nil
	}))
	f := func(head, part string) {
		t.Helper()
		c := ts.dial()
		c.send("POST / HTTP/1.1\r\nHost: h.test\r\n" + head + "\r\n\r\n" + part)
		if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got := c.receive("POST"); got.StatusCode != 400 {
			t.Errorf("%s %q: got %d, want 400", head, part, got.StatusCode)
		}
		select {
		case body := <-ran:
			t.Errorf("%s %q: the handler got %q", head, part, body)
		default:
		}
	}
	f("Content-Length: 5", "")
	f("Content-Length: 5", "hel")
	f("Transfer-Encoding: chunked", "")
	f("Transfer-Encoding: chunked", "3\r\nhe")
	f("Transfer-Encoding: chunked", "3\r\nhel\r\n")
	f("Transfer-Encoding: chunked", "3\r\nhel\r\n2")
}

// A client that leaves in the middle of its body is a 499 of the log.
func TestClientLeavesInItsBody(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "POST /", echo))
	sent := 0
	for _, head := range []string{"Content-Length: 5\r\n\r\nhel", "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\n"} {
		for _, leave := range []func(*net.TCPConn) error{(*net.TCPConn).Close, (*net.TCPConn).CloseWrite} {
			c := ts.dial()
			c.send("POST / HTTP/1.1\r\nHost: h.test\r\n" + head)
			if err := leave(c.Conn.(*net.TCPConn)); err != nil {
				t.Fatal(err)
			}
			sent++
			for deadline := time.Now().Add(5 * time.Second); ts.problems.counts[badRequest].Load() < uint64(sent) || ts.public.open.Load() > 0; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the request goes on")
				}
			}
		}
	}
	if log := ts.flushed(); strings.Count(log, `"POST / HTTP/1.1" 499 `) != sent {
		t.Errorf("got\n%s\nwant %d lines with 499", log, sent)
	}
}

// A connection that is reset tells no more than one that ends.
func TestResetInABody(t *testing.T) {
	f := func(brokeOff bool, err, want error) {
		t.Helper()
		u := upload{client: &conn{brokeOff: brokeOff}, stream: iotest.ErrReader(err), declared: 5, left: 5}
		if _, got := u.Read(make([]byte, 5)); got != want || u.abandoned() != (want == faultTruncated) {
			t.Errorf("%v: got %v, want %v", err, got, want)
		}
	}
	f(true, syscall.ECONNRESET, faultTruncated)
	f(true, os.ErrDeadlineExceeded, errClientTimeout)
	f(false, errors.New("no chunk"), faultBody)
}

// The requests behind a body are read from where it ends.
func TestPipelinedBodies(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "POST /{$}", echo), newTestRoute(t, "GET /", say("got")))
	c := ts.dial()
	c.send("POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 3\r\n\r\noneGET / HTTP/1.1\r\nHost: h.test\r\n\r\n" +
		"POST / HTTP/1.1\r\nHost: h.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n" +
		"POST /no HTTP/1.1\r\nHost: h.test\r\nContent-Length: 5\r\n\r\nthreeGET / HTTP/1.1\r\nHost: h.test\r\n\r\n")
	for _, want := range []string{"200 one", "200 got", "200 two", "405", "200 got"} {
		got := c.receive("POST")
		if answer := fmt.Sprint(got.StatusCode, " ", got.body); !strings.HasPrefix(answer, want) {
			t.Errorf("got %s, want %s", answer, want)
		}
	}
}
