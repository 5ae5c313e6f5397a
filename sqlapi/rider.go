package sqlapi

import (
	"fmt"
	"sync/atomic"
	"time"

	"zerohop/sqlapi/wire"
)

// rider is a request that shares a lane.
//
// It belongs to the goroutine of its request, its owner, which sleeps until
// its turn comes. Whoever leads the lane works for it meanwhile, and knows of
// it only what is copied into it: the owner may leave at any moment, and with
// it the memory of the request. Who may end the ride is settled by one atomic
// step: either the owner leaves, and nobody touches the request again, or
// somebody claims the rider, and the owner waits for the turn that follows at
// once.
type rider struct {
	route *boarding
	query *query
	// execution is what is sent for it.
	execution wire.Execution
	// question is the EXPLAIN to be answered before, or "".
	question string
	// format and head are what the answer is written in, and what stands before
	// its rows.
	format   format
	head     []byte
	deadline time.Time
	joined   time.Time

	state atomic.Int32
	turn  chan turn // takes one value

	// older and newer are the neighbours in the queue; under the lock of lanes.
	older, newer *rider
	queued       bool

	// prepared is the query on the lane; the leader's.
	prepared *prepared

	// told: the turn has been sent. body takes the answer, with the limit that
	// has cut it, err says why there is none, panicked what happened instead. They are of whoever has claimed
	// the rider.
	told      bool
	body      []byte
	truncated string
	err       error
	panicked  *lanePanic

	// leads is the connection on which the rider leads, and left that its
	// client has gone meanwhile.
	leads atomic.Pointer[session]
	left  atomic.Bool

	alarm *time.Timer
}

// The states of a rider.
const (
	riding  = iota // the owner sleeps, or is about to
	claimed        // the owner's turn comes
	gone           // the owner has left
)

// turn is what wakes a rider's owner.
type turn struct {
	kind turnKind
	lane *lane // to lead
}

type turnKind uint8

const (
	turnWait     turnKind = iota // it has not come yet
	turnAnswered                 // the answer, or its error, is there
	turnLead                     // lead the lane, which is empty
	turnTakeOver                 // lead the lane, whose batch is under way
	turnAlone                    // take a connection of your own
	turnRepeat                   // once more; the statement may have run
	turnLeft                     // the client has left
	turnLate                     // the time is up
)

// maxExecution is how large a rider's statement may be with its parameters, in
// bytes. What is larger goes alone.
const maxExecution = 4 << 10

// newRider returns a rider for a call. It is nil when the call's statement is
// too large to share a lane.
func (l *lanes) newRider(c *call, e *Endpoint) *rider {
	size := 0
	for _, arg := range c.args {
		size += len(arg.Text)
	}
	if size > maxExecution {
		return nil
	}
	r, ok := l.riders.Get().(*rider)
	if !ok {
		r = &rider{turn: make(chan turn, 1), alarm: time.NewTimer(time.Hour)}
		r.alarm.Stop()
	}
	r.execution = wire.AppendExecution(r.execution[:0], c.args)
	if len(r.execution) > maxExecution {
		l.free(r)
		return nil
	}
	r.route, r.query = e.boarding, c.query
	r.format, r.head = c.format, append(r.head[:0], c.head...)
	r.deadline, r.joined = c.deadline, c.began
	return r
}

// free gives a rider back that nobody else knows any more.
func (l *lanes) free(r *rider) {
	*r = rider{execution: r.execution[:0], head: r.head[:0], turn: r.turn, alarm: r.alarm}
	l.riders.Put(r)
}

// claim makes the rider's end the caller's business. It reports false when the
// owner has left.
func (r *rider) claim() bool { return r.state.CompareAndSwap(riding, claimed) }

// leave is the owner's end of the ride. It reports false when the turn comes.
func (r *rider) leave() bool { return r.state.CompareAndSwap(riding, gone) }

// Abort wakes the owner when the client has left. One that leads others goes
// on until somebody else can.
func (r *rider) Abort() {
	if r.leave() {
		r.turn <- turn{kind: turnLeft}
		return
	}
	r.left.Store(true)
	if s := r.leads.Load(); s != nil {
		s.Abort()
	}
}

// await sleeps until the owner's turn, its deadline, or its client's departure.
func (r *rider) await() turn {
	r.alarm.Reset(time.Until(r.deadline))
	defer r.alarm.Stop()
	select {
	case t := <-r.turn:
		return t
	case <-r.alarm.C:
	}
	if r.leave() {
		return turn{kind: turnLate}
	}
	return <-r.turn // it comes at this moment
}

// tell ends the ride of a rider that the caller has claimed. The rider is its
// owner's alone afterwards.
func (r *rider) tell(kind turnKind) {
	r.told = true
	r.turn <- turn{kind: kind}
}

// over reports whether the rider's time is up.
func (r *rider) over(now time.Time) bool { return !now.Before(r.deadline) }

var (
	errLate = fmt.Errorf("%w: in a lane", ErrTimeout)
	errLeft = fmt.Errorf("%w: in a lane", ErrAbandoned)
)

// lanePanic is a panic in the encoding of a rider's answer, on its way from
// the goroutine in which it happened to the one whose request it is.
type lanePanic struct {
	value any
	stack []byte
}

func (p *lanePanic) String() string {
	return fmt.Sprintf("%v\n\nin the goroutine that read the answer:\n%s", p.value, p.stack)
}
