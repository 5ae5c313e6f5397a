package gateway

import (
	"io"
	"net"
	"strings"
	"testing"
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
	sizes := map[string]int{"/0": 0, "/3900": 3900, "/4096": 4096, "/4097": 4097, "/9000": 9000, "/300000": 300_000}
	var routes []*route
	for path, size := range sizes {
		routes = append(routes, newTestRoute(t, path, say(strings.Repeat("x", size))))
	}
	ts := startServer(t, testLimits(), routes...)
	c := ts.dial()
	order := []string{"/9000", "/0", "/4097", "HEAD /300000", "/4096", "/300000", "/3900", "HEAD /9000", "/9000"}
	var all strings.Builder
	for _, what := range order {
		method, path, ok := strings.Cut(what, " ")
		if !ok {
			method, path = "GET", what
		}
		all.WriteString(method + " " + path + " HTTP/1.1\r\nHost: h.test\r\n\r\n")
	}
	for range 3 { // one by one behind the first, all at once
		c.send(all.String())
		for _, what := range order {
			method, path, ok := strings.Cut(what, " ")
			if !ok {
				method, path = "GET", what
			}
			if got := len(c.receive(method).body); ok && got != 0 || !ok && got != sizes[path] {
				t.Fatalf("%s: got %d bytes, want %d", what, got, sizes[path])
			}
		}
	}
}
