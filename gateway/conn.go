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

	"zerohop/socket"
)

// phase is what a connection is read for.
type phase int32

const (
	phaseFresh  phase = iota // for the first request, of which nothing is here
	phaseIdle                // for the next request, of which nothing is here
	phaseHeader              // for the rest of a header
	phaseBody                // for a body
	phaseTunnel              // for something else than requests
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
	socket *socket.Conn // what Conn is, or nil
	owner  *acceptor
	// ip and port are the client's, as text; "unix:" and nothing for a socket file.
	ip, port []byte
	// trusted: what it says of the client behind it is believed.
	trusted bool
	// tunnel is what the connection carries instead of requests, or nil.
	tunnel *tunnel
	// surplus marks a connection over the limit, which gets one answer: 503.
	surplus bool
	// brokeOff: the last read for a body failed. The parser takes that for the
	// end where only the trailer is missing.
	brokeOff bool
	// linger makes Close read on for a while.
	linger bool
	// forsaken: nothing is written any more, as the client has left.
	forsaken bool
	// expected is the request that was let in before its body was sent, until
	// that has begun to come.
	expected *scope
	watch    watch
	gather   gather

	phase atomic.Int32
	// armed is until when the deadline of the waiting phases stands, and
	// writeArmed that of writes, both on the owner's clock. Only the
	// connection's own goroutine uses them.
	armed, writeArmed time.Duration
	// headerArmed is whether the header that is being read has its deadline.
	headerArmed bool

	// deadlineMu orders the setting of read deadlines between the
	// connection's own goroutine and others, that drain or stop it.
	deadlineMu sync.Mutex
	stopped    bool // nothing is read any more
	// events is the request whose answer is a stream of events, or nil.
	events *scope
	// writesStopped: nothing is written any more.
	writesStopped atomic.Bool
}

func newConn(c net.Conn, owner *acceptor) *conn {
	c = socket.Wrap(c)
	wrapped := &conn{Conn: c, owner: owner, ip: []byte(unixPrefix), trusted: owner.trust.peer(c.RemoteAddr())}
	if addr, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		wrapped.ip = addr.AddrPort().Addr().Unmap().AppendTo(nil)
		wrapped.port = strconv.AppendInt(nil, int64(addr.Port), 10)
	}
	wrapped.socket, _ = c.(*socket.Conn)
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
	if err := c.flush(); err != nil {
		return 0, err
	}
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
		c.brokeOff = err != nil
		return n, err
	case phaseTunnel:
		n, err := c.Conn.Read(b)
		if err != nil && c.isStopped() {
			err = net.ErrClosed
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
	_ = c.SetReadDeadline(time.Now().Add(timeout))
}

// SetReadDeadline sets the deadline of reads, unless they have been stopped.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	if c.stopped {
		return nil
	}
	return c.Conn.SetReadDeadline(t)
}

// SetWriteDeadline sets the deadline of the write that is under way. One that
// has passed is the last: it ends that write and all that come. It may be called
// from any goroutine.
func (c *conn) SetWriteDeadline(t time.Time) error {
	if !t.IsZero() && !t.After(time.Now()) {
		c.writesStopped.Store(true)
	}
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline sets the deadlines of reads and writes, in place of those that
// stand. It is for the connection's own goroutine.
func (c *conn) SetDeadline(t time.Time) error {
	c.armed, c.writeArmed = 0, 0
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetLinger has the connection end at once when it is closed, and with a reset
// where seconds is 0, as for a TCP connection.
func (c *conn) SetLinger(seconds int) error {
	c.linger = false
	if abrupt, ok := c.Conn.(interface{ SetLinger(int) error }); ok {
		return abrupt.SetLinger(seconds)
	}
	return nil
}

// NetConn returns the connection below.
func (c *conn) NetConn() net.Conn { return c.Conn }

// stopReading makes reads fail from now on, one that blocks included. It may be
// called from any goroutine.
func (c *conn) stopReading() {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	c.stopReadingLocked()
}

func (c *conn) stopReadingLocked() {
	c.stopped = true
	_ = c.Conn.SetReadDeadline(time.Unix(1, 0))
}

func (c *conn) isStopped() bool {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	return c.stopped
}

// streams notes the request whose answer goes on as a stream of events, or that
// it does not any more. Where the server drains that ends it.
func (c *conn) streams(s *scope) {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	c.events = s
	if s != nil && c.owner.draining.Load() {
		s.interrupt()
	}
}

// drain shortens the wait of a connection that nothing of a request has come
// from, and ends a tunnel, or a stream of events. One that is busy otherwise is left alone: it is
// closed behind its answer.
func (c *conn) drain() {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	switch phase(c.phase.Load()) {
	case phaseFresh, phaseIdle:
		_ = c.Conn.SetReadDeadline(time.Now().Add(drainGrace))
	case phaseTunnel:
		c.stopReadingLocked()
	}
	if c.events != nil {
		c.events.interrupt()
	}
}

// Close closes the connection. After an answer that may have overtaken what
// the client still sends, it first says that nothing more will come and takes
// in the rest for a while.
func (c *conn) Close() error {
	_ = c.flush() // the end follows anyway
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.linger && !c.forsaken && half.CloseWrite() == nil {
		c.deadlineMu.Lock()
		c.stopped = false
		c.deadlineMu.Unlock()
		c.setReadDeadline(lingerTime)
		_, _ = io.Copy(io.Discard, onlyReader{c.Conn})
	}
	return c.Conn.Close()
}

// onlyReader hides WriteTo, which would take a pipe through the kernel.
type onlyReader struct{ io.Reader }

// slack is how much later than asked a deadline may be.
func slack(timeout time.Duration) time.Duration { return min(timeout/8, time.Second) }
