package upstream

import (
	"bufio"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// conn is a connection to the server. It belongs to one exchange, or is idle.
//
// Deadlines are set late and seldom: one that stands somewhat behind its time
// serves the next exchanges as well. Setting one fails on a connection that is
// closed, which its next use tells.
type conn struct {
	net.Conn
	client  *Client
	socket  syscall.RawConn // nil where there is none to look at
	look    func(fd uintptr)
	r       *bufio.Reader // of the conn itself, under deadlines
	request request
	body    Body // of the request
	answer  answer
	chunks  chunks // of the answer's body

	// kept: an exchange has gone well on it before.
	kept bool
	// keptUntil is when an idle connection is closed, on the client's clock.
	keptUntil time.Duration
	// patience is how long the next read may take. heard: something of the
	// answer has come; sent: something of the request has gone.
	patience    atomic.Int64
	heard, sent bool
	noisy       bool // what look saw
	// readArmed and writeArmed are until when the deadlines stand, on the
	// client's clock; 0 is none.
	readArmed, writeArmed  atomic.Int64
	aborted, writesStopped atomic.Bool
}

func newConn(c *Client, nc net.Conn) *conn {
	cn := &conn{Conn: nc, client: c}
	cn.r = bufio.NewReaderSize(cn, c.cfg.HeaderBytes)
	cn.socket = rawSocket(nc)
	cn.look = func(fd uintptr) { cn.noisy = readable(fd) }
	return cn
}

// rawSocket returns the socket below a connection.
func rawSocket(nc net.Conn) syscall.RawConn {
	if wrapped, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = wrapped.NetConn()
	}
	if sc, ok := nc.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			return raw
		}
	}
	return nil
}

// Abort has everything that waits for the connection fail, now and later.
func (cn *conn) Abort() {
	cn.aborted.Store(true)
	cn.Conn.SetDeadline(longAgo)
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// NetConn returns the connection below.
func (cn *conn) NetConn() net.Conn { return cn.Conn }

// quiet reports whether an idle connection has nothing to say: neither its end
// nor bytes that nobody asked for.
func (cn *conn) quiet() bool {
	if cn.socket == nil {
		return true
	}
	return cn.socket.Control(cn.look) == nil && !cn.noisy
}

// Read reads within the time that the next read may take.
func (cn *conn) Read(b []byte) (int, error) {
	for patience := int64(-1); patience != cn.patience.Load(); {
		patience = cn.patience.Load()
		cn.armRead(time.Duration(patience))
	}
	n, err := cn.Conn.Read(b)
	if n > 0 {
		cn.heard = true
		cn.patience.Store(int64(cn.client.cfg.ReadTimeout))
		return n, nil // an error comes again
	}
	return n, err
}

// awaitUpload lets reads wait for as long as a request is on its way.
func (cn *conn) awaitUpload() { cn.patience.Store(int64(uploadPatience)) }

// awaitAnswer bounds the wait for the first byte of an answer from now on,
// a read that waits already included.
func (cn *conn) awaitAnswer() {
	timeout := cn.client.cfg.FirstByteTimeout
	if cn.patience.CompareAndSwap(int64(uploadPatience), int64(timeout)) {
		cn.armRead(timeout)
	}
}

// uploadPatience is more than any upload takes: it is others that bound it.
const uploadPatience = 1 << 56 // over two years

// armRead sets the deadline of reads, unless the one that stands will do: not
// before the timeout, nor much later.
func (cn *conn) armRead(timeout time.Duration) {
	now := cn.client.now()
	if armed := time.Duration(cn.readArmed.Load()); armed >= now+timeout && armed <= now+timeout+slack(timeout) {
		return
	}
	timeout += slack(timeout)
	cn.readArmed.Store(int64(now + timeout))
	_ = cn.Conn.SetReadDeadline(time.Now().Add(timeout))
	cn.keepAborted()
}

func (cn *conn) armWrite(timeout time.Duration) {
	now := cn.client.now()
	if armed := time.Duration(cn.writeArmed.Load()); armed >= now+timeout && armed <= now+timeout+slack(timeout) {
		return
	}
	timeout += slack(timeout)
	cn.writeArmed.Store(int64(now + timeout))
	_ = cn.Conn.SetWriteDeadline(time.Now().Add(timeout))
	cn.keepAborted()
}

// keepAborted undoes what a deadline set just behind an Abort has undone.
func (cn *conn) keepAborted() {
	if cn.aborted.Load() {
		cn.Conn.SetDeadline(longAgo)
	}
	if cn.writesStopped.Load() {
		_ = cn.Conn.SetWriteDeadline(longAgo)
	}
}

// stopWrites has the rest of a request fail. The connection is not used again.
func (cn *conn) stopWrites() {
	cn.writesStopped.Store(true)
	_ = cn.Conn.SetWriteDeadline(longAgo)
}

// resumeWrites undoes stopWrites, where that came too late to stop anything.
func (cn *conn) resumeWrites() {
	cn.writesStopped.Store(false)
	cn.writeArmed.Store(0)
}

// slack is how much later than asked a deadline may be.
func slack(timeout time.Duration) time.Duration { return min(timeout/8, time.Second) }

// Write writes all of b, as long as some of it goes out within each
// send_timeout.
func (cn *conn) Write(b []byte) (int, error) {
	written := 0
	for {
		cn.armWrite(cn.client.cfg.SendTimeout)
		n, err := cn.Conn.Write(b[written:])
		written += n
		cn.sent = cn.sent || n > 0
		if n == 0 || err == nil || !errors.Is(err, os.ErrDeadlineExceeded) || cn.aborted.Load() || cn.writesStopped.Load() {
			return written, err
		}
	}
}

// buffered returns what has been read and not yet used.
func (cn *conn) buffered() []byte {
	b, _ := cn.r.Peek(cn.r.Buffered()) // cannot fail
	return b
}

// discard drops n bytes that are in the buffer.
func (cn *conn) discard(n int) {
	if _, err := cn.r.Discard(n); err != nil {
		panic("bug: drops what is not in the buffer")
	}
}

// release ends the connection's exchange. Clean is one whose answer ended
// where it said, with nothing behind it, and whose request went out whole: only
// then is the connection used again.
func (cn *conn) release(clean bool) {
	if !clean || cn.answer.closes || cn.r.Buffered() > 0 || cn.aborted.Load() || cn.writesStopped.Load() {
		cn.destroy()
		return
	}
	cn.kept = true
	cn.keptUntil = cn.client.now() + cn.answer.keepFor(cn.client.cfg.IdleTimeout)
	cn.client.pool.put(cn)
}

func (cn *conn) destroy() {
	cn.client.connections.Add(-1)
	cn.Conn.Close()
}
