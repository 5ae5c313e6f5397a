package upstream

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// uploading returns a call whose body is still to come.
func uploading(t *testing.T, buffered string, rest io.Reader, length int64) *call {
	c := newCall(t, "POST / HTTP/1.1\r\nHost: h\r\n\r\n")
	c.in.body = Body{Buffered: []byte(buffered), Rest: rest, Length: length, Stop: func() {}}
	return c
}

func TestUploads(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 1<<16)
	var body, framing string
	p := newPeer(t, func(c *peerConn) {
		for {
			r, ok := c.head()
			if !ok {
				return
			}
			b, _ := io.ReadAll(r.Body)
			body, framing = string(b), strings.Join(r.TransferEncoding, ",")
			c.say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") // which an upload that is over need not stop for
		}
	})
	c := p.client()
	f := func(buffered, rest string, length int64) {
		t.Helper()
		call := uploading(t, buffered, strings.NewReader(rest), length)
		if _, err := call.to(c); err != nil {
			t.Errorf("%d and %d bytes: %v", len(buffered), len(rest), err)
		}
		if body != buffered+rest || (framing == "chunked") != (length < 0) {
			t.Errorf("%d and %d bytes of %d: got %d, %q", len(buffered), len(rest), length, len(body), framing)
		}
		if got := c.Stats(); got.Idle != 1 || got.Connects != 1 {
			t.Errorf("got %+v, want the connection kept", got)
		}
	}
	f("some ", "text", 9)
	f("", text, int64(len(text)))
	f(text, text, int64(2*len(text)))
	f("some ", "text", -1)
	f("", text, -1)
	f(text, text, -1)
	f("", "", -1)
	// One that is here already, and large, is sent in the same way.
	call := newCall(t, "PUT / HTTP/1.1\r\nHost: h\r\n\r\n"+text)
	if _, err := call.to(c); err != nil || body != text {
		t.Errorf("got %d bytes, %v", len(body), err)
	}
}

// endless is a body that blocks until it is stopped, or for good.
type endless struct {
	io.Reader
	stopped chan struct{}
}

var errStopped = errors.New("stopped")

func (e *endless) Read(b []byte) (int, error) {
	if n, _ := e.Reader.Read(b); n > 0 {
		return n, nil
	}
	<-e.stopped
	return 0, errStopped
}

