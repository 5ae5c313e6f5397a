package memcached

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

// rider is a read that shares a connection. To its gomemcache client it is a
// connection of its own: what the client writes is kept until somebody sends
// it, and what the client reads is the answer, cut out of those to others.
//
// It belongs to the goroutine of its call, its owner, which sleeps until its
// turn comes. Whoever leads the lane works for it meanwhile. Who may end the
// ride is settled by one atomic step: either the owner leaves, and what comes
// for it is thrown away, or somebody claims the rider, and the owner waits for
// the turn that follows at once.
type rider struct {
	net.Conn // nil: a client uses nothing else of one
	client   *memcache.Client
	lanes    *lanes

	request  request
	deadline time.Time
	command  []byte // what the client has written
	answer   []byte // what it has to read, and
	unread   []byte // what it has not read of that

	state atomic.Int32
	turn  chan turn // takes one value
	alarm *time.Timer

	// older and newer are the neighbours in the queue; under the lock of lanes.
	older, newer *rider
	queued       bool

	// told: the turn has been sent. err says why there is no answer, and again
	// that the next one may be asked for it. They are of whoever has claimed
	// the rider.
	told  bool
	err   error
	again bool
}

// The states of a rider.
const (
	riding  = iota // the owner sleeps, or is about to
	claimed        // the owner's turn comes
	gone           // the owner has left
)

// turn is what wakes a rider's owner. Without a lane its ride is over.
type turn struct {
	lane *lane // to lead
	// underway: the lane's batch has been sent.
	underway bool
}

// errLate: the call's time was up before its answer was there.
var errLate = fmt.Errorf("no answer on a shared connection: %w", os.ErrDeadlineExceeded)

// maxKept is how many bytes of room for answers are kept for the next one.
const maxKept = 64 << 10

func newRider(l *lanes) *rider {
	r := &rider{lanes: l, turn: make(chan turn, 1), alarm: time.NewTimer(time.Hour)}
	r.alarm.Stop()
	r.client = memcache.NewFromSelector(l.server.address)
	r.client.MaxIdleConns = 1
	r.client.DialContext = func(context.Context, string, string) (net.Conn, error) { return r, nil }
	return r
}

// ask sends a request and reads the answer, until the deadline.
func (r *rider) ask(q *request, deadline time.Time) (reply, error) {
	r.request, r.deadline = *q, deadline
	r.command, r.unread = r.command[:0], nil
	r.told, r.err, r.again = false, nil, false
	r.state.Store(riding)
	return r.request.send(r.client)
}

// Write is gomemcache's, and keeps a command until it is sent.
func (r *rider) Write(p []byte) (int, error) {
	r.command = append(r.command, p...)
	return len(p), nil
}

// Read is gomemcache's. The first one of an answer sends the command.
func (r *rider) Read(p []byte) (int, error) {
	if len(r.command) > 0 {
		if err := r.ride(); err != nil {
			return 0, err
		}
		r.command, r.unread = r.command[:0], r.answer
	}
	if len(r.unread) == 0 {
		return 0, io.ErrUnexpectedEOF // it was a whole answer
	}
	n := copy(p, r.unread)
	r.unread = r.unread[n:]
	return n, nil
}

// SetDeadline is gomemcache's, whose deadlines begin anew with every line.
func (r *rider) SetDeadline(time.Time) error { return nil }

// Close is gomemcache's, after a failure.
func (r *rider) Close() error { return nil }

// ride returns when the answer is there, or with the reason why not.
func (r *rider) ride() error {
	t := r.lanes.enter(r)
	if t.lane == nil {
		var err error
		if t, err = r.await(); err != nil {
			return err
		}
	}
	if t.lane != nil {
		r.lanes.lead(t, r)
	}
	return r.err
}

// await sleeps until the owner's turn, or its deadline.
func (r *rider) await() (turn, error) {
	r.alarm.Reset(time.Until(r.deadline))
	defer r.alarm.Stop()
	select {
	case t := <-r.turn:
		return t, nil
	case <-r.alarm.C:
	}
	if !r.leave() {
		return <-r.turn, nil // it comes at this moment
	}
	if r.lanes.withdraw(r) {
		r.state.Store(riding) // nobody knows of it any more
		return turn{}, errBusy
	}
	return turn{}, errLate
}

// claim makes the rider's end the caller's business. It reports false when the
// owner has left.
func (r *rider) claim() bool { return r.state.CompareAndSwap(riding, claimed) }

// leave is the owner's end of the ride. It reports false when the turn comes.
func (r *rider) leave() bool { return r.state.CompareAndSwap(riding, gone) }

// over reports whether the rider's time is up.
func (r *rider) over(now time.Time) bool { return !now.Before(r.deadline) }

// tell ends the ride of a rider that the caller has claimed. The rider is its
// owner's alone afterwards.
func (r *rider) tell(err error) {
	r.told, r.err = true, err
	r.turn <- turn{}
}

// asksLike reports whether one command can have both riders' keys.
func (r *rider) asksLike(other *rider) bool {
	return r.request.verb == other.request.verb && r.request.verb != verbTouch && r.request.expiry == other.request.expiry
}

// expects reports whether a line can be the last one of the rider's answer.
// After any other nobody knows whose the next one is.
func (r *rider) expects(line []byte) bool {
	if r.request.verb == verbTouch {
		return string(line) == "TOUCHED\r\n" || string(line) == "NOT_FOUND\r\n"
	}
	return string(line) == "END\r\n"
}
