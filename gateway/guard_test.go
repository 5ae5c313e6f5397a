package gateway

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/valyala/fasthttp"
)

// Every request of this table is refused over a real connection, as a problem
// of the one kind, without a handler having run, and its connection is closed.
// Some of them are refused by the parser and some by the guard; which of the
// two does not matter, as long as one of them does.
func TestMalformedRequestsAreRefused(t *testing.T) {
	var ran atomic.Bool
	ts := startServer(t, testLimits(), newTestRoute(t, "/", func(_ context.Context, rc *fasthttp.RequestCtx) error {
		ran.Store(true)
		return nil
	}))
	const host = "Host: h.test\r\n"
	f := func(name, raw string, status int) {
		t.Helper()
		ran.Store(false)
		c := ts.dial()
		c.send(raw)
		got := c.receive("GET")
		if got.StatusCode != status || got.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: got %d %s, want %d and a problem", name, got.StatusCode, got.Header.Get("Content-Type"), status)
		}
		if !got.Close {
			t.Errorf("%s: got no Connection: close", name)
		}
		if err := c.ended(); err != nil {
			t.Errorf("%s: got %v, want the connection closed", name, err)
		}
		if ran.Load() {
			t.Errorf("%s: the handler ran", name)
		}
	}
	get := func(lines string) string { return "GET / HTTP/1.1\r\n" + host + lines + "\r\n" }
	post := func(lines, body string) string { return "POST / HTTP/1.1\r\n" + host + lines + "\r\n" + body }

	f("length and encoding", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400)
	f("encoding and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400)
	f("length with other case and encoding", post("cOnTeNt-LeNgTh: 5\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"), 400)
	f("two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), 400)
	f("two equal lengths", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), 400)
	f("a list of lengths", post("Content-Length: 5, 5\r\n", "hello"), 400)
	f("a signed length", post("Content-Length: +5\r\n", "hello"), 400)
	f("a negative length", post("Content-Length: -1\r\n", ""), 400)
	f("a hexadecimal length", post("Content-Length: 0x5\r\n", "hello"), 400)
	f("an empty length", post("Content-Length:\r\n", ""), 400)
	f("an endless length", post("Content-Length: 99999999999999999999\r\n", ""), 400)
	f("two encodings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400)
	f("a list of encodings", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 400)
	f("an unknown encoding", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400)
	f("identity", post("Transfer-Encoding: identity\r\n", ""), 400)
	f("identity and length", post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello"), 400)
	f("an encoding with a tab", post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n"), 400)
	f("encoding in HTTP/1.0", "POST / HTTP/1.0\r\n"+host+"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)
	f("a folded header", get("X: a\r\n b\r\n"), 400)
	f("a folded header with a tab", get("X: a\r\n\tb\r\n"), 400)
	f("a folded encoding", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), 400)
	f("a fold in front", "GET / HTTP/1.1\r\n X: a\r\n"+host+"\r\n", 400)
	f("a bare LF", "GET / HTTP/1.1\r\n"+host+"X: a\nY: b\r\n\r\n", 400)
	f("a bare CR", get("X: a\rY: b\r\n"), 400)
	f("a space before the colon", get("X : a\r\n"), 400)
	f("a space in a name", get("X Y: a\r\n"), 400)
	f("a length with a space in its name", post("Content Length: 5\r\n", "hello"), 400)
	f("a control byte in a name", get("X\x01: a\r\n"), 400)
	f("a byte over ASCII in a name", get("X\xe9: a\r\n"), 400)
	f("no name", get(": a\r\n"), 400)
	f("no colon", get("X\r\n"), 400)
	f("NUL in a name", get("X\x00: a\r\n"), 400)
	f("NUL in a value", get("X: a\x00b\r\n"), 400)
	f("a control byte in a value", get("X: a\x01b\r\n"), 400)
	f("DEL in a value", get("X: a\x7fb\r\n"), 400)
	f("no host", "GET / HTTP/1.1\r\nX: a\r\n\r\n", 400)
	f("an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400)
	f("two hosts", get("Host: i.test\r\n"), 400)
	f("two equal hosts", get(host), 400)
	for _, bad := range []string{"a b", "a,b", "a/b", "a@b", "a\\b", "a:b", "a:80:80", "a:123456", "[::1", "::1", "[g]", ":80", "a?b", "a#b", "\xff"} {
		f("the host "+bad, "GET / HTTP/1.1\r\nHost: "+bad+"\r\n\r\n", 400)
	}
	f("CONNECT", "CONNECT h.test:443 HTTP/1.1\r\n"+host+"\r\n", 400)
	f("CONNECT with a path", "CONNECT / HTTP/1.1\r\n"+host+"\r\n", 400)
	f("another authority", "GET http://i.test/ HTTP/1.1\r\n"+host+"\r\n", 400)
	f("another port", "GET http://h.test:81/ HTTP/1.1\r\n"+host+"\r\n", 400)
	f("a user in the authority", "GET http://u@h.test/ HTTP/1.1\r\n"+host+"\r\n", 400)
	f("another scheme", "GET ftp://h.test/ HTTP/1.1\r\n"+host+"\r\n", 400)
	f("a target without a slash", "GET a HTTP/1.1\r\n"+host+"\r\n", 400)
	f("a query as target", "GET ?a HTTP/1.1\r\n"+host+"\r\n", 400)
	f("a fragment", "GET /#a HTTP/1.1\r\n"+host+"\r\n", 400)
	f("a fragment behind a query", "GET /?a#a HTTP/1.1\r\n"+host+"\r\n", 400)
	f("NUL in the path", "GET /%00 HTTP/1.1\r\n"+host+"\r\n", 400)
	f("half an escape", "GET /%2 HTTP/1.1\r\n"+host+"\r\n", 400)
	f("a wrong escape", "GET /%zz HTTP/1.1\r\n"+host+"\r\n", 400)
	f("a raw NUL in the target", "GET /\x00 HTTP/1.1\r\n"+host+"\r\n", 400)
	f("a tab in the target", "GET /\ta HTTP/1.1\r\n"+host+"\r\n", 400)
	f("a space in the target", "GET /a b HTTP/1.1\r\n"+host+"\r\n", 400)
	f("HTTP/2 over HTTP/1", "GET / HTTP/2.0\r\n"+host+"\r\n", 400)
	f("HTTP/1.2", "GET / HTTP/1.2\r\n"+host+"\r\n", 400)
	f("HTTP/0.9", "GET /\r\n\r\n", 400)
	f("no HTTP at all", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\r\n\r\n", 400)
	f("an odd method", "G\x01T / HTTP/1.1\r\n"+host+"\r\n", 400)
	f("two credentials", get("Authorization: Basic YTpi\r\nAuthorization: Basic YTpj\r\n"), 400)
	f("a header over the limit", get("X: "+strings.Repeat("a", 17<<10)+"\r\n"), 431)
	f("a target over the limit", "GET /"+strings.Repeat("a", 17<<10)+" HTTP/1.1\r\n"+host+"\r\n", 431)
	f("a chunk without a size", post("Transfer-Encoding: chunked\r\n", "x\r\n\r\n"), 400)
	f("a chunk longer than it says", post("Transfer-Encoding: chunked\r\n", "2\r\nabc\r\n0\r\n\r\n"), 400)
	f("a chunk with a bare LF", post("Transfer-Encoding: chunked\r\n", "1\na\r\n0\r\n\r\n"), 400)
	f("a chunk of a negative size", post("Transfer-Encoding: chunked\r\n", "-1\r\na\r\n0\r\n\r\n"), 400)
	f("a trailer that frames", post("Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 3\r\n\r\n"), 400)
}

// What the guard must let through.
func TestWellFormedRequestsPass(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "/", echo))
	f := func(name, raw, body string) {
		t.Helper()
		if got := ts.do(raw); got.StatusCode != 200 || got.body != body {
			t.Errorf("%s: got %d %q, want 200 %q", name, got.StatusCode, got.body, body)
		}
	}
	f("plain", "GET / HTTP/1.1\r\nHost: h.test\r\n\r\n", "")
	f("with a port", "GET / HTTP/1.1\r\nHost: h_1.test:8080\r\n\r\n", "")
	f("an address", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "")
	f("HTTP/1.0 without a host", "GET / HTTP/1.0\r\n\r\n", "")
	f("absolute", "GET http://h.test/a?b HTTP/1.1\r\nHost: H.test\r\n\r\n", "")
	f("absolute without a path", "GET http://h.test HTTP/1.1\r\nHost: h.test\r\n\r\n", "")
	f("absolute with only a query", "GET http://h.test?x=1 HTTP/1.1\r\nHost: h.test\r\n\r\n", "")
	f("a URL in the query", "GET /?u=http://i.test/%zz HTTP/1.1\r\nHost: h.test\r\n\r\n", "")
	f("an empty value", "GET / HTTP/1.1\r\nHost: h.test\r\nX:\r\n\r\n", "")
	f("bytes over ASCII in a value", "GET / HTTP/1.1\r\nHost: h.test\r\nX: \xe9\r\n\r\n", "")
	f("a body", "POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 5\r\n\r\nhello", "hello")
	f("an empty body", "POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 0\r\n\r\n", "")
	f("a body of GET", "GET / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 5\r\n\r\nhello", "hello")
	f("chunks", "POST / HTTP/1.1\r\nHost: h.test\r\nTransfer-Encoding: CHUNKED\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nX: y\r\n\r\n", "hello")
}

// The server-wide OPTIONS is well formed, and nothing is served there.
func TestOptionsOfTheServer(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "/", say("root")))
	if got := ts.do("OPTIONS * HTTP/1.1\r\nHost: h.test\r\n\r\n"); got.StatusCode != 404 || got.Close {
		t.Errorf("got %d, close %t, want 404 and an open connection", got.StatusCode, got.Close)
	}
}

// What may stand in a name is what RFC 9110 says, section 5.6.2.
func TestIsToken(t *testing.T) {
	const tokens = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for c := range 256 {
		if got, want := isToken(byte(c)), strings.Contains(tokens, string([]byte{byte(c)})); got != want {
			t.Errorf("%#x: got %t, want %t", c, got, want)
		}
	}
}

func BenchmarkGuardLines(b *testing.B) {
	header := []byte("Host: shop.test\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html,*/*;q=0.8\r\n" +
		"Accept-Language: en\r\nAccept-Encoding: gzip, br\r\nReferer: http://shop.test/\r\nConnection: keep-alive\r\n" +
		"Cookie: session=abcdefghijklmnopqrstuvwxyz\r\nUpgrade-Insecure-Requests: 1\r\nCache-Control: max-age=0\r\n\r\n")
	b.ReportAllocs()
	for b.Loop() {
		if err := guardLines(header); err != nil {
			b.Fatal(err)
		}
	}
}
