package upstream

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"
	"math"
	"net"
	"sync"

	"github.com/valyala/fasthttp"
)

// errUnread: the response was dropped before its body was written.
var errUnread = errors.New("the answer was not passed on")

// Stream is the part of an answer that goes on after the handler has
// returned.
type Stream struct {
	mu    sync.Mutex // guards what is asked from several goroutines
	ended bool       // set by the one that reads, and read by it without mu
	err   error
	onEnd func(error)
}

// OnEnd registers what else is to happen, once, when the stream is over: with
// what broke it, or nil. A stream that is over already calls it at once.
func (s *Stream) OnEnd(f func(err error)) {
	s.mu.Lock()
	ended := s.ended
	s.onEnd = f
	s.mu.Unlock()
	if ended {
		f(s.err)
	}
}

// end marks the stream as over.
func (s *Stream) end(err error) {
	s.mu.Lock()
	s.ended, s.err = true, err
	f := s.onEnd
	s.mu.Unlock()
	if f != nil {
		f(err)
	}
}

// bodyStream passes a body on as it comes. It reads from the server only what
// has gone to the client, so that the slower of the two sets the pace.
type bodyStream struct {
	Stream
	cn    *conn
	in    Inbound
	whole bool // the request went out whole
	// events: it is one of events, which has no end of its own.
	events bool
	held   *page // what was read ahead; nil where there is nothing of it
	// left is what the server has yet to send, in bytes; unknownLength where it
	// sends chunks, or says the end by closing.
	left int64
	sent int64 // to the client, in bytes
}

// startStream makes the body of the answer a stream of the response.
func (cn *conn) startStream(rc *fasthttp.RequestCtx, in Inbound, whole bool, held *page) *Stream {
	s := &bodyStream{cn: cn, in: in, whole: whole, held: held, left: cn.answer.length}
	s.events = s.left < 0 && bytes.HasPrefix(rc.Response.Header.ContentType(), []byte(eventStream))
	in.Outlive()
	size := int(s.left)
	if s.left > math.MaxInt { // on 32 bits
		size = unknownLength
		rc.Response.Header.Del(fasthttp.HeaderContentLength)
	}
	if size == unknownLength && !rc.Request.Header.IsHTTP11() {
		s.passRaw(rc)
		return &s.Stream
	}
	// What is here already goes out with the head, as a chunk is flushed.
	rc.Response.ImmediateHeaderFlush = size != unknownLength || held == nil && (cn.answer.chunked || cn.r.Buffered() == 0)
	rc.Response.SetBodyStream(s, size)
	return &s.Stream
}

// passRaw has the body go to a client of HTTP/1.0, which knows of no chunks, as
// it is: its end is that of the connection. One that breaks ends with a reset,
// so that it is not taken for complete.
func (s *bodyStream) passRaw(rc *fasthttp.RequestCtx) {
	h := &rc.Response.Header
	h.SetConnectionClose()
	rc.HijackSetNoResponse(true)
	s.in.Hijack(func(client net.Conn) {
		broken := errUnread // or a panic
		defer func() {
			if broken != nil {
				reset(client)
			}
			_ = s.CloseWithError(broken) // always nil
		}()
		_, err := client.Write(h.Header())
		if err == nil {
			_, err = s.WriteTo(client)
		}
		broken = err
	})
}

// Read returns what comes next.
func (s *bodyStream) Read(b []byte) (n int, err error) {
	switch {
	case s.held != nil:
		n, _ = s.held.Read(b) // has no other error than the end
		if s.held.read == s.held.filled {
			s.held.free()
			s.held = nil
		}
	case s.ended && s.err == nil:
		return 0, io.EOF
	case s.ended:
		return 0, s.err
	default:
		n, err = s.fetch(b)
		err = s.settle(err)
	}
	s.sent += int64(n)
	return n, err
}

// fetch reads from the server. Only a proper end is io.EOF.
func (s *bodyStream) fetch(b []byte) (int, error) {
	switch {
	case s.cn.answer.chunked:
		return s.cn.chunks.Read(b)
	case s.left < 0:
		return s.cn.r.Read(b)
	}
	n, err := s.cn.r.Read(b[:min(int64(len(b)), s.left)])
	if s.left -= int64(n); s.left == 0 {
		return n, io.EOF
	}
	return n, unexpected(err)
}

