package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// stream is a body that goes on behind the handler, as an upstream's does.
type stream struct {
	io.Reader
	sent  int64
	ended func(sent int64, err error)
}

func (s *stream) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	s.sent += int64(n)
	return n, err
}

func (s *stream) CloseWithError(err error) error {
	s.ended(s.sent, err)
	return nil
}

// streamed answers with a body that is read from r behind the handler.
func streamed(size int, r func() io.Reader) groupFunc {
	return func(ctx context.Context, rc *fasthttp.RequestCtx) error {
		in := inboundOf(ctx)
		in.Outlive()
		rc.SetStatusCode(203)
		rc.Response.ImmediateHeaderFlush = true
		rc.Response.SetBodyStream(&stream{Reader: r(), ended: in.Ended}, size)
		return nil
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// A streamed answer is logged with what was sent, once, when it is over.
func TestStreamedAnswer(t *testing.T) {
	const text = "hello, world"
	body := func() io.Reader { return strings.NewReader(text) }
	f := func(name string, size int, r func() io.Reader, request, want, line string) {
		t.Helper()
		ts := startServer(t, testLimits(), newProxyRoute(t, "/", streamed(size, r)))
		c := ts.dial()
		c.send(request)
		raw, _ := io.ReadAll(c.in)
		head, got, _ := strings.Cut(string(raw), "\r\n\r\n")
		if got != want || strings.Contains(head, "chunked") != (size < 0 && strings.Contains(request, "1.1")) {
			t.Errorf("%s: got %q with %s, want %q", name, got, head, want)
		}
		c.Close()
		if log := ts.flushed(); !strings.Contains(log, line) || strings.Count(log, "\n") != 1 {
			t.Errorf("%s: got log %q, want one line with %q", name, log, line)
		}
		if n := ts.scopes.inUse.Load(); n != 0 {
			t.Errorf("%s: got %d scopes in use", name, n)
		}
	}
	const get11 = "GET / HTTP/1.1\r\nHost: h.test\r\nConnection: close\r\n\r\n"
	const get10 = "GET / HTTP/1.0\r\n\r\n"
	f("length", len(text), body, get11, text, `HTTP/1.1" 203 12 `)
	f("chunks", -1, body, get11, "c\r\n"+text+"\r\n0\r\n\r\n", `HTTP/1.1" 203 12 `)
	f("length to an old client", len(text), body, get10, text, `HTTP/1.0" 203 12 `)
	broken := func() io.Reader {
		return io.MultiReader(strings.NewReader("hel"), readerFunc(func([]byte) (int, error) { return 0, errors.New("broken") }))
	}
	f("broken", -1, broken, get11, "3\r\nhel\r\n", `HTTP/1.1" 203 3 `)
	panics := func() io.Reader {
		return io.MultiReader(strings.NewReader("hel"), readerFunc(func([]byte) (int, error) { panic("stream") }))
	}
	f("panics", -1, panics, get11, "3\r\nhel\r\n", `203 3 `)
}

// A stream, and a tunnel, took as long as it was until its answer began.
func TestStreamIsTimedUntilItBegins(t *testing.T) {
	ts := startServer(t, testLimits())
	rt := newProxyRoute(t, "/", nil)
	sc := ts.scopes.get(&conn{}, time.Now())
	sc.server, sc.rc, sc.route = ts.Server, &fasthttp.RequestCtx{}, rt
	sc.Outlive()
	if !sc.leaveBehind() {
		t.Fatal("got an answer that is over")
	}
	sc.start = sc.start.Add(-time.Hour) // so long does it go on
	sc.Ended(12, nil)
	if got := time.Duration(rt.tally.durations.sum.Load()); got > time.Minute {
		t.Errorf("got %v, want none of the stream's time", got)
	}
}

// The client of a stream is watched until its end.
func TestStreamEndsWhenItsClientLeaves(t *testing.T) {
	for _, request := range []string{plainGet, "HEAD / HTTP/1.1\r\nHost: h.test\r\n\r\n"}[:1] {
		aborted := make(aborter)
		ts := startServer(t, testLimits(), newProxyRoute(t, "/", groupFunc(func(ctx context.Context, rc *fasthttp.RequestCtx) error {
			inboundOf(ctx).Running(aborted)
			return streamed(-1, func() io.Reader {
				return readerFunc(func([]byte) (int, error) {
					<-aborted
					return 0, errors.New("aborted")
				})
			})(ctx, rc)
		})))
		c := ts.dial()
		c.send(request)
		if _, err := http.ReadResponse(c.in, nil); err != nil {
			t.Fatal(err)
		}
		c.Close()
		select {
		case <-aborted:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody noticed that the client has left")
		}
		if log := ts.flushed(); !strings.Contains(log, " 203 0 ") {
			t.Errorf("got log %q, want the status that was sent", log)
		}
		if strings.Contains(ts.log.String(), "request failed") {
			t.Errorf("got %s, want no complaint: it was the client", ts.log.String())
		}
	}
}

// aborter is closed by the first Abort.
type aborter chan struct{}

func (a aborter) Abort() {
	select {
	case <-a:
	default:
		close(a)
	}
}

// A drain awaits an answer that is under way.
func TestDrainAwaitsStream(t *testing.T) {
	release := make(chan struct{})
	ts := startServer(t, testLimits(), newProxyRoute(t, "/", streamed(-1, func() io.Reader {
		return io.MultiReader(strings.NewReader("a"), readerFunc(func([]byte) (int, error) { <-release; return 0, io.EOF }))
	})))
	c := ts.dial()
	c.send(plainGet)
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- ts.Shutdown(context.Background()) }()
	for !ts.public.draining.Load() {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-ended:
		t.Fatalf("Shutdown ended before the answer: %v", err)
	case <-time.After(2 * drainGrace):
	}
	close(release)
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "a" {
		t.Errorf("got %q, %v, want the whole answer", body, err)
	}
	c.Close()
	if err := <-ended; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

// What a client sends of its body is there in front, up to a bound, and behind
// that as a stream.
func TestUpload(t *testing.T) {
	type seen struct {
		buffered, rest int
		length         int64
		err            error
	}
	saw := make(chan seen, 1)
	rt := newProxyRoute(t, "/", groupFunc(func(ctx context.Context, rc *fasthttp.RequestCtx) error {
		b := inboundOf(ctx).Body()
		got := seen{buffered: len(b.Buffered), length: b.Length}
		var err error
		if b.Rest != nil {
			var rest []byte
			rest, err = io.ReadAll(b.Rest)
			got.rest, got.err = len(rest), err
		}
		saw <- got
		if err != nil {
			return &net.OpError{Op: "send", Err: err}
		}
		return nil
	}))
	rt.bodyBytes = 300_000
	ts := startServer(t, shortLimits(), rt)
	chunked := func(sizes ...int) string {
		text := "POST / HTTP/1.1\r\nHost: h.test\r\nTransfer-Encoding: chunked\r\n\r\n"
		for _, n := range sizes {
			text += strconv.FormatInt(int64(n), 16) + "\r\n" + strings.Repeat("x", n) + "\r\n"
		}
		return text
	}
	plain := func(declared, sent int) string {
		return "POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: " + strconv.Itoa(declared) + "\r\n\r\n" + strings.Repeat("x", sent)
	}
	f := func(name, request string, status int, closes bool, want seen) {
		t.Helper()
		c := ts.dial()
		c.send(request)
		got := c.receive("POST")
		if got.StatusCode != status || got.Close != closes {
			t.Errorf("%s: got %d, close %t, want %d, %t: %s", name, got.StatusCode, got.Close, status, closes, got.body)
		}
		c.Close()
		if s := <-saw; s.buffered != want.buffered || s.rest != want.rest && want.rest >= 0 || s.rest > 300_000-aheadBytes || s.length != want.length || !errors.Is(s.err, want.err) {
			t.Errorf("%s: got %+v, want %+v", name, s, want)
		}
	}
	f("none", plainGet, 200, false, seen{})
	f("small", plain(5, 5), 200, false, seen{buffered: 5, length: 5})
	f("small in chunks", chunked(3, 2)+"0\r\n\r\n", 200, false, seen{buffered: 5, length: 5})
	f("as much as is read ahead", plain(aheadBytes, aheadBytes), 200, false, seen{buffered: aheadBytes, length: aheadBytes})
	f("one more", plain(aheadBytes+1, aheadBytes+1), 200, false, seen{buffered: aheadBytes, rest: 1, length: aheadBytes + 1})
	f("large", plain(300_000, 300_000), 200, false, seen{buffered: aheadBytes, rest: 300_000 - aheadBytes, length: 300_000})
	f("large in chunks", chunked(200_000)+"0\r\n\r\n", 200, false, seen{buffered: aheadBytes, rest: 200_000 - aheadBytes, length: -1})
	f("too large in chunks", chunked(200_000, 200_000)+"0\r\n\r\n", 413, true, seen{buffered: aheadBytes, rest: -1, length: -1, err: errBodyTooLarge})
	f("a client that stalls", plain(100_000, 80_000), 408, true, seen{buffered: aheadBytes, rest: 80_000 - aheadBytes, length: 100_000, err: errClientTimeout})
	f("a bad chunk", chunked(100_000)+"x\r\n", 400, true, seen{buffered: aheadBytes, rest: 100_000 - aheadBytes, length: -1, err: faultBody})
}

// An answer that comes before the body's end reaches the client, and its
// connection ends behind it.
func TestAnswerDuringUpload(t *testing.T) {
	stopped := make(chan error, 1)
	rt := newProxyRoute(t, "/", groupFunc(func(ctx context.Context, rc *fasthttp.RequestCtx) error {
		b := inboundOf(ctx).Body()
		reading := make(chan struct{})
		var upload sync.WaitGroup
		upload.Go(func() {
			close(reading)
			_, err := io.Copy(io.Discard, b.Rest)
			_, again := b.Rest.Read(make([]byte, 1))
			stopped <- errors.Join(err, again)
		})
		<-reading
		b.Stop()
		upload.Wait()
		rc.SetStatusCode(402)
		return nil
	}))
	rt.bodyBytes = 1 << 30
	ts := startServer(t, testLimits(), rt)
	c := ts.dial()
	c.send("POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 100000000\r\n\r\n" + strings.Repeat("x", 100_000))
	if got := c.receive("POST"); got.StatusCode != 402 || !got.Close {
		t.Errorf("got %d, close %t, want 402 and the end", got.StatusCode, got.Close)
	}
	c.send(strings.Repeat("x", 100_000))
	if err := c.ended(); err != nil {
		t.Errorf("got %v, want a clean end", err)
	}
	if err := <-stopped; err == nil {
		t.Error("got no error from a body that was stopped")
	}
}
