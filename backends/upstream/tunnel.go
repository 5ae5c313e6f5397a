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
	last  atomic.Int64
	once  sync.Once
	cause error
	// over: cut has been called, and no deadline is set any more.
	over atomic.Bool
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
	cn.client.running.add(cn)
	rc.HijackSetNoResponse(true)
	in.Hijack(func(client net.Conn) {
		h.ResetConnectionClose()
		t.run(client, h.Header())
	})
	return &t.Stream
}

// run is the tunnel's life, from the answer on.
func (t *tunnel) run(client net.Conn, head []byte) {
	if !t.cn.client.running.begin() {
		t.finish(ErrClosed)
		return
	}
	defer t.cn.client.running.tunnels.Done()
	t.client = client
	t.last.Store(int64(t.cn.client.now()))
	deadline := time.Now().Add(t.cn.client.cfg.TunnelTimeout)
	_ = client.SetReadDeadline(deadline) // the first read tells of an error
	_ = t.cn.Conn.SetReadDeadline(deadline)
	t.cn.keepAborted()
	back := make(chan struct{})
	go func() {
		defer close(back)
		t.bring(head)
	}()
	var carried int64
	t.carry(t.cn, client, &carried)
	<-back
	t.finish(t.cause)
}

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
	t.once.Do(func() { t.cause = err })
	t.over.Store(true)
	t.cn.stopWrites()
	// These fail on a connection that has gone, which is as well.
	_ = t.cn.Conn.SetReadDeadline(longAgo)
	_ = t.client.SetReadDeadline(longAgo)
	_ = t.client.SetWriteDeadline(longAgo)
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

// blame has an error of the client's side, or of the silence of both, not be
// the server's.
func (t *tunnel) blame(side net.Conn, err error) error {
	if side == t.client || errors.Is(err, ErrTunnelTimeout) {
		return &Error{Op: OpClient, Sent: true, Err: err}
	}
	return err
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
		if !errors.Is(err, os.ErrDeadlineExceeded) || t.over.Load() || t.cn.aborted.Load() {
			return 0, err
		}
		left := time.Duration(t.last.Load()) + c.cfg.TunnelTimeout - c.now()
		if left <= 0 {
			return 0, ErrTunnelTimeout
		}
		_ = from.SetReadDeadline(time.Now().Add(left))
		if t.over.Load() {
			_ = from.SetReadDeadline(longAgo)
		}
		t.cn.keepAborted()
	}
}

// finish ends the exchange.
func (t *tunnel) finish(err error) {
	if t.cn.aborted.Load() {
		err = t.cn.failure(OpRead, err)
	}
	t.cn.client.running.remove(t.cn)
	t.cn.release(false)
	t.end(err)
	t.in.Ended(t.brought, err)
}
