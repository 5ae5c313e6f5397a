package sqlapi

import (
	"slices"
	"sync"
	"time"
)

// lanes are the connections of a database that short statements share.
//
// A request that finds a lane idle leads it: it sends its own statement, reads
// the answer, and hands the lane to whoever has waited longest meanwhile, who
// takes along as many others as a batch holds: one write, and the answers come
// back in order. The leader tells each rider how its ride has ended. So nobody
// pays for a hand-off while there is no crowd, and in a crowd the database and
// both kernels work for many requests at once.
//
// A lane opens when a request finds all others busy, and holds one of the
// pool's connections, and a slot of the gate, until it has been idle for long.
// There is no goroutine for it: whoever leads works for the others, and while
// anybody waits some lane is busy.
//
// All methods may be called from any goroutine.
type lanes struct {
	db    *Database
	most  int // lanes
	batch int // riders of one batch
	queue int // riders that wait

	count *laneCounters
	// riders are those that nobody uses.
	riders sync.Pool

	mu     sync.Mutex
	idle   []*lane     // with a connection; the last one put back is the first taken
	open   int         // lanes that there are
	line   line        // those who wait for a lane
	bans   []time.Time // until when routes are put off
	closed bool
}

func newLanes(db *Database) *lanes {
	cfg := &db.cfg
	l := &lanes{db: db, most: min(cfg.Lanes, cfg.Max-1), batch: cfg.LaneBatch, queue: cfg.LaneQueue, count: newLaneCounters()}
	if cfg.Embedded() {
		l.most = 0 // it does not say how it runs a statement
	}
	return l
}

// ride runs the call's statement in a lane and appends the answer to body. kind
// is turnAnswered, or turnAlone or turnRepeat when the statement needs a
// connection of its own.
func (l *lanes) ride(c *call, e *Endpoint, body []byte) (_ []byte, kind turnKind, err error) {
	if l.most == 0 || !e.boarding.admits(c.began) {
		return body, turnAlone, nil
	}
	r := l.newRider(c, e)
	if r == nil {
		return body, turnAlone, nil
	}
	if e.boarding.unsure(c.began) {
		r.question = "EXPLAIN " + c.query.withValues(c.args)
	}
	r.body = body
	if err := c.attend(r); err != nil {
		l.free(r)
		return body, turnAnswered, err
	}
	t := l.travel(c, r)
	_ = c.attended(nil)
	switch t.kind {
	case turnLate, turnLeft:
		if l.withdraw(r) {
			l.free(r)
		}
		if t.kind == turnLate {
			return body, turnAnswered, errLate
		}
		return body, turnAnswered, errLeft
	case turnAnswered:
		body, c.truncated = r.body, r.truncated
	}
	err, panicked := r.err, r.panicked
	l.free(r)
	if panicked != nil {
		panic(panicked)
	}
	return body, t.kind, err
}

// travel waits for the rider's turn and does what it asks for.
func (l *lanes) travel(c *call, r *rider) turn {
	t := l.enter(r)
	if t.kind == turnWait {
		t = r.await()
	}
	if t.kind == turnLead || t.kind == turnTakeOver {
		return l.lead(t, r, c)
	}
	return t
}

// enter finds a place for a rider: a lane to lead, or one in the queue.
func (l *lanes) enter(r *rider) turn {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := len(l.idle) - 1
	switch {
	case l.closed:
		return turn{kind: turnAlone}
	case last < 0 && (l.open == l.most || !l.db.gate.enter()):
		if l.open == 0 || l.line.waiting == l.queue {
			return turn{kind: turnAlone}
		}
		l.line.push(r)
		return turn{kind: turnWait}
	case !r.claim():
		if last < 0 {
			l.db.gate.leave()
		}
		return turn{kind: turnWait} // and it has come
	case last < 0:
		l.open++
		return turn{turnLead, &lane{lanes: l, slot: true}}
	}
	ln := l.idle[last]
	l.idle[last] = nil
	l.idle = l.idle[:last]
	return turn{turnLead, ln}
}

// lead carries a batch through, or the rest of one, and returns how the
// leader's own ride ends.
func (l *lanes) lead(t turn, r *rider, c *call) turn {
	ln := t.lane
	defer func() {
		if p := recover(); p != nil { // a bug, which may not strand the others
			r.leads.Store(nil)
			for !ln.done() { // what it is about may be one of them
				ln.settle(ln.next(), turnAlone, nil)
			}
			l.conclude(ln, errOverdue)
			panic(p)
		}
	}()
	ln.leader = r
	if t.kind == turnLead {
		if err := l.begin(ln, c); err != nil {
			l.conclude(ln, err)
			return <-r.turn
		}
	}
	handed, err := ln.arrive()
	if !handed && err == nil && !r.told { // it was called, and its own turn comes now
		r.leads.Store(nil)
		if err = l.begin(ln, c); err == nil {
			handed, err = ln.arrive()
		}
	}
	if !handed {
		r.leads.Store(nil)
		l.conclude(ln, err)
	}
	return <-r.turn
}