// An answer that refuses the request is taken while the body is under way, and
// ends the upload, be it the client or the server that blocks it.
func TestEarlyAnswers(t *testing.T) {
	f := func(name string, rest io.Reader, length int64, answer string) {
		t.Helper()
		over := make(chan struct{}) // until then the server reads nothing more
		defer close(over)
		p := newPeer(t, func(c *peerConn) {
			c.head()
			c.say(answer)
			<-over
		})
		c := p.client()
		body := &endless{rest, make(chan struct{})}
		call := uploading(t, "begin", body, length)
		stops := 0
		call.in.body.Stop = func() { stops++; close(body.stopped) }
		_, err := call.to(c)
		if got, _ := call.written(); err != nil || !strings.Contains(got, " 413 ") {
			t.Errorf("%s: got %q, %v, want the 413", name, got, err)
		}
		if stops != 1 || c.Stats().Connections != 0 {
			t.Errorf("%s: stopped %d times, %+v", name, stops, c.Stats())
		}
	}
	const refusal = "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno"
	f("a slow client", strings.NewReader("more"), 100, refusal)
	f("a slow client of chunks", strings.NewReader("more"), -1, refusal)
	f("behind an interim answer", strings.NewReader("more"), -1, "HTTP/1.1 100 Continue\r\n\r\n"+refusal)
	f("a slow server", io.LimitReader(zeros{}, 1<<30), 1<<30, refusal)
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// An answer that does not refuse waits for the end of the upload.
func TestEarlyAcceptance(t *testing.T) {
	got := make(chan string, 1)
	p := newPeer(t, func(c *peerConn) {
		r, _ := c.head()
		c.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
		b, _ := io.ReadAll(r.Body)
		got <- string(b)
	})
	call := uploading(t, "some ", strings.NewReader("text"), 9)
	if _, err := call.to(p.client()); err != nil {
		t.Fatal(err)
	}
	if body := <-got; body != "some text" || string(call.rc.Response.Body()) != "hi" {
		t.Errorf("got %q and %q", body, call.rc.Response.Body())
	}
}

// The client's fault is not the server's: a body that breaks is an OpClient,
// and the server sees the connection end before the body does.
func TestBrokenUploads(t *testing.T) {
	errBody := errors.New("body")
	f := func(rest io.Reader, length int64, want error) {
		t.Helper()
		complete := make(chan bool, 1)
		p := newPeer(t, func(c *peerConn) {
			_, ok := c.request()
			complete <- ok
		})
		c := p.client()
		call := uploading(t, "begin", rest, length)
		_, err := call.to(c)
		var failure *Error
		if !errors.As(err, &failure) || failure.Op != OpClient || !failure.BodyTaken || !errors.Is(err, want) {
			t.Errorf("got %v (%+v), want %v", err, failure, want)
		}
		if <-complete {
			t.Error("the server got a complete request")
		}
		if got := c.Stats().Connections; got != 0 {
			t.Errorf("got %d connections", got)
		}
	}
	broken := func() io.Reader { return io.MultiReader(strings.NewReader("more"), &failing{errBody}) }
	f(broken(), 100, errBody)
	f(broken(), -1, errBody)
	f(strings.NewReader("more"), 100, io.ErrUnexpectedEOF)
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// A server that breaks during an upload is at fault, and ends it.
func TestUploadToBrokenServer(t *testing.T) {
	p := newPeer(t, func(c *peerConn) { c.head() })
	body := &endless{strings.NewReader("more"), make(chan struct{})}
	call := uploading(t, "begin", body, 100)
	call.in.body.Stop = func() { close(body.stopped) }
	_, err := call.to(p.client())
	var failure *Error
	if !errors.As(err, &failure) || failure.Op != OpRead || !failure.BodyTaken || !failure.Sent || errors.Is(err, errStopped) {
		t.Errorf("got %v (%+v)", err, failure)
	}
}

// Time counts from the end of the upload on, which may take what it takes.
func TestUploadTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(testConfig("nowhere"))
		far := pipe(c)
		go io.Copy(io.Discard, far)
		call := uploading(t, "", &slowBody{reads: 5, pause: 30 * time.Second}, -1)
		start := time.Now()
		_, err := call.to(c)
		var failure *Error
		if took := time.Since(start); !errors.Is(err, ErrFirstByteTimeout) || took < 160*time.Second || took > 161*time.Second {
			t.Errorf("got %v after %v", err, took)
		}
		if !errors.As(err, &failure) || !failure.Timeout || !failure.BodyTaken {
			t.Errorf("got %+v", failure)
		}
		far.Close()
		c.Close()
	})
	synctest.Test(t, func(t *testing.T) {
		c := New(testConfig("nowhere"))
		far := pipe(c)
		go bufio.NewReader(far).ReadString('\n')
		call := uploading(t, "", zeros{}, 1<<30)
		start := time.Now()
		_, err := call.to(c)
		if took := time.Since(start); !errors.Is(err, ErrSendTimeout) || took < 10*time.Second || took > 11*time.Second {
			t.Errorf("got %v after %v", err, took)
		}
		far.Close()
		c.Close()
	})
}

type slowBody struct {
	reads int
	pause time.Duration
}

func (s *slowBody) Read(b []byte) (int, error) {
	if s.reads == 0 {
		return 0, io.EOF
	}
	s.reads--
	time.Sleep(s.pause)
	return copy(b, "x"), nil
}

// A panic of the body leaves nothing behind.
func TestUploadPanics(t *testing.T) {
	p := newPeer(t, func(c *peerConn) { c.ended() })
	c := p.client()
	defer func() {
		if recover() == nil {
			t.Error("got no panic")
		}
	}()
	uploading(t, "", panicking{}, 10).to(c)
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("body") }
