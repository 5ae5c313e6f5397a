package upstream

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipe gives c a connection that a test holds the other end of, in a time and
// with buffers of its own.
func pipe(c *Client) net.Conn {
	near, far := net.Pipe()
	cn := newConn(c, near)
	cn.keptUntil = c.now() + time.Hour
	c.pool.put(cn, c.now())
	return far
}

// TestLargeAnswers gives each way in which a body that is not buffered ends.
func TestLargeAnswers(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 1<<16)
	f := func(name, answer string, kept bool) {
		t.Helper()
		p := answering(t, answer, empty)
		c := p.client()
		call := newCall(t, get)
		stream, err := call.to(c)
		if err != nil || stream == nil || !call.in.outlives {
			t.Fatalf("%s: got %v, %v, want a stream", name, stream, err)
		}
		var order []string
		stream.OnEnd(func(err error) { order = append(order, fmt.Sprint("over: ", err)) })
		got, err := call.written()
		_, body, _ := strings.Cut(got, "\n\n")
		if strings.Contains(got, "chunked") {
			body = unchunk(t, body)
		}
		if err != nil || body != text {
			t.Errorf("%s: got %d bytes, %v, want all %d", name, len(body), err, len(text))
		}
		if ended, sent, err := call.in.outcome(); ended != 1 || sent != int64(len(text)) || err != nil || len(order) != 1 || order[0] != "over: <nil>" {
			t.Errorf("%s: ended %d times with %d, %v, and %q", name, ended, sent, err, order)
		}
		if got := c.Stats().Idle == 1; got != kept {
			t.Errorf("%s: kept is %v, want %v", name, got, kept)
		}
	}
	f("length", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text), true)
	f("close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1048576\r\n\r\n"+text, false)
	f("chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n80000\r\n"+text[:1<<19]+"\r\n80000\r\n"+text[1<<19:]+"\r\n0\r\nX-A: b\r\n\r\n", true)
}

func unchunk(t *testing.T, body string) string {
	t.Helper()
	c := conn{r: bufio.NewReader(strings.NewReader(body))}
	var all strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		var n int64
		if _, scanErr := fmt.Sscanf(line, "%x\r\n", &n); err != nil || scanErr != nil {
			t.Fatalf("got %q, %v, %v", line, err, scanErr)
		}
		io.CopyN(&all, c.r, n)
		c.r.Discard(2)
		if n == 0 {
			return all.String()
		}
	}
}

// A body of medium size is complete before the client is written to.
func TestMediumAnswers(t *testing.T) {
	for _, length := range []int{smallBody, smallBody + 1, pageBytes} {
		text := strings.Repeat("x", length)
		p := answering(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", length, text))
		c := p.client()
		call := newCall(t, get)
		stream, err := call.to(c)
		if err != nil || stream != nil || c.Stats().Idle != 1 || call.in.outlives {
			t.Errorf("%d: got %v, %v, %+v", length, stream, err, c.Stats())
		}
		if got, err := call.written(); err != nil || !strings.HasSuffix(got, "\n\n"+text) {
			t.Errorf("%d: got %d bytes, %v", length, len(got), err)
		}
	}
}

// An answer that breaks is never taken for a complete one.
func TestBrokenAnswersAreCut(t *testing.T) {
	f := func(answer string) {
		t.Helper()
		p := answering(t, answer)
		c := p.client()
		call := newCall(t, get)
		stream, err := call.to(c)
		if err != nil {
			t.Fatal(err)
		}
		var over error
		stream.OnEnd(func(err error) { over = err })
		if got, err := call.written(); err == nil {
			t.Errorf("got %d bytes as if they were all", len(got))
		}
		var failure *Error
		if ended, _, err := call.in.outcome(); ended != 1 || !errors.As(err, &failure) || failure.Op != OpRead && failure.Op != OpHead || over != err {
			t.Errorf("ended %d times with %v, and over with %v", ended, err, over)
		}
		if got := c.Stats().Connections; got != 0 {
			t.Errorf("got %d connections", got)
		}
	}
	text := strings.Repeat("x", 2*pageBytes)
	f("HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n" + text)
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n80000\r\n" + text)
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40000\r\n" + text)
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40000\r\n" + text + "\r\n")
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40000\r\n" + text + "\r\n0\r\n")
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40000\r\n" + text + "\r\n0\r\nbad\r\n\r\n")
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40000\r\n" + text + "\r\n0\r\nX: " + strings.Repeat("y", 9<<10) + "\r\n\r\n")
}

// Events reach the client as they come, the head before the first of them.
func TestEventsAreFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(testConfig("nowhere"))
		far := pipe(c)
		client, front := net.Pipe()
		go func() {
			call := newCall(t, get)
			if _, err := call.to(c); err != nil {
				t.Error(err)
			}
			w := bufio.NewWriter(front)
			call.rc.Response.Write(w)
			w.Flush()
			front.Close()
		}()
		received := make(chan string, 100)
		go func() {
			defer close(received)
			for b := make([]byte, 1000); ; {
				n, err := client.Read(b)
				if err != nil {
					return
				}
				received <- string(b[:n])
			}
		}()
		f := func(say, want string) {
			t.Helper()
			if _, err := io.WriteString(far, say); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			got := ""
			for len(received) > 0 {
				got += <-received
			}
			if !strings.HasSuffix(got, want) || got == "" {
				t.Errorf("behind %q got %q, want %q", say, got, want)
			}
		}
		go io.Copy(io.Discard, far)
		f("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n", "\r\n\r\n")
		f("8\r\ndata: 1\n\r\n", "8\r\ndata: 1\n\r\n")
		f("8\r\ndata: 2\n\r\n8\r\nda", "a\r\ndata: 2\nda\r\n")
		f("ta: 3\n\r\n", "6\r\nta: 3\n\r\n")
		f("0\r\n\r\n", "0\r\n\r\n")
		far.Close()
		c.Close()
		for range received {
			t.Error("got more than was said")
		}
	})
}