// begin makes sure that the lane has a connection, takes along who waits, and
// sends their statements. Whoever has been told by then is not in the batch.
func (l *lanes) begin(ln *lane, c *call) error {
	r := ln.leader
	ln.batch, ln.at = append(ln.batch[:0], r), 0
	if ln.res == nil {
		res, err := l.db.acquire(c)
		if err != nil {
			ln.deliver(ln.next(), nil, err)
			return err
		}
		ln.res = res
	}
	now := time.Now()
	if ln.mark = now; r.over(now) || r.left.Load() {
		ln.settle(ln.next(), r.excuse(), nil)
		return nil
	}
	l.fill(ln)
	return ln.depart(now)
}

// fill adds to the batch those that have waited longest, as many as it holds.
func (l *lanes) fill(ln *lane) {
	size := len(ln.leader.execution)
	l.mu.Lock()
	defer l.mu.Unlock()
	for r := l.line.oldest; r != nil && len(ln.batch) < l.batch; r = l.line.oldest {
		if size += len(r.execution); size > maxLaneBatch {
			return
		}
		l.line.remove(r)
		ln.batch = append(ln.batch, r)
	}
}

// conclude ends a batch: riders who are still without an answer are sent to
// connections of their own, a connection that is of no further use is ended,
// and the lane goes to the next. err is the connection's, or nil.
func (l *lanes) conclude(ln *lane, err error) {
	for !ln.done() {
		ln.settle(ln.next(), turnRepeat, nil)
	}
	ln.settle(ln.leader, turnAlone, nil) // one who was called, in vain
	ln.leader = nil
	ln.batch, ln.at = ln.batch[:0], 0
	if ln.res != nil {
		l.keep(ln, err)
	}
	l.pass(ln)
}

// keep decides whether the lane keeps its connection.
func (l *lanes) keep(ln *lane, err error) {
	res := ln.res
	s := res.Value()
	usable := s.judge(err)
	switch {
	case usable && !l.db.aged(res, ln.mark):
		return
	case usable:
		s.slot = true
		res.Destroy()
	case !s.broken:
		l.db.discard(res)
	default:
		res.Destroy()
		ln.res = nil
		return // the slot is there at once
	}
	ln.res, ln.slot = nil, false
}

// pass hands the lane to whoever has waited longest, or puts it back.
func (l *lanes) pass(ln *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !ln.slot && l.line.waiting > 0 {
		ln.slot = l.db.gate.enter()
	}
	if ln.slot {
		if r := l.line.next(); r != nil {
			r.turn <- turn{turnLead, ln}
			return
		}
	}
	if ln.res != nil && !l.closed {
		ln.used = ln.mark
		l.idle = append(l.idle, ln)
		return
	}
	l.open--
	l.abolish(ln)
	if l.open == 0 { // nobody is there who would ever hand them a lane
		l.line.dismiss(turnAlone, nil)
	}
}

// call claims whoever has waited longest, to lead a lane; nil is nobody.
func (l *lanes) call() *rider {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.line.next()
}

// abolish ends a lane that nobody leads: its connection, or what it has of one.
func (l *lanes) abolish(ln *lane) {
	switch {
	case ln.res != nil:
		ln.res.Value().slot = true
		ln.res.Destroy()
	case ln.slot:
		l.db.gate.leave()
	}
}

// dismiss tells everybody who waits that there is no connection, and why.
func (l *lanes) dismiss(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line.dismiss(turnAnswered, err)
}

// withdraw takes a rider that has left out of the queue. It reports false when
// a leader may still know of it.
func (l *lanes) withdraw(r *rider) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !r.queued {
		return false
	}
	l.line.remove(r)
	return true
}

// sweep ends lanes that have not been used for long, have lived their time, or
// whose connection the server has closed.
func (l *lanes) sweep(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.idle[:0]
	for _, ln := range l.idle {
		s := ln.res.Value()
		dead := !s.conn.Alive()
		if !dead && now.Sub(ln.used) < l.db.cfg.IdleTimeout && !l.db.aged(ln.res, now) {
			kept = append(kept, ln)
			continue
		}
		s.broken = dead
		l.open--
		l.abolish(ln)
	}
	clear(l.idle[len(kept):])
	l.idle = kept
}

// close ends the lanes that are idle, and has the others end with their batch.
func (l *lanes) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, ln := range l.idle {
		l.open--
		l.abolish(ln)
	}
	l.idle = nil
}

// putOff has a route do without the lanes for a while.
func (l *lanes) putOff(route *boarding, now time.Time, reason string) {
	length := route.exclude(now)
	if length == 0 { // it is already
		return
	}
	l.count.putOffs.Add(1)
	l.mu.Lock()
	l.bans = append(l.bans[:l.bannedLocked(now)], now.Add(length))
	l.mu.Unlock()
	if route.notify != nil {
		route.notify(PutOff{Reason: reason, For: length})
	}
}

// bannedLocked forgets the routes whose time out of the lanes is over, and
// returns how many are left.
func (l *lanes) bannedLocked(now time.Time) int {
	l.bans = slices.DeleteFunc(l.bans, func(end time.Time) bool { return !now.Before(end) })
	return len(l.bans)
}
