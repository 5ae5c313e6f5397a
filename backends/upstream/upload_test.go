package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
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
	once    sync.Once
	asked   chan struct{} // closed by the first Read
}

func newEndless(r io.Reader) *endless {
	return &endless{Reader: r, stopped: make(chan struct{}), asked: make(chan struct{})}
}

var errStopped = errors.New("stopped")

func (e *endless) Read(b []byte) (int, error) {
	e.once.Do(func() { close(e.asked) })
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
		body := newEndless(rest)
		p := newPeer(t, func(c *peerConn) {
			c.head()
			<-body.asked
			c.say(answer)
			<-over
		})
		c := p.client()
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
	body := newEndless(strings.NewReader("more"))
	p := newPeer(t, func(c *peerConn) {
		c.head()
		<-body.asked
	})
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

// An interim answer changes nothing of that: not before the upload's end, nor
// behind it.
func TestInterimAnswerDuringUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig("nowhere")
		cfg.ReadTimeout = 2 * time.Second
		c := New(cfg)
		far := pipe(c)
		go io.Copy(io.Discard, far)
		go io.WriteString(far, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n")
		start := time.Now()
		_, err := uploading(t, "", &slowBody{reads: 5, pause: 30 * time.Second}, -1).to(c)
		if took := time.Since(start); !errors.Is(err, ErrFirstByteTimeout) || took < 160*time.Second || took > 161*time.Second {
			t.Errorf("got %v after %v", err, took)
		}
		far.Close()
		c.Close()
	})
}

// A kept connection that turns out dead while nothing has been taken of the
// client's body costs nothing: that is read for the next connection.
func TestStaleRetryOfUpload(t *testing.T) {
	var first atomic.Bool
	got := make(chan string, 1)
	p := newPeer(t, func(c *peerConn) {
		c.request()
		if first.CompareAndSwap(false, true) {
			c.say(empty)
			c.Conn.(*net.TCPConn).SetLinger(0)
			return
		}
		c.p.mu.Lock()
		defer c.p.mu.Unlock()
		got <- c.p.requests[len(c.p.requests)-1]
		c.say(empty)
	})
	c := p.client()
	if _, err := newCall(t, get).to(c); err != nil {
		t.Fatal(err)
	}
	await(t, "the reset", func() bool { return !c.pool.top.quiet() })
	c.pool.top.socket = nil // as if it came just behind the look
	call := uploading(t, strings.Repeat("y", 64<<10), strings.NewReader("the rest"), 64<<10+8)
	call.rc.Request.Header.SetMethod("PUT")
	call.in.body.Stop = func() { t.Error("the body was stopped") }
	if _, err := call.to(c); err != nil {
		t.Fatal(err)
	}
	if body := <-got; !strings.HasSuffix(body, "ythe rest") || c.Stats().StaleRetries != 1 {
		t.Errorf("got %d bytes, %+v", len(body), c.Stats())
	}
}

// A buffer is large only behind a read that would have filled a small one.
func TestUploadBuffers(t *testing.T) {
	p := always(t, empty)
	c := p.client()
	f := func(length int64, bring []int, small ...bool) {
		t.Helper()
		var rooms []int
		call := uploading(t, "", readerFunc(func(b []byte) (int, error) {
			rooms = append(rooms, len(b))
			if len(rooms) > len(bring) {
				return 0, io.EOF
			}
			return min(bring[len(rooms)-1], len(b)), nil
		}), length)
		if _, err := call.to(c); err != nil {
			t.Fatal(err)
		}
		for i, want := range small {
			if got := rooms[i] <= smallPageBytes; got != want {
				t.Errorf("read %d of %d: got room for %d", i, length, rooms[i])
			}
		}
	}
	f(-1, []int{10, pageBytes, pageBytes, 10}, true, true, false, false, true)
	f(10+smallPageBytes+40<<10, []int{10, pageBytes, pageBytes}, true, true, false)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

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

// A panic of the listener's in front leaves nothing behind, in whichever
// goroutine it is, and reaches the request's.
func TestPanics(t *testing.T) {
	f := func(what string, begin func(*call), answer string) {
		t.Helper()
		call := uploading(t, "", newEndless(strings.NewReader("more")), 10)
		p := newPeer(t, func(c *peerConn) {
			c.head()
			if e, ok := call.in.body.Rest.(*endless); ok && answer != "" {
				<-e.asked
			}
			c.say(answer)
			c.ended()
		})
		begin(call)
		c := p.client()
		defer func() {
			if got := fmt.Sprint(recover()); !strings.HasPrefix(got, what) {
				t.Errorf("%s: got %s", what, got)
			}
			if got := c.Stats(); got.Connections != 0 {
				t.Errorf("%s: got %+v", what, got)
			}
		}()
		call.to(c)
	}
	f("body", func(c *call) { c.in.body.Rest = readerFunc(func([]byte) (int, error) { panic("body") }) }, "")
	f("stop", func(c *call) {
		e := c.in.body.Rest.(*endless)
		c.in.body.Stop = func() { close(e.stopped); panic("stop") }
	}, "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
	f("headers", func(c *call) { c.in.append = func([]byte) []byte { panic("headers") } }, "")
}