// The server goes no faster than the client: what is in between is bounded.
func TestBackPressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(testConfig("nowhere"))
		far := pipe(c)
		client, front := net.Pipe()
		const length = 64 << 20
		written := 0
		go func() {
			bufio.NewReader(far).ReadString('\n')
			go io.Copy(io.Discard, far)
			fmt.Fprintf(far, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", length)
			for b := make([]byte, 1<<10); written < length; {
				n, err := far.Write(b)
				written += n
				if err != nil {
					return
				}
			}
		}()
		call := newCall(t, get)
		if _, err := call.to(c); err != nil {
			t.Fatal(err)
		}
		go func() {
			call.rc.Response.Write(bufio.NewWriter(front))
		}()
		synctest.Wait()
		if limit := pageBytes + 2*c.cfg.HeaderBytes; written > limit {
			t.Errorf("got %d bytes taken, want at most %d", written, limit)
		}
		client.Close()
		synctest.Wait()
		var failure *Error
		if ended, _, err := call.in.outcome(); ended != 1 || !errors.As(err, &failure) || failure.Op != OpClient {
			t.Errorf("ended %d times with %v", ended, err)
		}
		if _, err := far.Write([]byte("x")); err == nil {
			t.Error("the connection is still open")
		}
		far.Close()
		c.Close()
	})
}

// A client that leaves costs the server's connection, wherever the exchange is.
func TestClientLeaves(t *testing.T) {
	f := func(answer string) {
		t.Helper()
		asked := make(chan struct{})
		closed := make(chan struct{})
		p := newPeer(t, func(c *peerConn) {
			c.request()
			c.say(answer)
			close(asked)
			c.ended()
			close(closed)
		})
		c := p.client()
		call := newCall(t, get)
		go func() {
			<-asked
			call.in.leave()
		}()
		_, err := call.to(c)
		if err == nil {
			_, err = call.written()
		}
		var failure *Error
		if !errors.As(err, &failure) || failure.Op != OpClient || !errors.Is(err, context.Canceled) {
			t.Errorf("%q: got %v, want that the client has left", answer, err)
		}
		<-closed
		if got := c.Stats().Connections; got != 0 {
			t.Errorf("%q: got %d connections", answer, got)
		}
	}
	f("")
	f("HTTP/1.1 200 OK\r\n")
	f("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi")
	f("HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\nhi")
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
	// One that has left already is not asked for.
	p := answering(t)
	call := newCall(t, get)
	call.in.leave()
	if _, err := call.to(p.client()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if requests, connections := p.heard(); len(requests) != 0 || connections != 0 {
		t.Errorf("got %d requests on %d connections", len(requests), connections)
	}
}

// A response that is dropped unread ends its stream.
func TestDroppedStream(t *testing.T) {
	p := answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\nhi")
	c := p.client()
	call := newCall(t, get)
	stream, err := call.to(c)
	if err != nil {
		t.Fatal(err)
	}
	call.rc.Response.Reset()
	if ended, sent, err := call.in.outcome(); ended != 1 || sent != 0 || !errors.Is(err, errUnread) {
		t.Errorf("ended %d times with %d, %v", ended, sent, err)
	}
	called := 0
	stream.OnEnd(func(err error) { called++ })
	if called != 1 || c.Stats().Connections != 0 {
		t.Errorf("called %d times, %+v", called, c.Stats())
	}
}

func TestCloseEndsStreams(t *testing.T) {
	p := newPeer(t, func(c *peerConn) {
		c.request()
		c.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		c.ended()
	})
	c := p.client()
	call := newCall(t, get)
	if _, err := call.to(c); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := call.written(); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want %v", err, ErrClosed)
	}
}

