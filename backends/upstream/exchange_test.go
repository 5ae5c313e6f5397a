package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"testing"
	"time"
)

// BenchmarkExchange measures what is ours of a buffered exchange: the system
// calls of a loopback connection are part of it.
func BenchmarkExchange(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go echoAnswer(l, "HTTP/1.1 200 OK\r\nServer: s\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n"+strings.Repeat("x", 1024))
	c := New(testConfig(l.Addr().String()))
	defer c.Close()
	call := newCall(b, get)
	b.ReportAllocs()
	for b.Loop() {
		call.rc.Response.Reset()
		if _, err := call.to(c); err != nil {
			b.Fatal(err)
		}
	}
}

// echoAnswer gives the same answer to each write on the one connection.
func echoAnswer(l net.Listener, answer string) {
	c, err := l.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	text, in := []byte(answer), make([]byte, 4096)
	for {
		if _, err := c.Read(in); err != nil {
			return
		}
		if _, err := c.Write(text); err != nil {
			return
		}
	}
}

func TestExchangeDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("pools forget under the race detector")
	}
	f := func(request, answer string) {
		t.Helper()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go echoAnswer(l, answer)
		c := newTestClient(t, testConfig(l.Addr().String()))
		call := newCall(t, request)
		got := testing.AllocsPerRun(200, func() {
			call.rc.Response.Header.Reset()
			call.rc.Response.SetBodyRaw(nil)
			if _, err := call.to(c); err != nil {
				t.Fatal(err)
			}
		})
		if got != 0 {
			t.Errorf("%.40q: got %v allocations, want 0", answer, got)
		}
	}
	f(get, "HTTP/1.1 200 OK\r\nServer: s\r\nX-A: b\r\nSet-Cookie: a=b\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n"+strings.Repeat("x", 1024))
	f("POST / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, x-a\r\nX-A: 1\r\nContent-Length: 4\r\n\r\nbody", empty)
	f(get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nchunk\r\n0\r\n\r\n")
	f(get, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("x", 100000))
}

// script is a server's side of a connection: bytes, and then the end.
type script struct {
	io.Reader
	closed bool
}

func (s *script) Write(b []byte) (int, error)      { return len(b), nil }
func (s *script) Close() error                     { s.closed = true; return nil }
func (s *script) LocalAddr() net.Addr              { return nil }
func (s *script) RemoteAddr() net.Addr             { return nil }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// FuzzExchangeResponse has a server say anything at all. Nothing panics or
// hangs; what is passed on as complete is what net/http reads too; and the
// connection is kept only where an answer has ended just where the bytes do.
func FuzzExchangeResponse(f *testing.F) {
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.0 200 OK\r\n\r\nhi", "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nhi\r\n0\r\nX: y\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 \r\nX: y\r\n\r\n",
		"HTTP/1.1 101 x\r\nUpgrade: echo\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
	} {
		f.Add([]byte(answer), false)
	}
	f.Fuzz(func(t *testing.T, answer []byte, head bool) {
		c := New(testConfig("nowhere"))
		defer c.Close()
		server := &script{Reader: bytes.NewReader(answer)}
		cn := newConn(c, server)
		request := get
		if head {
			request = "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"
		}
		call := newCall(t, request)
		_, err := cn.exchange(call.rc, call.in, nil)
		written := ""
		if err == nil {
			written, err = call.written()
		}
		if kept := c.Stats().Idle == 1; kept == server.closed || kept && (err != nil || server.Reader.(*bytes.Reader).Len() > 0) {
			t.Fatalf("kept is %v, closed %v behind %v", kept, server.closed, err)
		}
		if err != nil {
			return
		}
		compare(t, answer, written, call)
	})
}

// compare has net/http read what the server said and what the client gets.
func compare(t *testing.T, answer []byte, written string, call *call) {
	t.Helper()
	r, _ := http.NewRequest(string(call.rc.Method()), "/", http.NoBody)
	in := bufio.NewReader(bytes.NewReader(answer))
	want, err := http.ReadResponse(in, r)
	for err == nil && want.StatusCode < 200 {
		want, err = http.ReadResponse(in, r)
	}
	if err != nil {
		return // it refuses some answers that are well enough
	}
	wantBody, err := io.ReadAll(want.Body)
	if err != nil {
		t.Fatalf("%q was passed on as complete, and is not: %v", answer, err)
	}
	head, body, _ := strings.Cut(written, "\n\n")
	got, err := http.ReadResponse(bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n")+"\r\n\r\n"+body)), r)
	if err != nil {
		t.Fatalf("from %q came %q: %v", answer, written, err)
	}
	gotBody, err := io.ReadAll(got.Body)
	if err != nil || !bytes.Equal(gotBody, wantBody) || got.StatusCode != want.StatusCode {
		t.Errorf("got %d %q, %v, want %d %q", got.StatusCode, gotBody, err, want.StatusCode, wantBody)
	}
	for _, name := range []string{"Connection", "Keep-Alive", "Upgrade", "Trailer", "Te", "Proxy-Authenticate"} {
		if got.Header[name] != nil {
			t.Errorf("%q: got a %s", written, name)
		}
	}
}

// FuzzChunks compares the reader of chunks with the standard library's.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("2;x\r\nhi\r\n00\r\nX: y\r\n\r\n"), 3)
	f.Add([]byte("a \t\r\n0123456789\r\n0\r\n\r\nmore"), 1)
	f.Add([]byte("2\nhi\n0\n\n"), 10)
	f.Add([]byte("2 ;x\r\nhi\r\n0; y \r\n\r\n"), 10)
	f.Add([]byte("1\r\n1\r\n0000000000000000\r\n\r\n"), 10)
	f.Add([]byte("00000000000000001\r\n1\r\n0\r\n\r\n"), 10)
	f.Add([]byte("8000000000000001\r\n1\r\n0\r\n\r\n"), 10)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		if size < 1 || size > 100 {
			return
		}
		ours := &chunks{r: bufio.NewReaderSize(bytes.NewReader(b), 5000), limit: 5000}
		theirs := bufio.NewReaderSize(bytes.NewReader(b), 5000)
		got, err := io.ReadAll(&piecewise{ours, size})
		want, wantErr := io.ReadAll(httputil.NewChunkedReader(theirs))
		switch {
		case err == nil && (wantErr != nil || !bytes.Equal(got, want)):
			t.Errorf("%q: got %q, want %q, %v", b, got, want, wantErr)
		case err != nil && wantErr == nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errHeaderLine) && !errors.Is(err, errHeadSize):
			t.Errorf("%q: got %v, want %q", b, err, want)
		}
	})
}

// piecewise reads a few bytes at a time.
type piecewise struct {
	io.Reader
	size int
}

func (p *piecewise) Read(b []byte) (int, error) { return p.Reader.Read(b[:min(len(b), p.size)]) }
