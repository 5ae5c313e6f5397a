package sqlapi

import (
	"context"
	"fmt"
	"sync"
	"time"

	"zerohop/sqlapi/wire"
)

// call is what one request needs while its statement runs. Calls are reused,
// so that a request that finds a connection idle allocates nothing.
type call struct {
	ctx      context.Context
	began    time.Time
	deadline time.Time
	values   values          // of the endpoint's parameters
	query    *query          // what is sent, of the endpoint's: see query.bind
	args     []wire.Argument // its arguments
	wait     *patience
	result   wire.Result
	request  Abandonable // while its statement runs, and where it is one
	// careful: look whether a connection is still alive before it is used,
	// as the statement cannot, or can no more, be tried again.
	careful bool
	// awaited: the answer is read to its end, however little of it the body
	// takes, as something follows on the connection or asks for its rows.
	awaited bool
	// sent is how many statements of a sequence have been sent.
	sent uint64
	// What earlier statements did and returned, while a sequence runs; kept is
	// there for pages, too.
	last     effect
	kept     *keeper
	page     *page  // the rows that are wanted, of an endpoint with pages
	location []byte // the header of that name, or nothing
	format   format
	// head is what stands before the rows, see answer.prepare; truncated is
	// which limit has left rows out, or "".
	head      []byte
	truncated string
}

var calls = sync.Pool{New: func() any { return &call{wait: new(patience)} }}

// newCall returns a call that ends with ctx, and timeout from now at the latest.
func newCall(ctx context.Context, timeout time.Duration) *call {
	c := calls.Get().(*call)
	c.ctx = ctx
	c.began = time.Now()
	c.deadline = c.began.Add(timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(c.deadline) {
		c.deadline = d
	}
	return c
}

// over returns an ErrTimeout when the call's time is up, or an ErrAbandoned
// when nobody waits for it any more; doing says what it was about.
func (c *call) over(doing string) error {
	if err := c.ctx.Err(); err != nil {
		return fmt.Errorf("%w: %s: %w", waitEnded(c.ctx, ErrTimeout), doing, err)
	}
	if !time.Now().Before(c.deadline) {
		return fmt.Errorf("%w: %s", ErrTimeout, doing)
	}
	return nil
}

// patience returns the context under which the call waits for a connection.
func (c *call) patience() *patience {
	p := c.wait
	p.parent, p.deadline, p.asked = c.ctx, c.deadline, false
	return p
}

// rested ends the waiting for a connection.
func (c *call) rested() {
	if c.wait.end() {
		c.wait = new(patience)
	}
}

// free gives the call back; nothing of the request stays behind.
func (c *call) free() {
	clear(c.args)
	c.values.free()
	c.wait.parent = nil
	*c = call{values: c.values, args: c.args[:0], wait: c.wait, head: c.head[:0]}
	calls.Put(c)
}
