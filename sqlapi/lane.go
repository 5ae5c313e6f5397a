package sqlapi

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/jackc/puddle/v2"

	"zerohop/sqlapi/wire"
)

// The bounds that keep a lane free of deadlock, and short. What the leader has
// written fits into the sockets' buffers even while the server writes and
// reads nothing. An answer that is larger costs the lane its connection, and
// its statement is run again on a connection of its own.
const (
	maxLaneBatch  = 64 << 10 // bytes of all statements of a batch
	maxLaneAnswer = 64 << 10 // bytes of one answer
)

// maxGrace is how long a lane's server is given at most for a statement that
// nobody waits for any more.
const maxGrace = 100 * time.Millisecond

// errOverdue: the statement that the server is at has taken too long, or
// nobody is there any more to wait for the answers.
var errOverdue = fmt.Errorf("lane given up: %w", os.ErrDeadlineExceeded)

// lane is a connection that riders share. It belongs to its leader, who is one
// of them, or lies idle.
type lane struct {
	lanes *lanes
	// slot: a slot of the gate is the lane's.
	slot bool
	// res is the connection, nil where it is yet to be opened.
	res *puddle.Resource[*session]
	// used is when the lane was put back.
	used time.Time

	leader *rider
	// batch are the riders under way, in the order of their statements; those
	// from at on have not been told how their ride ends.
	batch []*rider
	at    int
	// mark is when the answer before was there.
	mark time.Time
	// call stands for that of the rider whose answer is read, who may have
	// left; text takes the answer until that is known.
	call call
	text []byte
}

// done reports whether every rider of the batch has been told.
func (ln *lane) done() bool { return ln.at == len(ln.batch) }

// next takes the first rider without an answer out of the batch.
func (ln *lane) next() *rider {
	r := ln.batch[ln.at]
	ln.batch[ln.at] = nil
	ln.at++
	return r
}

// claim is a rider's claim; the leader's own ride is its own to end, once.
func (ln *lane) claim(r *rider) bool {
	if r == ln.leader {
		return !r.told
	}
	return r.claim()
}

// settle tells a rider how its ride ends, unless it has left.
func (ln *lane) settle(r *rider, kind turnKind, err error) {
	if ln.claim(r) {
		r.err = err
		r.tell(kind)
	}
}

// deliver gives a rider its answer, or the error there is instead.
func (ln *lane) deliver(r *rider, text []byte, err error) {
	if ln.claim(r) {
		if err == nil {
			r.body, r.truncated = append(r.body, text...), ln.call.truncated
		}
		r.err = err
		r.tell(turnAnswered)
	}
}

// depart has the statements of the batch prepared where they are not yet, and
// sends all in one write. Riders that cannot go along are told.
func (ln *lane) depart(now time.Time) error {
	s := ln.res.Value()
	s.fresh = false
	if err := s.conn.SetDeadline(ln.patience(now)); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	s.conn.LimitAnswers(ln.lanes.db.cfg.MaxBytes)
	if err := ln.inspect(s, now); err != nil {
		return err
	}
	for _, r := range ln.batch {
		s.conn.ExecuteEncoded(r.prepared.Statement, r.execution)
	}
	s.conn.LimitAnswers(maxLaneAnswer)
	ln.lanes.db.count.statements.Add(uint64(len(ln.batch)))
	ln.lanes.count.note(ln.batch, now)
	err := s.conn.Flush()
	ln.mark = time.Now()
	return err
}

// inspect leaves in the batch the riders whose statement is known to be short
// and is prepared on the connection, and tells the others. An error is one of
// the connection, and nobody who is left has been told then.
func (ln *lane) inspect(s *session, now time.Time) error {
	for i := 0; i < len(ln.batch); {
		r := ln.batch[i]
		fits, refused, err := ln.fits(s, r, now)
		switch {
		case err != nil:
			return err
		case fits:
			i++
			continue
		}
		// Out of the batch first: once told, the rider is its owner's.
		ln.batch = slices.Delete(ln.batch, i, i+1)
		if refused != nil {
			ln.deliver(r, nil, kindOf(refused, ErrUnavailable))
		} else {
			ln.settle(r, turnAlone, nil)
		}
	}
	return nil
}

// fits reports whether a rider goes along, and where the server refuses its
// statement, why. An error is one of the connection.
func (ln *lane) fits(s *session, r *rider, now time.Time) (fits bool, refused, err error) {
	if !r.route.admits(now) {
		return false, nil, nil
	}
	if r.question != "" && r.route.unsure(now) {
		short, err := ln.ask(s, r, now)
		if err := s.ended(err); err != nil || !short {
			return false, nil, err
		}
	}
	p, refused := s.statement(r.query)
	if err := s.ended(refused); err != nil || refused != nil {
		return false, refused, err
	}
	r.prepared = p
	return p.Statement != nil, nil, nil // otherwise it goes as text
}

// ask has the server explain a rider's statement, and decides on its route.
func (ln *lane) ask(s *session, r *rider, now time.Time) (short bool, err error) {
	v, err := s.explain(r.question)
	if s.ended(err) != nil {
		return false, err
	}
	r.route.decide(v, now)
	return v.short, nil
}

// ended returns err if it is the end of the connection.
func (s *session) ended(err error) error {
	if err != nil && (s.conn.Failed() || endsConnection(err)) {
		return err
	}
	return nil
}

