package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// TestRequests gives what a client sends, and what the server gets.
func TestRequests(t *testing.T) {
	p := always(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	c := p.client()
	f := func(raw, want string) {
		t.Helper()
		call := newCall(t, raw)
		call.in.forwarded = "X-Real-IP: 192.0.2.1\r\n"
		if _, err := call.to(c); err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		requests, connections := p.heard()
		if got := requests[len(requests)-1]; got != want || connections != 1 {
			t.Errorf("%q:\ngot  %q on connection %d\nwant %q", raw, got, connections, want)
		}
	}
	f("GET /a%2Fb/../c?d=%zz HTTP/1.1\r\nHost: A.test:81\r\n\r\n",
		"GET /a%2Fb/../c?d=%zz HTTP/1.1\r\nHost: A.test:81\r\nX-Real-IP: 192.0.2.1\r\n\r\n")
	f("GET http://a.test/x?y HTTP/1.1\r\nHost: a.test\r\n\r\n", "GET /x?y HTTP/1.1\r\nHost: a.test\r\nX-Real-IP: 192.0.2.1\r\n\r\n")
	f("GET http://a.test?y HTTP/1.1\r\nHost: a.test\r\n\r\n", "GET /?y HTTP/1.1\r\nHost: a.test\r\nX-Real-IP: 192.0.2.1\r\n\r\n")
	f("GET http://a.test HTTP/1.1\r\nHost: a.test\r\n\r\n", "GET / HTTP/1.1\r\nHost: a.test\r\nX-Real-IP: 192.0.2.1\r\n\r\n")
	f("OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a.test\r\nX-Real-IP: 192.0.2.1\r\n\r\n")
	f("GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: default.test\r\nX-Real-IP: 192.0.2.1\r\n\r\n")
	// Names, order and repetitions are the client's.
	f("GET / HTTP/1.1\r\nx-b:2\r\nhOST:  h \r\nAccept: a\r\nX-A: 1\r\naccept: b\r\n\r\n",
		"GET / HTTP/1.1\r\nx-b:2\r\nhOST:  h \r\nAccept: a\r\nX-A: 1\r\naccept: b\r\nX-Real-IP: 192.0.2.1\r\n\r\n")
	// Hop by hop, and what only the listener in front may say.
	f("GET / HTTP/1.1\r\nHost: h\r\nConnection: close, X-Own ,host\r\nX-Own: 1\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nProxy-Authorization: x\r\n"+
		"Proxy-Authenticate: x\r\nTE: trailers\r\nTrailer: X-T\r\nUpgrade: x\r\nExpect: 100-continue\r\nForwarded: for=x\r\nX-Real-IP: x\r\nX-Scheme: x\r\n"+
		"X-Forwarded-For: x\r\nX-Forwarded-Proto: x\r\nX-Forwarded-Host: x\r\nX-Request-Id: x\r\nX_Real_IP: x\r\nX-Kept: 1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: h\r\nX-Kept: 1\r\nX-Real-IP: 192.0.2.1\r\n\r\n")
	// Bodies.
	f("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nX: y\r\n\r\nhi", "POST / HTTP/1.1\r\nHost: h\r\nX: y\r\nX-Real-IP: 192.0.2.1\r\nContent-Length: 2\r\n\r\nhi")
	f("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nhi", "POST / HTTP/1.1\r\nHost: h\r\nX-Real-IP: 192.0.2.1\r\nContent-Length: 2\r\n\r\nhi")
	f("POST / HTTP/1.1\r\nHost: h\r\n\r\n", "POST / HTTP/1.1\r\nHost: h\r\nX-Real-IP: 192.0.2.1\r\nContent-Length: 0\r\n\r\n")
	f("DELETE / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "DELETE / HTTP/1.1\r\nHost: h\r\nX-Real-IP: 192.0.2.1\r\nContent-Length: 0\r\n\r\n")
	large := strings.Repeat("x", smallBody+1)
	f("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 16385\r\n\r\n"+large, "PUT / HTTP/1.1\r\nHost: h\r\nX-Real-IP: 192.0.2.1\r\nContent-Length: 16385\r\n\r\n"+large)
}

// TestUpgradesOffered gives the requests that may switch protocols.
func TestUpgradesOffered(t *testing.T) {
	f := func(raw, want string) {
		t.Helper()
		call := newCall(t, raw)
		var r request
		if err := r.compose(&call.rc.Request.Header, call.in, &call.in.body, "h"); err != nil || string(r.upgrade) != want {
			t.Errorf("%q: got %q, %v, want %q", raw, r.upgrade, err, want)
		}
		if offered := strings.HasSuffix(string(r.head), "\r\nConnection: Upgrade\r\nUpgrade: "+want+"\r\n\r\n"); offered != (want != "") {
			t.Errorf("%q: got %q", raw, r.head)
		}
	}
	f("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n", "websocket")
	f("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n", "")
	f("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n\r\n", "")
	f("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n\r\n", "")
	f("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: websocket, H2C\r\nHTTP2-Settings: x\r\n\r\n", "")
	f("GET / HTTP/1.0\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "")
	f("POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi", "")
}

// FuzzRequestHead demands that whatever head of a request comes through, it is
// one request for others too, with the same method, target, host and body, and
// that nobody else says who is asking.
func FuzzRequestHead(f *testing.F) {
	f.Add([]byte(get), []byte("body"))
	f.Add([]byte("POST http://a/b HTTP/1.1\r\nHost: a\r\nConnection: x-a\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), []byte{})
	f.Add([]byte("GET /#x HTTP/1.0\r\nX_A: b\r\nforwarded : x\r\n\tfolded\r\n\r\n"), []byte{})
	f.Fuzz(func(t *testing.T, raw, content []byte) {
		var h fasthttp.RequestHeader
		if h.Read(bufio.NewReaderSize(bytes.NewReader(raw), 64<<10)) != nil {
			return
		}
		in := &listener{body: Body{Buffered: content, Length: int64(len(content))}, forwarded: "X-Real-IP: 192.0.2.1\r\n"}
		var r request
		if r.compose(&h, in, &in.body, "default.test") != nil {
			return
		}
		br := bufio.NewReader(io.MultiReader(bytes.NewReader(r.head), bytes.NewReader(content)))
		got, err := http.ReadRequest(br)
		if err != nil {
			// What net/http does not take either, a listener in front refuses.
			if _, direct := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw))); direct == nil {
				t.Fatalf("from %q came %q: %v", raw, r.head, err)
			}
			return
		}
		body, err := io.ReadAll(got.Body)
		if err != nil || !bytes.Equal(body, content) || br.Buffered() > 0 {
			t.Fatalf("%q: got body %q, %v, and %d bytes more", r.head, body, err, br.Buffered())
		}
		if want := string(appendTarget(nil, h.RequestURI())); got.Method != string(h.Method()) || got.RequestURI != want {
			t.Errorf("got %s %s, want %s %s", got.Method, got.RequestURI, h.Method(), want)
		}
		if ip := got.Header.Values("X-Real-IP"); len(ip) != 1 || ip[0] != "192.0.2.1" {
			t.Errorf("%q: got %q", r.head, ip)
		}
		for _, name := range []string{"Forwarded", "Te", "Trailer", "Expect", "Keep-Alive", "Proxy-Authorization", "X-Forwarded-For"} {
			if got.Header[name] != nil {
				t.Errorf("%q: got a %s", r.head, name)
			}
		}
	})
}

// A request that cannot be passed on is the client's fault: no other server is
// asked, and none is blamed.
func TestMalformedRequest(t *testing.T) {
	p := answering(t)
	c := p.client()
	call := newCall(t, get)
	if err := call.rc.Request.Header.Read(bufio.NewReader(strings.NewReader("GET / HTTP/1.1\r\nHost: h\r\nX-A: b\r\n\tfolded\r\n\r\n"))); err != nil {
		t.Skip("the parser in front refuses it")
	}
	_, err := call.to(c)
	var failure *Error
	if !errors.As(err, &failure) || failure.Op != OpClient || !failure.Blameless() || failure.Sent || !errors.Is(err, errRequest) {
		t.Errorf("got %v, want %v", err, errRequest)
	}
}

func TestBytes(t *testing.T) {
	for c := range 256 {
		b := byte(c)
		token := b > ' ' && b < 0x7f && !strings.ContainsRune("\"(),/:;<=>?@[\\]{}", rune(b))
		if tokenBytes[b] != token {
			t.Errorf("%q in a name: got %v, want %v", b, tokenBytes[b], token)
		}
		if want := b < ' ' && b != '\t' || b == 0x7f; controls[b] != want {
			t.Errorf("%q in a value: got %v, want it refused: %v", b, controls[b], want)
		}
		if got, want := equalFold([]byte{b, 'X', '-'}, "kx-"), b == 'k' || b == 'K'; got != want {
			t.Errorf("%q: got %v, want %v", b, got, want)
		}
	}
}
