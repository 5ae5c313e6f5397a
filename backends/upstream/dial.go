package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"zerohop/socket"
)

// The times that a Config sets, as causes of an *Error.
var (
	// ErrConnectTimeout: no connection came about within connect_timeout.
	ErrConnectTimeout = errors.New("connect_timeout passed")
	// ErrSendTimeout: nothing of the request went out for send_timeout.
	ErrSendTimeout = errors.New("send_timeout passed")
	// ErrFirstByteTimeout: nothing of the answer came within first_byte_timeout.
	ErrFirstByteTimeout = errors.New("first_byte_timeout passed")
	// ErrReadTimeout: nothing more of the answer came for read_timeout.
	ErrReadTimeout = errors.New("read_timeout passed")
	// ErrTunnelTimeout: nothing went through a tunnel for tunnel_timeout.
	ErrTunnelTimeout = errors.New("tunnel_timeout passed")
)

// Dial opens a connection that is the caller's, for a health check: the TLS
// handshake is done. It ends at ConnectTimeout, or with ctx.
func (c *Client) Dial(ctx context.Context) (net.Conn, error) {
	nc, err := c.dial(ctx)
	if err != nil {
		return nil, &Error{Op: OpConnect, Timeout: errors.Is(err, ErrConnectTimeout), Err: err}
	}
	return nc, nil
}

func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.ConnectTimeout, ErrConnectTimeout)
	defer cancel()
	var settings *tls.Config
	if c.cfg.TLS != nil {
		var err error
		if settings, err = c.cfg.TLS(); err != nil {
			return nil, err
		}
	}
	d := net.Dialer{KeepAlive: keepAlivePeriod}
	d.SetMultipathTCP(false)
	nc, err := d.DialContext(ctx, c.cfg.Network, c.cfg.Address)
	if err != nil {
		return nil, dialFailure(ctx, err)
	}
	nc = socket.Wrap(nc)
	if settings == nil {
		return nc, nil
	}
	secure := tls.Client(nc, settings)
	if err := secure.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, dialFailure(ctx, err)
	}
	return secure, nil
}

// keepAlivePeriod is how long the kernel leaves a silent connection alone, and
// how far apart its probes are then.
const keepAlivePeriod = 15 * time.Second

// dialFailure names the reason where it was the time, or the client. The
// dialer's own deadline may be noticed before the context's.
func dialFailure(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%w: %w", cause, err)
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("%w: %w", ErrConnectTimeout, err)
	}
	return err
}

// canceler makes the end of a context an Aborter.
type canceler struct{ cancel context.CancelFunc }

func (c *canceler) Abort() { c.cancel() }

// connect opens a connection for a request, which may be given up meanwhile.
func (c *Client) connect(ctx context.Context, in Inbound) (*conn, error) {
	if c.connections.isClosed() {
		return nil, &Error{Op: OpConnect, Err: ErrClosed}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if !in.Running(&canceler{cancel}) {
		return nil, &Error{Op: OpClient, Err: context.Canceled}
	}
	nc, err := c.dial(ctx)
	in.Running(nil)
	if errors.Is(err, context.Canceled) {
		return nil, &Error{Op: OpClient, Err: err}
	}
	if err != nil {
		return nil, &Error{Op: OpConnect, Timeout: errors.Is(err, ErrConnectTimeout), Err: err}
	}
	c.connects.Add(1)
	return newConn(c, nc), nil
}
