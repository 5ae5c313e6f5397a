package upstream

import (
	"errors"
	"strings"
	"testing"
)

// TestAnswers gives what the server says, and what the client gets of it.
func TestAnswers(t *testing.T) {
	f := func(request, answer, want string, reused bool) {
		t.Helper()
		p := answering(t, answer)
		c := p.client()
		call := newCall(t, request)
		if _, err := call.to(c); err != nil {
			t.Errorf("%q: %v", answer, err)
			return
		}
		got, err := call.written()
		if err != nil || got != want {
			t.Errorf("%q:\ngot  %q, %v\nwant %q", answer, got, err, want)
		}
		if idle := c.Stats().Idle == 1; idle != reused {
			t.Errorf("%q: kept is %v, want %v", answer, idle, reused)
		}
	}
	const head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
	f(get, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", true)
	f(get, "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", true)
	f(get, "HTTP/1.1 200 Fine Too\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 Fine Too\nContent-Length: 0\n\n", true)
	f(get, "HTTP/1.1 799 \r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 799 Unknown Status Code\nContent-Length: 0\n\n", true)
	// Names, values and order pass; what the codec knows comes first or last.
	f(get, "HTTP/1.1 200 OK\r\nserver: s/1\r\nx-lower: a \t\r\nX-UPPER:\tb\r\nLocation: http://other/\r\nContent-Length: 0\r\nX_y: \xe9\r\n\r\n",
		"HTTP/1.1 200 OK\nServer: s/1\nContent-Length: 0\nx-lower: a\nX-UPPER: b\nLocation: http://other/\nX_y: \xe9\n\n", true)
	f(get, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: =;;\"x\r\nSet-Cookie: b\r\nSet-Cookie: a=1\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 0\nSet-Cookie: a=1; Path=/\nSet-Cookie: =;;\"x\nSet-Cookie: b\nSet-Cookie: a=1\n\n", true)
	f(get, "HTTP/1.1 200 OK\r\nContent-Encoding: a\r\nContent-Encoding: b\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Encoding: a, b\nContent-Length: 0\n\n", true)
	// Hop by hop.
	f(get, "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Own\r\nx-own: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nProxy-Authenticate: x\r\nTrailer: Expires\r\nUpgrade: h2\r\nTE: x\r\nX-Request-Id: x\r\nContent-Length: 0\r\nX-Kept: 1\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 0\nX-Kept: 1\n\n", true)
	f(get, "HTTP/1.1 200 OK\r\nConnection: Content-Length\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", true)
	f(get, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", false)
	// No body.
	f(head, "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 12345\n\n", true)
	f(head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\n\n", true)
	f(get, "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n", "HTTP/1.1 204 No Content\nX-A: b\n\n", true)
	f(get, "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 204 No Content\n\n", false)
	f(get, "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 3\r\n\r\n", "HTTP/1.1 304 Not Modified\nContent-Length: 3\nETag: \"x\"\n\n", true)
	// Interim answers.
	f(get, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", true)
	// Older servers.
	f(get, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", false)
	f(get, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", true)
	f(get, "HTTP/1.0 200 OK\r\n\r\nhi", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\r\nhi\r\n0\r\n\r\n", false)
	// Chunks that are here already get a length.
	f(get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;ext=1\r\nhi\r\n3\r\n ho\r\n0\r\nX-Trailer: dropped\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 5\n\nhi ho", true)
	f(get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", true)
	// What follows an answer is not part of it, nor of the next one.
	f(get, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", false)
	f(get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", false)
}

// TestMalformedAnswers gives what costs the connection, and the client an
// answer of our own.
func TestMalformedAnswers(t *testing.T) {
	f := func(answer string, op Op) {
		t.Helper()
		p := answering(t, answer)
		c := p.client()
		call := newCall(t, get)
		stream, err := call.to(c)
		var failure *Error
		if !errors.As(err, &failure) || failure.Op != op || !failure.Sent || failure.Stale || failure.Timeout || stream != nil {
			t.Errorf("%q: got %v (%+v), want %s", answer, err, failure, op)
		}
		if got, _ := call.written(); got != "HTTP/1.1 200 OK\nContent-Length: 0\n\n" {
			t.Errorf("%q: got a response that is not empty: %q", answer, got)
		}
		if got := c.Stats(); got.Connections != 0 {
			t.Errorf("%q: got %d connections, want 0", answer, got.Connections)
		}
	}
	for _, line := range []string{
		"HTTP/2.0 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 OK", "HTTP/1.1 2xx OK",
		"http/1.1 200 OK", "HTTP/1.1\t200 OK", " HTTP/1.1 200 OK", "\r\nHTTP/1.1 200 OK", "HTTP/1.1 200 O\x00K", "HTTP/1.1 200 O\rK",
		"ICY 200 OK", "", "HTTP/1.1 -20 OK", "HTTP/1.x 200 OK", "HTTP/1.1 200OK", "200 OK", "HTTP/1.1 200 OK\n",
	} {
		f(line+"\r\nContent-Length: 0\r\n\r\n", OpHead)
	}
	for _, line := range []string{
		"X : y", ": y", "X", "X\r: y", " folded: y", "X: y\r\n folded", "X: a\rb", "X: a\x00b", "X: a\x01b", "X\xe9: y", "X y: z", "X: y\nZ: w", "(X): y",
		"Content-Length: 0\r\nContent-Length: 0", "Content-Length: 0\r\nContent-Length: 1", "Content-Length: +0", "Content-Length: -1",
		"Content-Length: 0,0", "Content-Length: 0x0", "Content-Length:", "Content-Length: 1 1", "Content-Length: 9999999999999999999",
		"Content-Length: 0\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 0",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: identity",
		"Transfer-Encoding: chunked, chunked", "Transfer-Encoding:", "Transfer-Encoding: xchunked", "Transfer-Encoding: \"chunked\"",
		"Transfer-Encoding: chunked\x0b",
		"X: " + strings.Repeat("y", 9<<10),
	} {
		f("HTTP/1.1 200 OK\r\n"+line+"\r\n\r\n0\r\n\r\n", OpHead)
	}
	f("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", OpHead)
	f("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", OpHead)
	f(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100), OpHead)
	f("HTTP/1.1 200 OK\nContent-Length: 0\n\n", OpRead) // a head without an end
	for _, cut := range []string{"", "H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh", "HTTP/1.1 100 Continue\r\n\r\n"} {
		f(cut, OpRead)
	}
	for _, body := range []string{"", "x", "2\r\nh", "2\r\nhi", "2\r\nhix", "2\r\nhi\r\n", "2\r\nhi\r\n0\r\n", "2\nhi\r\n0\r\n\r\n", "-1\r\n\r\n", "0x2\r\nhi\r\n0\r\n\r\n", "fffffffffffffffff\r\n"} {
		p := answering(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+body)
		call := newCall(t, get)
		_, err := call.to(p.client())
		if err == nil {
			_, err = call.written()
		}
		if err == nil {
			t.Errorf("chunks %q: got a complete answer", body)
		}
	}
}

func TestUnwantedStatuses(t *testing.T) {
	f := func(answer string, kept bool) {
		t.Helper()
		p := answering(t, answer)
		c := p.client()
		call := newCall(t, get)
		_, err := c.Exchange(t.Context(), call.rc, call.in, Statuses{500, 503})
		var failure *Error
		if !errors.As(err, &failure) || failure.Op != OpStatus || failure.Status != 503 {
			t.Errorf("got %v, want a 503", err)
		}
		if got := c.Stats().Idle == 1; got != kept {
			t.Errorf("%q: kept is %v, want %v", answer, got, kept)
		}
	}
	f("HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nhi", true)
	f("HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nhi, more", false)
	f("HTTP/1.1 503 No\r\nContent-Length: 200\r\n\r\nhi", false)
	f("HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false)
}
