package upstream

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"sync/atomic"

	"github.com/valyala/fasthttp"
)

// upload sends a request whose body is still on its way, while a second
// goroutine, which has ended when upload returns, waits for the answer: one
// that refuses the request need not come at its end.
func (cn *conn) upload() (whole bool, failure *Error) {
	u := &upload{conn: cn, body: &cn.body, answered: make(chan struct{})}
	cn.deadlines.awaitUpload()
	go u.listen()
	defer u.abandon()
	sendErr := u.send()
	switch {
	case u.clientErr != nil:
		failure = &Error{Op: OpClient, Sent: cn.sent, Err: fmt.Errorf("read the request body: %w", u.clientErr)}
	case errors.Is(sendErr, os.ErrDeadlineExceeded) && !cn.deadlines.writesStopped.Load():
		failure = cn.failure(OpSend, sendErr)
	}
	if failure != nil {
		cn.Abort()
	} else {
		cn.deadlines.awaitAnswer(cn.client.cfg.FirstByteTimeout, ErrFirstByteTimeout)
	}
	<-u.answered
	if u.panicked != nil {
		panic(u.panicked)
	}
	switch {
	case failure == nil && u.err == nil:
		if sendErr == nil {
			cn.deadlines.resumeWrites()
		}
		return sendErr == nil, nil
	case failure == nil:
		failure = cn.failure(OpRead, u.err)
	}
	failure.BodyTaken = u.taken
	return false, failure
}

// upload is a body under way.
type upload struct {
	conn *conn
	body *Body
	// taken: something of Rest was consumed. clientErr is Rest's own error.
	taken     bool
	clientErr error

	state    atomic.Int32
	answered chan struct{} // closed when the rest is settled
	err      error         // of reading the answer
	panicked error         // with where that was, as another goroutine panics on
}

// The states of an upload.
const (
	sending int32 = iota // what is here already: nothing of Rest has been asked for
	reading              // Rest
	drained              // it has come to its end
	stopped              // nobody waits for the rest of it any more
)

// errNotWanted is why Rest was not read.
var errNotWanted = errors.New("the rest of the request is not wanted")

// listen reads the answer's head. A refusal, or the end of the connection,
// ends the upload, for which nobody waits any more. Another answer that comes
// early is held until the server has everything. Of a body that nothing has
// been taken of nothing is stopped: another server may be sent it.
func (u *upload) listen() {
	defer close(u.answered)
	defer func() {
		if v := recover(); v != nil {
			u.panicked = panicked(v)
			u.conn.Abort()
		}
	}()
	u.err = u.conn.readAnswer()
	if u.err == nil && u.conn.answer.status < fasthttp.StatusMultipleChoices {
		return
	}
	u.conn.deadlines.stopWrites()
	if u.state.CompareAndSwap(sending, stopped) {
		return
	}
	if u.state.CompareAndSwap(reading, stopped) && u.body.Stop != nil {
		u.body.Stop()
	}
}

// panicked is what the goroutine of the request panics with for another one
// that has, whose trace would be lost.
func panicked(v any) error { return fmt.Errorf("%v\n%s", v, debug.Stack()) }

// abandon ends what is still under way because reading the body has panicked.
func (u *upload) abandon() {
	select {
	case <-u.answered:
	default:
		u.conn.Abort()
		<-u.answered
	}
}

// send writes the head and the body.
func (u *upload) send() error {
	cn, b := u.conn, u.body
	if b.chunked() {
		return u.sendChunked()
	}
	if err := cn.send(b.Buffered); err != nil || b.Rest == nil {
		return err
	}
	rest := b.Length - int64(len(b.Buffered))
	p := cn.client.pages.get(smallPageBytes)
	defer func() { p.free() }()
	for rest > 0 {
		n, err := u.read(p.bytes[:min(int64(len(p.bytes)), rest)])
		if rest -= int64(n); rest == 0 {
			u.state.CompareAndSwap(reading, drained)
		}
		if n > 0 {
			if _, err := cn.Write(p.bytes[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF && rest == 0 {
			break
		}
		if err != nil {
			return u.broken(unexpected(err))
		}
		p = cn.client.pages.next(p, n)
	}
	return nil
}

// chunkRoom is what the size of a chunk takes in front of it at most.
const chunkRoom = len("20000\r\n")

func (u *upload) sendChunked() error {
	cn := u.conn
	cn.request.head = appendChunk(cn.request.head, u.body.Buffered)
	if _, err := cn.Write(cn.request.head); err != nil {
		return err
	}
	p := cn.client.pages.get(smallPageBytes)
	defer func() { p.free() }()
	for {
		n, err := u.read(p.bytes[chunkRoom : len(p.bytes)-len("\r\n")])
		if n > 0 {
			if _, err := cn.Write(frameChunk(p.bytes[:chunkRoom+n])); err != nil {
				return err
			}
		}
		if err == io.EOF {
			u.state.CompareAndSwap(reading, drained)
			_, err := io.WriteString(cn, "0\r\n\r\n")
			return err
		}
		if err != nil {
			return u.broken(err)
		}
		p = cn.client.pages.next(p, n)
	}
}

// frameChunk puts the frame around a chunk that begins at chunkRoom.
func frameChunk(b []byte) []byte {
	var size [chunkRoom]byte
	head := append(strconv.AppendInt(size[:0], int64(len(b)-chunkRoom), 16), "\r\n"...)
	start := chunkRoom - len(head)
	copy(b[start:], head)
	return append(b[start:], "\r\n"...)
}

// appendChunk appends data as a chunk, where there is any.
func appendChunk(dst, data []byte) []byte {
	if len(data) == 0 {
		return dst
	}
	dst = append(strconv.AppendInt(dst, int64(len(data)), 16), "\r\n"...)
	return append(append(dst, data...), "\r\n"...)
}

func (u *upload) read(b []byte) (int, error) {
	if !u.taken && !u.state.CompareAndSwap(sending, reading) {
		return 0, errNotWanted
	}
	u.taken = true
	return u.body.Rest.Read(b)
}

// broken notes an error of the body, which is the client's unless the read was
// stopped.
func (u *upload) broken(err error) error {
	if u.state.Load() != stopped {
		u.clientErr = err
	}
	return err
}
