package upstream

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// tunnel carries bytes both ways once the server has agreed to another
// protocol. It ends when both sides have said so, when one breaks, and when
// nothing has come from either for the Config's time.
type tunnel struct {
	Stream
	cn     *conn
	in     Inbound
	client net.Conn
	// last is when something came, from either side, on the Client's clock.
	last atomic.Int64
	// panicked is what has brought down the goroutine for what comes back.
	panicked error

	mu    sync.Mutex
	over  bool  // cut has been called, and no deadline is set any more
	cause error // for which it was
	// brought counts what went to the client, in bytes.
	brought int64
}

// startTunnel turns the exchange into a tunnel. The client gets the server's
// answer from there, so that nothing can keep the tunnel from being ended.
func (cn *conn) startTunnel(rc *fasthttp.RequestCtx, in Inbound) *Stream {
	a, h := &cn.answer, &rc.Response.Header
	a.copyHead(h)
	h.Add(fasthttp.HeaderConnection, "Upgrade")
	if len(a.upgrade) > 0 {
		h.SetBytesV(fasthttp.HeaderUpgrade, a.upgrade)
	}
	cn.discard(a.size)
	t := &tunnel{cn: cn, in: in}
	in.Outlive()
	in.Running(nil) // the tunnel itself sees the client leave, or close its half
	cn.client.tunnels.Add(1)
	rc.HijackSetNoResponse(true)
	in.Hijack(func(client net.Conn) {
		h.ResetConnectionClose()
		t.run(client, h.Header())
	})
	return &t.Stream
}

// run is the tunnel's life, from the answer on.
func (t *tunnel) run(client net.Conn, head []byte) {
	if !t.cn.client.connections.begin() {
		t.finish(&Error{Op: OpTunnel, Sent: true, Err: ErrClosed})
		return
	}
	defer t.cn.client.connections.tunnels.Done()
	t.client = client
	t.last.Store(int64(t.cn.client.now()))
	t.wait(client, t.cn.client.cfg.TunnelTimeout)
	t.wait(t.cn.Conn, t.cn.client.cfg.TunnelTimeout)
	back := make(chan struct{})
	go func() {
		defer close(back)
		defer func() {
			if v := recover(); v != nil {
				t.panicked = panicked(v)
				t.cut(&Error{Op: OpTunnel, Sent: true, Err: errPanicked})
			}
		}()
		t.bring(head)
	}()
	t.bothWays(back)
}

// bothWays takes what comes from the client to the server, and ends the
// exchange when the other way, of which back is the end, is over as well.
func (t *tunnel) bothWays(back <-chan struct{}) {
	carried := false
	defer func() {
		if !carried { // a panic
			t.cut(&Error{Op: OpTunnel, Sent: true, Err: errPanicked})
		}
		<-back
		t.finish(t.cause)
		if carried && t.panicked != nil {
			panic(t.panicked)
		}
	}()
	var count int64
	t.carry(t.cn, t.client, &count)
	carried = true
}

// errPanicked is what ends a tunnel that panics.
var errPanicked = errors.New("panic")

// bring takes the answer and what follows to the client.
func (t *tunnel) bring(head []byte) {
	if _, err := t.client.Write(append(head, t.cn.buffered()...)); err != nil {
		t.cut(t.blame(t.client, err))
		return
	}
	t.brought = int64(t.cn.r.Buffered())
	t.carry(t.client, t.cn.Conn, &t.brought)
}

// cut has both sides fail, for the reason that comes first.
func (t *tunnel) cut(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return
	}
	t.over, t.cause = true, err
	t.cn.deadlines.stopWrites()
	// These fail on a connection that has gone, which is as well.
	_ = t.cn.Conn.SetReadDeadline(longAgo)
	_ = t.client.SetReadDeadline(longAgo)
	_ = t.client.SetWriteDeadline(longAgo)
}

// wait bounds the next read of a side, or the one under way. It reports
// whether the tunnel still stands.
func (t *tunnel) wait(from net.Conn, timeout time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.over || t.cn.deadlines.aborted.Load():
		return false
	case from == t.client:
		_ = t.client.SetReadDeadline(time.Now().Add(timeout)) // the read tells of an error
	default:
		t.cn.deadlines.readWithin(timeout)
	}
	return true
}

// carry copies one way, counts, and passes the end on.
func (t *tunnel) carry(to, from net.Conn, count *int64) {
	b := make([]byte, tunnelBytes)
	for {
		n, err := t.read(from, b)
		side := from
		if n > 0 {
			side = to
			n, err = to.Write(b[:n])
			*count += int64(n)
		} else if err == io.EOF {
			side = to
			if err = closeWrite(to); err == nil {
				return
			}
		}
		if err != nil {
			t.cut(t.blame(side, err))
			return
		}
	}
}

// blame says whose end has broken the tunnel. The silence of both is not the
// server's.
func (t *tunnel) blame(side net.Conn, err error) error {
	if side == t.client || errors.Is(err, ErrTunnelTimeout) {
		return &Error{Op: OpClient, Sent: true, Err: err}
	}
	return &Error{Op: OpTunnel, Sent: true, Err: err}
}

// tunnelBytes is the size of a tunnel's buffer for each direction: most
// tunnels are many, and silent.
const tunnelBytes = 8 << 10

// read waits as long as something comes from either side within the time. The
// deadline is set when it has passed, and not for each read.
func (t *tunnel) read(from net.Conn, b []byte) (int, error) {
	c := t.cn.client
	for {
		n, err := from.Read(b)
		if n > 0 {
			t.last.Store(int64(c.now()))
			return n, nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, err
		}
		left := time.Duration(t.last.Load()) + c.cfg.TunnelTimeout - c.now()
		if left <= 0 {
			return 0, ErrTunnelTimeout
		}
		if !t.wait(from, left) {
			return 0, err
		}
	}
}

// finish ends the exchange.
func (t *tunnel) finish(err error) {
	if t.cn.deadlines.aborted.Load() {
		err = t.cn.failure(OpTunnel, err)
	}
	t.cn.release(false)
	t.end(err)
	t.in.Ended(t.brought, err)
}