// arrive reads the answers of the batch and tells the riders, until all have
// been told. When the leader's own time is up before, it hands the lead over.
// An error is one of the connection.
func (ln *lane) arrive() (handed bool, err error) {
	s := ln.res.Value()
	// From here on the departure of the leader's client does the others no
	// harm: it is noticed while nothing is being read.
	ln.leader.leads.Store(s)
	ln.heed(s)
	for !ln.done() {
		if err := s.conn.Await(); err != nil {
			if s.conn.Failed() {
				return false, err
			}
			if handed, err := ln.wait(s, time.Now()); handed || err != nil {
				return handed, err
			}
			continue
		}
		if err := ln.answer(s, ln.next()); err != nil {
			return false, err
		}
	}
	return false, nil
}

// patience returns when the leader has to look next: at the earliest deadline
// of its own and of the batch that has not passed yet, or when the statement
// that the server is at has had its time.
func (ln *lane) patience(now time.Time) time.Time {
	first := ln.leader.deadline
	if head := ln.batch[ln.at]; head.over(now) && ln.due().Before(first) {
		first = ln.due()
	}
	for _, r := range ln.batch[ln.at:] {
		if r.deadline.Before(first) && !r.over(now) {
			first = r.deadline
		}
	}
	return first
}

// due is until when the server is given for the statement that it is at,
// whether or not somebody still waits for it: that may have waited long before
// it was sent, and says nothing about the server.
func (ln *lane) due() time.Time { return ln.mark.Add(min(ln.lanes.db.cfg.LaneSlow, maxGrace)) }

// wait decides how it goes on when a deadline has passed, or somebody has left.
// Followers look after themselves; it matters only whether the server is late
// with the statement that it is at, and whether the leader can stay.
func (ln *lane) wait(s *session, now time.Time) (handed bool, err error) {
	switch head := ln.batch[ln.at]; {
	case head.over(now) && !now.Before(ln.due()):
		ln.next()
		ln.settle(head, turnLate, nil)
		return false, errOverdue
	case !ln.leader.over(now) && !ln.leader.left.Load():
		err := s.conn.SetDeadline(ln.patience(now))
		ln.heed(s)
		return false, err
	}
	old, heir := ln.leader, ln.heir()
	if heir == nil { // all have left; then somebody who wants the lane next
		heir = ln.lanes.call()
	}
	if !old.told {
		old.state.Store(gone)
		old.tell(old.excuse())
	}
	if heir == nil {
		return false, errOverdue
	}
	old.leads.Store(nil)
	ln.leader = heir
	heir.turn <- turn{turnTakeOver, ln}
	return true, nil
}

// heed wakes the leader if its client has left while nobody could wake it.
func (ln *lane) heed(s *session) {
	if ln.leader.left.Load() {
		s.Abort()
	}
}

// excuse is why a leader does not wait for its own answer.
func (r *rider) excuse() turnKind {
	if r.left.Load() {
		return turnLeft
	}
	return turnLate
}

// heir returns a rider of the batch who can lead, claimed, or nil.
func (ln *lane) heir() *rider {
	for _, r := range ln.batch[ln.at:] {
		if r != ln.leader && r.claim() {
			return r
		}
	}
	return nil
}

// answer reads one answer, whose first byte is here, and tells its rider. An
// error is one of the connection.
func (ln *lane) answer(s *session, r *rider) error {
	panicked, err := ln.read(s, r)
	now := time.Now()
	gap := now.Sub(ln.mark)
	ln.mark = now
	switch {
	case panicked != nil:
		ln.blame(r, panicked)
		return errOverdue
	case s.conn.Failed():
		if errors.Is(err, wire.ErrTooLarge) {
			ln.lanes.putOff(r.route, now, "an answer has more than 64 KiB")
		}
		kind := turnRepeat
		if r.over(now) {
			kind = turnLate
		}
		ln.settle(r, kind, nil)
		return err
	case endsConnection(err):
		ln.settle(r, turnRepeat, nil)
		return err
	case needsPreparing(err):
		s.forget(r.query)
		r.route.doubt()
		ln.settle(r, turnRepeat, nil)
		return nil
	}
	if reason := r.prepared.pace.note(gap, ln.lanes.db.cfg.LaneSlow); reason != "" {
		ln.lanes.putOff(r.route, now, reason)
	}
	whole := s.conn.Whole()
	if !whole { // it was cut, and too long to be read to its end
		ln.lanes.putOff(r.route, now, "an answer was too long to be read to its end")
	}
	ln.deliver(r, ln.text, kindOf(err, ErrUnavailable))
	if !whole {
		return errOverdue
	}
	return nil
}

// read reads an answer into ln.text. After a panic nobody knows how far the
// connection has been read.
func (ln *lane) read(s *session, r *rider) (panicked *lanePanic, err error) {
	defer func() {
		if p := recover(); p != nil {
			panicked = &lanePanic{p, debug.Stack()}
		}
	}()
	ln.call.format, ln.call.head = r.format, r.head
	ln.text, err = r.prepared.appendAnswer(ln.text[:0], s.conn, &ln.call)
	return nil, err
}

// blame has a panic go on in the goroutine of the request whose answer it was.
func (ln *lane) blame(r *rider, p *lanePanic) {
	if !ln.claim(r) {
		ln.lanes.db.count.panics.Add(1)
		return
	}
	r.panicked = p
	r.tell(turnAnswered)
}
