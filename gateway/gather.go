package gateway

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// gatherBytes is the size of the buffer that the HTTP server writes an answer
// through: what is larger leaves it in pieces, the first of which is a full one.
const gatherBytes = 4096

// gather has an answer that is all here leave in one write, where the HTTP
// server makes two of it: its own buffer full, and what did not fit. (On a bare
// TCP connection it would join the two itself.) The first waits for the second,
// and not for anything else: it goes out alone before the connection is read,
// closed, or has its next request handled.
//
// It belongs to the goroutine that serves requests. Behind a request that has
// taken the connection for something else it has nothing, and is given nothing.
type gather struct {
	expected bool
	first    *[gatherBytes]byte // nil where nothing waits
	n        int
}

// gathers are buffers for the first pieces.
var gathers = sync.Pool{New: func() any { return new([gatherBytes]byte) }}

// expect says that the next write may be the first piece of an answer with so
// many bytes in its body, all of which follow at once. With 0 there is none.
func (g *gather) expect(bodyBytes int) { g.expected = bodyBytes > gatherBytes }

// keep takes b, if that is to wait.
func (g *gather) keep(b []byte) bool {
	if !g.expected {
		return false
	}
	g.expected = false
	if g.first != nil || len(b) > gatherBytes {
		return false
	}
	g.first = gathers.Get().(*[gatherBytes]byte)
	g.n = copy(g.first[:], b)
	return true
}

// waiting returns what waits.
func (g *gather) waiting() []byte {
	if g.first == nil {
		return nil
	}
	return g.first[:g.n]
}

// drop forgets what waits.
func (g *gather) drop() {
	if g.first != nil {
		gathers.Put(g.first)
		g.first = nil
	}
}

// Write writes all of b, as long as some of it goes out within each idle_timeout.
func (c *conn) Write(b []byte) (int, error) {
	if c.gather.keep(b) {
		return len(b), nil
	}
	first := c.gather.waiting()
	if len(first) == 0 {
		return c.write(nil, b)
	}
	defer c.gather.drop()
	written, err := c.write(first, b)
	return max(0, written-len(first)), err
}

// flush writes what has waited for a further write.
func (c *conn) flush() error {
	first := c.gather.waiting()
	if len(first) == 0 {
		return nil
	}
	defer c.gather.drop()
	_, err := c.write(first, nil)
	return err
}

// write writes all of a and b, and returns how much of both.
func (c *conn) write(a, b []byte) (int, error) {
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
		// Asked behind the setting: whoever stops says so in front of his own.
		if c.writesStopped.Load() {
			return written, os.ErrDeadlineExceeded
		}
		n, err := c.writeOnce(a[min(written, len(a)):], b[max(0, written-len(a)):])
		written += n
		if n == 0 || err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
	}
}

// writeOnce writes a and b under the deadline that stands.
func (c *conn) writeOnce(a, b []byte) (int, error) {
	if c.socket != nil {
		return c.socket.WriteBoth(a, b)
	}
	if len(a) == 0 {
		return c.Conn.Write(b)
	}
	written, err := c.Conn.Write(a)
	if err == nil && len(b) > 0 {
		var n int
		n, err = c.Conn.Write(b)
		written += n
	}
	return written, err
}
