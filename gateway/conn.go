package gateway

import (
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// phase is what a connection is read for.
type phase int32

const (
	phaseFresh  phase = iota // for the first request, of which nothing is here
	phaseIdle                // for the next request, of which nothing is here
	phaseHeader              // for the rest of a header
	phaseBody                // for a body
)

// Times that nobody needs to set.
const (
	// drainGrace is how long a silent connection is kept when draining
	// begins: a client under load has sent its next request by then.
	drainGrace = 250 * time.Millisecond
	// lingerTime bounds how long a connection is read, and what comes is
	// dropped, after the last answer. Closed at once with bytes unread it
	// would be reset, and the answer lost.
	lingerTime = 2 * time.Second
	// lastLook is given to a request that comes together with the deadline.
	lastLook = time.Millisecond
)

// conn is a client's connection under deadlines: a header has one from its
// first byte on, a body and an answer one for each read and write, so that
// what moves lives and what stalls dies. Deadlines are set late and seldom,
// because nearly every request arrives and leaves in one piece.
type conn struct {
	net.Conn
	owner *acceptor
	// ip and port are the client's, as text; "unix:" and nothing for a socket file.
	ip, port []byte
	// surplus marks a connection over the limit, which gets one answer: 503.
	surplus bool
	// linger makes Close read on for a while.
	linger bool
	// forsaken: nothing is written any more, as the client has left.
	forsaken bool
	watch    watch

	phase atomic.Int32
	// armed is until when the deadline of the waiting phases stands, and
	// writeArmed that of writes, both on the owner's clock. Only the
	// connection's own goroutine uses them.
	armed, writeArmed time.Duration
	// headerArmed is whether the header that is being read has its deadline.
	headerArmed bool

	// deadlineMu orders the setting of read deadlines between the
	// connection's own goroutine and the one that drains.
	deadlineMu sync.Mutex
}

func newConn(c net.Conn, owner *acceptor) *conn {
	wrapped := &conn{Conn: c, owner: owner, ip: []byte("unix:")}
	if addr, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		wrapped.ip = addr.AddrPort().Addr().Unmap().AppendTo(nil)
		wrapped.port = strconv.AppendInt(nil, int64(addr.Port), 10)
	}
	return wrapped
}

// enter notes what the connection is read for from now on.
func (c *conn) enter(p phase) {
	c.phase.Store(int32(p))
	c.headerArmed = false
}

// Read reads under the deadline of the phase. A connection that is silent, or
// breaks, before the first byte of a request ends as with io.EOF: there is
// nobody to answer. Within a body the end is io.ErrUnexpectedEOF.
func (c *conn) Read(b []byte) (int, error) {
	switch phase(c.phase.Load()) {
	case phaseHeader:
		if !c.headerArmed {
			c.headerArmed = true
			c.setReadDeadline(c.owner.limits.HeaderTimeout)
		}
		return c.Conn.Read(b)
	case phaseBody:
		c.setReadDeadline(c.owner.limits.HeaderTimeout)
		n, err := c.Conn.Read(b)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return n, err
	}
	return c.readFirst(b)
}

func (c *conn) readFirst(b []byte) (int, error) {
	c.armWaiting()
	n, err := c.Conn.Read(b)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		c.setReadDeadline(lastLook)
		n, err = c.Conn.Read(b)
	}
	if n == 0 && err != nil {
		c.linger = c.linger || c.owner.draining.Load()
		return 0, io.EOF
	}
	return n, err
}

// armWaiting sets the deadline for the first byte of a request. It is set
// somewhat late, so that it need not be set again for each request of a busy
// connection.
func (c *conn) armWaiting() {
	if c.owner.draining.Load() {
		c.setReadDeadline(drainGrace)
		return
	}
	timeout := c.owner.limits.IdleTimeout
	if phase(c.phase.Load()) == phaseFresh {
		timeout = c.owner.limits.HeaderTimeout
	}
	now := c.owner.now()
	if c.armed >= now+timeout {
		return
	}
	timeout += slack(timeout)
	c.armed = now + timeout
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	if c.owner.draining.Load() {
		timeout = drainGrace
	}
	// A connection that has no deadlines any more fails at the read itself.
	_ = c.Conn.SetReadDeadline(time.Now().Add(timeout))
}

func (c *conn) setReadDeadline(timeout time.Duration) {
	c.armed = 0
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	_ = c.Conn.SetReadDeadline(time.Now().Add(timeout))
}

// drain shortens the wait of a connection that nothing of a request has come
// from. One that is busy is left alone: it is closed behind its answer.
func (c *conn) drain() {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	if phase(c.phase.Load()) <= phaseIdle {
		_ = c.Conn.SetReadDeadline(time.Now().Add(drainGrace))
	}
}

// Write writes all of b, as long as some of it goes out within each idle_timeout.
func (c *conn) Write(b []byte) (int, error) {
	if c.forsaken {
		return 0, net.ErrClosed
	}
	written := 0
	for {
		timeout := c.owner.limits.IdleTimeout
		if now := c.owner.now(); c.writeArmed < now+timeout {
			timeout += slack(timeout)
			c.writeArmed = now + timeout
			_ = c.Conn.SetWriteDeadline(time.Now().Add(timeout))
		}
		n, err := c.Conn.Write(b[written:])
		written += n
		if n == 0 || err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
	}
}

// Close closes the connection. After an answer that may have overtaken what
// the client still sends, it first says that nothing more will come and takes
// in the rest for a while.
func (c *conn) Close() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.linger && !c.forsaken && half.CloseWrite() == nil {
		c.setReadDeadline(lingerTime)
		_, _ = io.Copy(io.Discard, onlyReader{c.Conn})
	}
	return c.Conn.Close()
}

// onlyReader hides WriteTo, which would take a pipe through the kernel.
type onlyReader struct{ io.Reader }

// slack is how much later than asked a deadline may be.
func slack(timeout time.Duration) time.Duration { return min(timeout/8, time.Second) }
