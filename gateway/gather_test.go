package gateway

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// writes records what is written to a connection, write by write.
type writes struct {
	net.Conn
	all    []string
	closed bool
}

func (w *writes) Write(b []byte) (int, error) {
	w.all = append(w.all, string(b))
	return len(b), nil
}
func (w *writes) Read([]byte) (int, error) { return 0, io.EOF }
func (w *writes) Close() error             { w.closed = true; return nil }

// written returns the pieces, each cut to its first and last byte.
func (w *writes) written() string {
	var pieces []string
	for _, b := range w.all {
		if len(b) > 2 {
			b = b[:1] + ".." + b[len(b)-1:]
		}
		pieces = append(pieces, b)
	}
	return strings.Join(pieces, " ")
}

// The first piece of a long answer waits for the second, or for whatever shows
// that there is none.
func TestGather(t *testing.T) {
	full := "a" + strings.Repeat("-", gatherBytes-2) + "b"
	f := func(want string, do func(c *conn)) {
		t.Helper()
		inner, outer := net.Pipe()
		defer outer.Close()
		defer inner.Close()
		w := &writes{Conn: inner}
		c := newConn(w, newAcceptor(testLimits(), nil, nil))
		do(c)
		if got := w.written(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	say := func(c *conn, texts ...string) {
		for _, text := range texts {
			if n, err := c.Write([]byte(text)); n != len(text) || err != nil {
				t.Errorf("got %d, %v, want %d", n, err, len(text))
			}
		}
	}
	f("a..b", func(c *conn) { say(c, full) })
	f("a..b c", func(c *conn) { c.gather.expect(gatherBytes); say(c, full, "c") }) // it may all fit
	f("", func(c *conn) { c.gather.expect(gatherBytes + 1); say(c, full) })
	f("a..b c d", func(c *conn) { c.gather.expect(gatherBytes + 1); say(c, full, "c", "d") })
	f("a..b", func(c *conn) { c.gather.expect(gatherBytes + 1); say(c, full); _, _ = c.Read(make([]byte, 1)) })
	f("a..b", func(c *conn) { c.gather.expect(gatherBytes + 1); say(c, full); c.Close() })
	f("a..c", func(c *conn) { c.gather.expect(gatherBytes + 1); say(c, full+"c") })
	f("", func(c *conn) { c.gather.expect(gatherBytes + 1); say(c, full); c.forsaken = true; c.Close() })
	f("x a..b c", func(c *conn) { say(c, "x"); c.gather.expect(gatherBytes + 1); say(c, full, "c") })
}

// Answers of all sizes arrive whole and in order, whatever is pipelined and
// whatever has no body.
func TestGatheredAnswers(t *testing.T) {
	sizes := []int{0, 3900, 4000, 4096, 4097, 5000, 7000, 8100, 9000, 300_000}
	var routes []*route
	for _, size := range sizes {
		routes = append(routes, newTestRoute(t, fmt.Sprint("/", size), say(strings.Repeat("x", size))))
	}
	unchanged := newTestRoute(t, "/304", func(_ context.Context, rc *fasthttp.RequestCtx) error {
		rc.SetStatusCode(fasthttp.StatusNotModified)
		rc.SetBodyString(strings.Repeat("x", 5000)) // which is not sent
		return nil
	})
	ts := startServer(t, testLimits(), append(routes, unchanged)...)
	c := ts.dial()
	ask := func(order ...string) {
		t.Helper()
		var all strings.Builder
		for _, what := range order {
			all.WriteString(what + " HTTP/1.1\r\nHost: h.test\r\n\r\n")
		}
		c.send(all.String())
		for _, what := range order {
			method, path, _ := strings.Cut(what, " /")
			want, _ := strconv.Atoi(path)
			if method == "HEAD" || path == "304" {
				want = 0
			}
			if got := len(c.receive(method).body); got != want {
				t.Fatalf("%v: got %d bytes of %s, want %d", order, got, what, want)
			}
		}
	}
	ask("GET /9000", "GET /0", "GET /4097", "HEAD /300000", "GET /304", "GET /4096", "GET /300000", "GET /3900", "HEAD /9000", "GET /9000")
	for _, a := range sizes {
		for _, b := range sizes {
			one, other := fmt.Sprint("GET /", a), fmt.Sprint("GET /", b)
			ask(one, other, one, other)
		}
	}
	ask("GET /304")
	ask("GET /9000", "GET /304", "GET /5000")
}

// The beginning of an answer does not wait for the request behind it.
func TestGatherWaitsForNoHandler(t *testing.T) {
	release := make(chan struct{})
	ts := startServer(t, testLimits(), newTestRoute(t, "/long", say(strings.Repeat("x", 5000))),
		newTestRoute(t, "/slow", func(context.Context, *fasthttp.RequestCtx) error {
			<-release
			return nil
		}))
	c := ts.dial()
	c.send("GET /long HTTP/1.1\r\nHost: h.test\r\n\r\nGET /slow HTTP/1.1\r\nHost: h.test\r\n\r\n")
	_ = c.Conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.in.Peek(gatherBytes); err != nil {
		t.Errorf("got %v, and %d bytes", err, c.in.Buffered())
	}
	close(release)
	c.receive("GET")
	c.receive("GET")
}

// A client that reads slowly gets all of a gathered answer, and one that does
// not read at all does not hold it for longer than idle_timeout.
func TestGatheredAnswerToSlowClients(t *testing.T) {
	limits := shortLimits()
	ts := startServer(t, limits, newTestRoute(t, "/", say(strings.Repeat("x", 16<<20))))
	c := ts.dial()
	c.send(plainGet)
	time.Sleep(limits.IdleTimeout / 2)
	if got := len(c.receive("GET").body); got != 16<<20 {
		t.Errorf("got %d bytes", got)
	}
	c.Close()
	stuck := ts.dial()
	stuck.send(plainGet)
	for deadline := time.Now().Add(10 * time.Second); ts.public.open.Load() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a client that does not read is still there")
		}
	}
}
