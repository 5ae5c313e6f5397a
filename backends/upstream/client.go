package upstream

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// ErrClosed: the Client was closed.
var ErrClosed = errors.New("upstream closed")

// Client is one HTTP server. It may be used by any number of goroutines.
type Client struct {
	cfg   Config
	start time.Time // of the clock that deadlines are kept by
	pool  pool
	pages pages

	connections  connections
	connects     atomic.Uint64
	staleRetries atomic.Uint64
	tunnels      atomic.Uint64
}

// New returns a Client. It does no I/O.
func New(cfg Config) *Client {
	c := &Client{cfg: cfg, start: time.Now()}
	c.pool.init(cfg.Idle, c.now)
	return c
}

// now is the time since the Client was made.
func (c *Client) now() time.Duration { return time.Since(c.start) }

// Close has all that is under way fail with ErrClosed: requests without an
// answer, streams and tunnels. It closes the idle connections, and waits for
// the Client's own goroutines; what fails does so in its request's, which is
// the caller's to await. A second Close waits as the first does.
func (c *Client) Close() {
	c.pool.close()
	c.connections.close()
}

// Stats returns a snapshot.
func (c *Client) Stats() Stats {
	return Stats{
		Connections:  c.connections.size(),
		Idle:         c.pool.size(),
		Connects:     c.connects.Load(),
		StaleRetries: c.staleRetries.Load(),
		Tunnels:      c.tunnels.Load(),
	}
}

// Exchange sends the request of rc and puts the answer into rc.Response. The
// statuses of unwanted are an *Error with OpStatus instead of an answer. Every
// error is an *Error, and leaves the response reset; nothing of the answer has
// then gone to the client. Of ctx only the values count: a request that goes
// to an upstream has the Config's times, and ends early when in says so.
//
// The Stream is nil when the answer is complete. Otherwise its body, or a
// tunnel, goes on after the handler has returned, and in.Outlive has been
// called.
func (c *Client) Exchange(ctx context.Context, rc *fasthttp.RequestCtx, in Inbound, unwanted Statuses) (*Stream, error) {
	body := in.Body()
	small := body.small()
	for cn := c.pool.take(small); cn != nil; cn = c.pool.take(small) {
		s, err := cn.exchange(rc, in, unwanted)
		failure, ok := errors.AsType[*Error](err)
		if !ok || !failure.Stale || !mayRepeat(rc, failure) {
			return s, err
		}
		if !failure.unused {
			c.staleRetries.Add(1)
			break
		}
	}
	cn, err := c.connect(ctx, in)
	if err != nil {
		return nil, err
	}
	return cn.exchange(rc, in, unwanted)
}

// mayRepeat reports whether a request that met a closed connection may go out
// once more: where nothing of it was sent, or a second time changes nothing.
func mayRepeat(rc *fasthttp.RequestCtx, failure *Error) bool {
	if failure.BodyTaken {
		return false
	}
	return !failure.Sent || Idempotent(rc.Request.Header.Method())
}

// Idempotent reports whether a request with the method means no more the second
// time than the first, by RFC 9110, section 9.2.2.
func Idempotent(method []byte) bool {
	switch string(method) {
	case fasthttp.MethodGet, fasthttp.MethodHead, fasthttp.MethodOptions, fasthttp.MethodTrace,
		fasthttp.MethodPut, fasthttp.MethodDelete:
		return true
	}
	return false
}
