package upstream

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"runtime"
	"time"

	"zerohop/socket"
)

// errUnasked: a kept connection that has something to say before it is asked.
var errUnasked = errors.New("bytes that nobody asked for")

// firstOfLong is how much of an answer is read with its head where the last one
// was long, in bytes: the rest goes to where it is wanted, and is not copied.
const firstOfLong = 4 << 10

// conn is a connection to the server. It belongs to one exchange, or is idle.
type conn struct {
	net.Conn
	client    *Client
	deadlines deadlines
	socket    *socket.Conn // what Conn is, or is below its TLS; nil where there is none
	// unsent is a request that goes out with the read of its answer, in one trip.
	unsent  []byte
	r       *bufio.Reader // of the conn itself, under deadlines
	request request
	body    Body // of the request
	answer  answer
	chunks  chunks // of the answer's body
	long    bool   // the last answer's body had a buffer of its own

	// kept: an exchange has gone well on it before.
	kept bool
	// keptUntil is when an idle connection is closed, on the client's clock;
	// above and below are its neighbours in the pool.
	keptUntil    time.Duration
	above, below *conn
	// heard: something of the answer has come; sent: something of the request
	// has gone; sendErr: why the rest of it has not.
	heard, sent bool
	unused      bool // it is stale, and was found so before anything was sent
	sendErr     error
	destroyed   bool
}

func newConn(c *Client, nc net.Conn) *conn {
	cn := &conn{Conn: nc, client: c, deadlines: deadlines{conn: nc, start: c.start}}
	cn.r = bufio.NewReaderSize(cn, c.cfg.HeaderBytes)
	if secure, ok := nc.(*tls.Conn); ok {
		nc = secure.NetConn()
	}
	cn.socket, _ = nc.(*socket.Conn)
	c.connections.add(cn)
	return cn
}

// canTrip reports whether a request may go out with the read of its answer. It
// is for those that are whole; the deadline is that of the read, as nothing is
// written that has to wait.
func (cn *conn) canTrip() bool { return cn.socket != nil && cn.Conn == net.Conn(cn.socket) }

// Abort has everything that waits for the connection fail, now and later.
func (cn *conn) Abort() { cn.deadlines.abort() }

// NetConn returns the connection below.
func (cn *conn) NetConn() net.Conn { return cn.Conn }

// quiet reports whether an idle connection has nothing to say: neither its end
// nor bytes that nobody asked for.
func (cn *conn) quiet() bool {
	return cn.socket == nil || cn.socket.Silent()
}

// Read reads within the time that the next read may take. A request that waits
// for it is sent first.
func (cn *conn) Read(b []byte) (int, error) {
	cn.deadlines.beginRead()
	for {
		n, err := cn.readOnce(b)
		if n > 0 {
			cn.heard = true
			cn.deadlines.expect(cn.client.cfg.ReadTimeout, ErrReadTimeout)
			return n, nil // an error comes again
		}
		if !cn.deadlines.goesOn(&cn.deadlines.reads, err) {
			return n, err
		}
	}
}

func (cn *conn) readOnce(b []byte) (int, error) {
	if len(cn.unsent) == 0 {
		return cn.Conn.Read(b)
	}
	return cn.tripOnce(b)
}

// tripOnce sends the request, as far as that is still to be done, and reads.
func (cn *conn) tripOnce(b []byte) (int, error) {
	// Those that wait for a processor send theirs right before or behind: a
	// server that is woken for the first finds the others there.
	runtime.Gosched()
	if cn.long {
		b = b[:min(len(b), firstOfLong)]
	}
	written, n, err := cn.socket.Trip(cn.unsent, b)
	cn.unused = cn.kept && written == 0 && (n > 0 || err != nil && !errors.Is(err, os.ErrDeadlineExceeded))
	cn.sent = cn.sent || written > 0
	cn.unsent = cn.unsent[written:]
	rest := cn.unsent
	switch {
	case len(rest) == 0 || err != nil:
		return n, err
	case cn.unused:
		return 0, errUnasked
	}
	cn.unsent = nil
	if _, cn.sendErr = cn.Write(rest); cn.hopeless(cn.sendErr) {
		return 0, cn.sendErr
	}
	if n > 0 { // it begins with an answer, as one that is overloaded may
		return n, nil
	}
	cn.deadlines.beginRead()
	return cn.Conn.Read(b)
}

// Write writes all of b, as long as some of it goes out within each
// send_timeout.
func (cn *conn) Write(b []byte) (int, error) {
	d, written := &cn.deadlines, 0
	d.begin(&d.writes, cn.client.cfg.SendTimeout)
	for {
		n, err := cn.Conn.Write(b[written:])
		written += n
		cn.sent = cn.sent || n > 0
		if n > 0 && err != nil {
			d.begin(&d.writes, cn.client.cfg.SendTimeout)
		}
		if !d.goesOn(&d.writes, err) {
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
	if !clean || cn.answer.closes || cn.r.Buffered() > 0 || cn.deadlines.stopped() {
		cn.destroy()
		return
	}
	cn.kept = true
	now := cn.client.now()
	cn.keptUntil = now + cn.answer.keepFor(cn.client.cfg.IdleTimeout)
	cn.client.pool.put(cn, now)
}

// destroy closes the connection. A second time it does nothing: a panic may
// come at any point of an exchange.
func (cn *conn) destroy() {
	if cn.destroyed {
		return
	}
	cn.destroyed = true
	cn.client.connections.remove(cn)
	cn.Conn.Close()
}