// eventStream is the type of an answer that has no end of its own. Where it is
// cut off that is a proper end, which its clients know: they come again.
const eventStream = "text/event-stream"

// settle ends the exchange where there is an error, or the end.
func (s *bodyStream) settle(err error) error {
	switch {
	case err != nil && s.events && s.cn.deadlines.aborted.Load():
		s.finish(false, nil)
		return io.EOF
	case err == io.EOF:
		s.finish(s.whole && (s.left == 0 || s.cn.answer.chunked), nil)
	case err != nil:
		err = s.cn.failure(OpRead, err)
		s.finish(false, err)
	}
	return err
}

// WriteTo passes everything on, piece by piece as it comes. A stream that may
// be silent for long, as one of events, waits without a buffer.
func (s *bodyStream) WriteTo(w io.Writer) (written int64, err error) {
	for err == nil {
		if s.left < 0 && s.held == nil {
			s.wait()
		}
		var n int64
		n, err = s.pass(w)
		written += n
	}
	if err == io.EOF {
		err = nil
	}
	return written, err
}

// wait waits for bytes of the body, or an end, which the next Read returns.
func (s *bodyStream) wait() {
	if s.ended {
		return
	}
	_, err := s.cn.r.Peek(1)
	if s.cn.answer.chunked {
		for err == nil && !s.cn.chunks.ready() {
			_, err = s.cn.r.Peek(s.cn.r.Buffered() + 1)
		}
		if errors.Is(err, bufio.ErrBufferFull) { // which Read does not take
			err = nil
		}
		err = unexpected(err)
	}
	_ = s.settle(err)
}

// pass passes on what is here, or all of a body whose length is known.
func (s *bodyStream) pass(w io.Writer) (written int64, err error) {
	if s.held != nil {
		return s.passHeld(w)
	}
	p := s.cn.client.pages.get(s.ahead())
	defer p.free()
	for more := true; err == nil && more; more = s.left > 0 {
		var n int
		if n, err = s.gather(p.bytes); n == 0 {
			continue
		}
		m, writeErr := w.Write(p.bytes[:n])
		written += int64(m)
		s.sent -= int64(n - m)
		if writeErr != nil {
			return written, writeErr
		}
	}
	return written, err
}

// passHeld passes on what was read ahead.
func (s *bodyStream) passHeld(w io.Writer) (written int64, err error) {
	written, err = s.held.WriteTo(w)
	s.sent += written
	s.held.free()
	s.held = nil
	return written, err
}

// ahead is how much may come in one piece, in bytes.
func (s *bodyStream) ahead() int {
	if s.left > 0 {
		return int(min(s.left, pageBytes))
	}
	return s.cn.client.cfg.HeaderBytes // of which the buffer is
}

// gather is Read for several chunks, as far as they are here.
func (s *bodyStream) gather(b []byte) (n int, err error) {
	n, err = s.Read(b)
	for err == nil && !s.ended && s.cn.answer.chunked && n < len(b) && s.cn.chunks.ready() {
		var m int
		m, err = s.Read(b[n:])
		n += m
	}
	return n, err
}

// SupportsBodyWriteTo says that WriteTo is as good as Read.
func (s *bodyStream) SupportsBodyWriteTo() bool { return true }

// CloseWithError ends the stream; err is why it could not be written. Where
// the server has not come to an end, that is because of the client, or because
// nobody has asked for the body.
func (s *bodyStream) CloseWithError(err error) error {
	if !s.ended {
		s.finish(false, &Error{Op: OpClient, Sent: true, Err: cmp.Or(err, errUnread)})
	}
	s.in.Ended(s.sent, cmp.Or(s.err, err))
	return nil
}

// finish ends the exchange. The connection is free before the client has
// everything.
func (s *bodyStream) finish(clean bool, err error) {
	if s.held != nil {
		s.held.free()
		s.held = nil
	}
	s.in.Running(nil)
	s.cn.release(clean)
	s.end(err)
}
