package upstream

import (
	"cmp"
	"errors"
	"io"
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
	whole bool  // the request went out whole
	held  *page // what was read ahead; nil where there is nothing of it
	// left is what the server has yet to send, in bytes; unknownLength where it
	// sends chunks, or says the end by closing.
	left int64
	sent int64 // to the client, in bytes
}

// startStream makes the body of the answer a stream of the response.
func (cn *conn) startStream(rc *fasthttp.RequestCtx, in Inbound, whole bool, held *page) *Stream {
	s := &bodyStream{cn: cn, in: in, whole: whole, held: held, left: cn.answer.length}
	in.Outlive()
	cn.client.running.add(cn)
	rc.Response.ImmediateHeaderFlush = true
	rc.Response.SetBodyStream(s, int(s.left))
	return &s.Stream
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

// settle ends the exchange where there is an error, or the end.
func (s *bodyStream) settle(err error) error {
	switch {
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

// wait waits for bytes, or an end, which the next Read returns.
func (s *bodyStream) wait() {
	if s.ended {
		return
	}
	_, err := s.cn.r.Peek(1)
	if s.cn.answer.chunked {
		err = unexpected(err)
	}
	_ = s.settle(err)
}

// pass passes on what is here, or all of a body whose length is known.
func (s *bodyStream) pass(w io.Writer) (written int64, err error) {
	p := s.cn.client.pages.get()
	defer p.free()
	for more := true; err == nil && more; more = s.left > 0 {
		var n int
		if n, err = s.gather(p.bytes[:]); n == 0 {
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
	s.cn.client.running.remove(s.cn)
	s.cn.release(clean)
	s.end(err)
}
