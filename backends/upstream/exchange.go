package upstream

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/valyala/fasthttp"
)

// smallBody is the size up to which a body is copied into the request's write,
// and into the response's own buffer, in bytes.
const smallBody = 16 << 10

// exchange has the request answered on the connection, and takes care of that
// in every case.
func (cn *conn) exchange(rc *fasthttp.RequestCtx, in Inbound, unwanted Statuses) (*Stream, error) {
	cn.heard, cn.sent = false, false
	if !in.Running(cn) {
		cn.release(true)
		return nil, &Error{Op: OpClient, Err: context.Canceled}
	}
	cn.body = in.Body()
	whole, failure := cn.ask(rc, in)
	cn.body = Body{}
	if failure == nil {
		failure = cn.refusal(rc, unwanted, whole)
	}
	if failure != nil {
		in.Running(nil)
		cn.release(failure.Op == OpStatus && whole && cn.skipBody(rc.IsHead()))
		return nil, failure
	}
	s, failure := cn.deliver(rc, in, whole)
	if failure != nil {
		in.Running(nil)
		cn.release(false)
		rc.Response.Reset()
		return nil, failure
	}
	return s, nil
}

// ask sends the request and reads the head of the answer. It reports whether
// the whole request went out.
func (cn *conn) ask(rc *fasthttp.RequestCtx, in Inbound) (whole bool, failure *Error) {
	if err := cn.request.compose(&rc.Request.Header, in, &cn.body, cn.client.cfg.Host); err != nil {
		return false, &Error{Op: OpSend, Err: err}
	}
	cn.patience.Store(int64(cn.client.cfg.FirstByteTimeout))
	if cn.body.Rest != nil || len(cn.body.Buffered) > pageBytes {
		return cn.upload()
	}
	sendErr := cn.send(cn.body.Buffered)
	if sendErr != nil && (!cn.sent || cn.aborted.Load() || errors.Is(sendErr, os.ErrDeadlineExceeded)) {
		return false, cn.failure(OpSend, sendErr)
	}
	if err := cn.readAnswer(); err != nil {
		if sendErr != nil {
			return false, cn.failure(OpSend, sendErr)
		}
		return true, cn.failure(OpRead, err)
	}
	return sendErr == nil, nil
}

// send writes the head, and a body that is here already, at once.
func (cn *conn) send(body []byte) error {
	r := &cn.request
	if len(body) <= smallBody {
		r.head = append(r.head, body...)
		_, err := cn.Write(r.head)
		return err
	}
	if _, err := cn.Write(r.head); err != nil {
		return err
	}
	_, err := cn.Write(body)
	return err
}

// refusal returns why the answer is not one that may be passed on, or nil.
func (cn *conn) refusal(rc *fasthttp.RequestCtx, unwanted Statuses, whole bool) *Error {
	a := &cn.answer
	if a.status == fasthttp.StatusSwitchingProtocols && (cn.request.upgrade == nil || !whole) {
		return cn.failure(OpHead, errUpgrade)
	}
	if unwanted.Has(a.status) {
		return &Error{Op: OpStatus, Sent: true, Status: a.status, Err: errUnwanted}
	}
	return nil
}

// errUnwanted is the cause of an error with OpStatus.
var errUnwanted = errors.New("the answer has a status that another server may better")

// skipBody drops the body of an answer, where it is here already.
func (cn *conn) skipBody(head bool) (clean bool) {
	n := cn.answer.size
	if !cn.answer.bodyless(head) {
		if cn.answer.length == unknownLength || cn.answer.length > int64(cn.r.Buffered()-n) {
			return false
		}
		n += int(cn.answer.length)
	}
	cn.discard(n)
	return true
}

// failure describes an error of the connection, or of what came through it.
func (cn *conn) failure(op Op, err error) *Error {
	e := &Error{Op: op, Sent: cn.sent, Err: err}
	switch {
	case cn.aborted.Load():
		e.Op, e.Err = OpClient, context.Canceled
		if cn.client.running.isClosed() {
			e.Op, e.Err = op, ErrClosed
		}
	case errors.Is(err, os.ErrDeadlineExceeded):
		e.Timeout = true
		e.Err = cn.timeout(op)
	case errors.Is(err, errHeadSize), errors.Is(err, errStatusLine), errors.Is(err, errHeaderLine),
		errors.Is(err, errFraming), errors.Is(err, errInterim):
		e.Op = OpHead
	case op == OpSend || op == OpRead:
		e.Stale = cn.kept && !cn.heard
		if err == io.EOF {
			e.Err = io.ErrUnexpectedEOF
		}
	}
	return e
}

// timeout names the time that was up.
func (cn *conn) timeout(op Op) error {
	switch {
	case op == OpSend:
		return ErrSendTimeout
	case cn.heard:
		return ErrReadTimeout
	}
	return ErrFirstByteTimeout
}

// deliver puts the answer into the response, and ends the exchange or hands it
// on to a Stream. On an error the caller has to end it.
func (cn *conn) deliver(rc *fasthttp.RequestCtx, in Inbound, whole bool) (*Stream, *Error) {
	a := &cn.answer
	if a.status == fasthttp.StatusSwitchingProtocols {
		return cn.startTunnel(rc, in), nil
	}
	a.copyHead(&rc.Response.Header)
	cn.discard(a.size)
	switch {
	case a.bodyless(rc.IsHead()):
		// What it declares is about another answer.
	case a.chunked:
		return cn.deliverChunked(rc, in, whole)
	case a.length < 0 || a.length > pageBytes:
		return cn.startStream(rc, in, whole, nil), nil
	case a.length > smallBody:
		if err := cn.readPage(rc, int(a.length)); err != nil {
			return nil, cn.failure(OpRead, err)
		}
	default:
		if err := cn.readSmall(rc, int(a.length)); err != nil {
			return nil, cn.failure(OpRead, err)
		}
	}
	in.Running(nil)
	cn.release(whole)
	return nil, nil
}

// readSmall reads a body into the response's own buffer.
func (cn *conn) readSmall(rc *fasthttp.RequestCtx, length int) error {
	for first := true; length > 0; first = false {
		if cn.r.Buffered() == 0 {
			if _, err := cn.r.Peek(1); err != nil {
				return err
			}
		}
		b := cn.buffered()
		b = b[:min(len(b), length)]
		if first {
			rc.Response.SetBody(b)
		} else {
			rc.Response.AppendBody(b)
		}
		cn.discard(len(b))
		length -= len(b)
	}
	return nil
}

// readPage reads a body into a buffer that goes back when the response is
// written.
func (cn *conn) readPage(rc *fasthttp.RequestCtx, length int) error {
	p := cn.client.pages.get()
	if _, err := io.ReadFull(cn.r, p.bytes[:length]); err != nil {
		p.free()
		return err
	}
	p.filled = length
	rc.Response.SetBodyStream(p, length)
	return nil
}