// TestOldClients gives answers whose length nobody knows to clients of HTTP/1.0,
// which know of no chunks: the end is that of the connection, and a reset where
// the answer broke.
func TestOldClients(t *testing.T) {
	f := func(request, answer, body string, whole bool) {
		t.Helper()
		p := answering(t, answer)
		c := p.client()
		call := newCall(t, request)
		stream, err := call.to(c)
		if err != nil || stream == nil || call.in.hijacked == nil || call.rc.Response.BodyStream() != nil {
			t.Fatalf("%q: got %v, %v, want the connection taken over", answer, stream, err)
		}
		client, front := connected(t)
		call.in.hijacked(front)
		front.Close()
		got, err := io.ReadAll(client)
		head, text, _ := strings.Cut(string(got), "\r\n\r\n")
		if !strings.HasPrefix(head, "HTTP/1.1 200 OK\r\n") || strings.Contains(head, "chunked") || !strings.Contains(head, "\r\nConnection: close") || text != body || (err == nil) != whole {
			t.Errorf("%q: got %q, %v, want %q", answer, got, err, body)
		}
		if ended, sent, err := call.in.outcome(); ended != 1 || sent != int64(len(body)) || (err == nil) != whole {
			t.Errorf("%q: ended %d times with %d, %v", answer, ended, sent, err)
		}
	}
	const old, kept = "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	large := strings.Repeat("x", 100_000)
	for _, request := range []string{old, kept} {
		f(request, chunked+"186a0\r\n"+large+"\r\n0\r\n\r\n", large, true)
		f(request, "HTTP/1.1 200 OK\r\n\r\nsome text", "some text", true)
		f(request, chunked+"5\r\nhello\r\n5\r\n", "hello", false)
		f(request, chunked+"186a0\r\n"+large, large, false)
	}
}

// What is here of a body goes out together with the head.
func TestHeadGoesWithTheBody(t *testing.T) {
	f := func(answer, want string) {
		t.Helper()
		p := answering(t, answer)
		call := newCall(t, get)
		if _, err := call.to(p.client()); err != nil {
			t.Fatal(err)
		}
		var w firstWrite
		call.rc.Response.Write(bufio.NewWriter(&w))
		if !strings.HasSuffix(string(w), want) {
			t.Errorf("%q: the first write was %q, want it to end with %q", answer, w, want)
		}
	}
	const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	f(head+"5\r\nhello\r\n", "\r\n\r\n5\r\nhello\r\n")
	// What is not all here is not waited for.
	f(head+"5\r\nhello\r\n5\r\n", "\r\n\r\n5\r\nhello\r\n")
	f(head+"5\r\n", "\r\n\r\n")
}

// firstWrite keeps what is written first.
type firstWrite []byte

func (w *firstWrite) Write(b []byte) (int, error) {
	if *w == nil {
		*w = bytes.Clone(b)
	}
	return len(b), nil
}

// A length that an int cannot hold is not declared wrongly.
func TestHugeAnswer(t *testing.T) {
	p := answering(t, "HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\nhi")
	call := newCall(t, get)
	if _, err := call.to(p.client()); err != nil {
		t.Fatal(err)
	}
	got, err := call.written()
	if declared := strings.Contains(got, "Content-Length: 5000000000\n"); err == nil || declared == strings.Contains(got, "chunked") || declared != (math.MaxInt > 5_000_000_000) {
		t.Errorf("got %q, %v", got, err)
	}
}
