package upstream

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/valyala/fasthttp"
)

// exchange has the request answered on the connection, and takes care of that
// in every case.
func (cn *conn) exchange(rc *fasthttp.RequestCtx, in Inbound, unwanted Statuses) (*Stream, error) {
	over := false
	defer func() {
		if !over { // a panic, of the Inbound's or ours
			cn.destroy()
		}
	}()
	s, err := cn.attempt(rc, in, unwanted)
	over = true
	return s, err
}

func (cn *conn) attempt(rc *fasthttp.RequestCtx, in Inbound, unwanted Statuses) (*Stream, error) {
	cn.heard, cn.sent, cn.sendErr, cn.unused = false, false, nil, false
	if !in.Running(cn) {
		cn.release(true)
		return nil, &Error{Op: OpClient, Err: context.Canceled}
	}
	cn.body = in.Body()
	whole, failure := cn.ask(rc, in)
	cn.body, cn.unsent = Body{}, nil
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
		return false, &Error{Op: OpClient, Err: err}
	}
	cn.deadlines.expect(cn.client.cfg.FirstByteTimeout, ErrFirstByteTimeout)
	switch body := cn.body.Buffered; {
	case cn.body.Rest != nil || len(body) > pageBytes:
		return cn.upload()
	case cn.body.small() && cn.canTrip():
		cn.request.head = append(cn.request.head, body...)
		cn.unsent = cn.request.head
	default:
		if cn.sendErr = cn.send(body); cn.hopeless(cn.sendErr) {
			return false, cn.failure(OpSend, cn.sendErr)
		}
	}
	err := cn.readAnswer()
	switch {
	case err == nil:
		return cn.sendErr == nil, nil
	case cn.sendErr != nil:
		return false, cn.failure(OpSend, cn.sendErr)
	}
	return true, cn.failure(OpRead, err)
}

// hopeless reports whether a request that could not be sent to its end gets no
// answer either. A server that refuses one may answer and close before it has
// read it all.
func (cn *conn) hopeless(sendErr error) bool {
	return sendErr != nil && (!cn.sent || cn.deadlines.aborted.Load() || errors.Is(sendErr, os.ErrDeadlineExceeded))
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
// During an upload, while another goroutine reads, it is only for a write that
// has taken too long: what that one has heard is not asked for then.
func (cn *conn) failure(op Op, err error) *Error {
	e := &Error{Op: op, Sent: cn.sent, Err: err}
	switch {
	case cn.deadlines.aborted.Load():
		e.Op, e.Err = OpClient, context.Canceled
		if cn.client.connections.isClosed() {
			e.Op, e.Err = op, ErrClosed
		}
	case errors.Is(err, os.ErrDeadlineExceeded):
		e.Timeout = true
		e.Err = cn.timeout(op)
	case errors.Is(err, errHeadSize), errors.Is(err, errStatusLine), errors.Is(err, errHeaderLine),
		errors.Is(err, errFraming), errors.Is(err, errInterim):
		e.Op = OpHead
	case op == OpSend || op == OpRead:
		e.Stale, e.unused = cn.kept && !cn.heard, cn.unused
		if err == io.EOF {
			e.Err = io.ErrUnexpectedEOF
		}
	}
	return e
}

// timeout names the time that was up.
func (cn *conn) timeout(op Op) error {
	if op == OpSend {
		return ErrSendTimeout
	}
	return cn.deadlines.cause
}
