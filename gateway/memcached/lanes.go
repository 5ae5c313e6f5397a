package memcached

import (
	"sync"
	"time"
)

const (
	// mostLanes is how many connections to a server reads share. Two or four
	// bring no more in a crowd, where the batches become smaller by as much.
	mostLanes = 1
	// maxRiders is how many reads of a server may share connections, or wait
	// for that; each takes some 9 kB. More of them go alone.
	maxRiders = 1024
)

// lanes are the connections to a server that reads share.
//
// A rider that finds a lane idle leads it: it sends its own command, reads the
// answer, and hands the lane to whoever has waited longest meanwhile, who
// takes along as many others as a batch holds: one write, and the answers come
// back in order, often in one read. The leader tells each rider how its ride
// has ended. So nobody pays for a hand-off while there is no crowd, and in a
// crowd the server and both kernels work for many calls at once.
//
// sqlapi has the same for statements, which are of several kinds and may be
// slow; reads of memcached are neither, and so is this.
//
// There is no goroutine for a lane: whoever leads works for the others, and
// while anybody waits some lane is busy.
type lanes struct {
	server *server
	most   int
	// riders are those that nobody uses.
	riders sync.Pool

	mu     sync.Mutex
	idle   []*lane // the last one put back is the first taken
	open   int     // lanes that there are
	line   line    // those who wait for a lane
	aboard int     // riders in use
	// generation counts how often a connection was found closed.
	generation uint64
	batches    uint64
	shared     uint64 // calls in batches
	closed     bool
	empty      chan struct{} // closed when nobody is aboard any more
}

func newLanes(s *server, most int) *lanes {
	return &lanes{server: s, most: most, empty: make(chan struct{})}
}

// board returns a rider, or nil when there are too many.
func (l *lanes) board() (*rider, error) {
	l.mu.Lock()
	switch {
	case l.closed:
		l.mu.Unlock()
		return nil, ErrClosed
	case l.most == 0 || l.aboard == maxRiders:
		l.mu.Unlock()
		return nil, nil
	}
	l.aboard++
	l.mu.Unlock()
	if r, ok := l.riders.Get().(*rider); ok {
		return r, nil
	}
	return newRider(l), nil
}

// alight takes a rider back. One that has left a batch is still known to its
// leader, and not used again.
func (l *lanes) alight(r *rider) {
	if r.state.Load() != gone {
		r.request, r.err = request{}, nil
		if cap(r.answer) > maxKept {
			r.answer = nil
		}
		r.unread = nil
		l.riders.Put(r)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.aboard--
	if l.closed && l.aboard == 0 {
		close(l.empty)
	}
}

// enter finds a place for a rider: a lane to lead, or one in the queue.
func (l *lanes) enter(r *rider) turn {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := len(l.idle) - 1
	switch {
	case last >= 0:
		ln := l.idle[last]
		l.idle[last] = nil
		l.idle = l.idle[:last]
		r.state.Store(claimed)
		return turn{lane: ln}
	case l.open < l.most:
		l.open++
		r.state.Store(claimed)
		return turn{lane: &lane{}}
	}
	l.line.push(r)
	return turn{}
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

// lead carries a batch through, or the rest of one, until the leader's own ride
// has ended and nobody needs it any more.
func (l *lanes) lead(t turn, r *rider) {
	var err error
	if t.underway {
		err = t.lane.conn.SetDeadline(r.deadline)
	} else {
		err = l.begin(t.lane, r)
	}
	handed := false
	if err == nil {
		handed, err = t.lane.arrive()
	}
	if !handed {
		l.conclude(t.lane, err)
	}
	<-r.turn
}

// begin makes sure that the lane has a connection, takes along who waits, and
// sends their commands. An error is the end of the connection.
func (l *lanes) begin(ln *lane, r *rider) error {
	ln.leader = r
	ln.batch, ln.at = append(ln.batch[:0], r), 0
	if r.over(time.Now()) { // it was called at the last moment
		ln.fail(ln.next(), errBusy, false)
		return nil
	}
	if err := l.connect(ln); err != nil {
		ln.fail(ln.next(), err, false)
		return err
	}
	l.fill(ln)
	return ln.depart()
}

// connect makes sure that the lane has a connection that is not older than the
// last one that was found closed.
func (l *lanes) connect(ln *lane) error {
	l.mu.Lock()
	generation := l.generation
	l.mu.Unlock()
	if ln.conn != nil && ln.generation == generation {
		return nil
	}
	ln.drop()
	conn, err := l.server.dial(ln.leader.deadline)
	if err != nil {
		return err
	}
	ln.conn, ln.generation = conn, generation
	return nil
}

// fill adds to the batch those that have waited longest, as many as it holds.
// Nobody comes to a connection that has become old meanwhile: it may be that
// he asks again because of that.
func (l *lanes) fill(ln *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ln.generation == l.generation {
		for r := l.line.oldest; r != nil && len(ln.batch) < maxBatch; r = l.line.oldest {
			l.line.remove(r)
			ln.batch = append(ln.batch, r)
		}
	}
	l.batches++
	l.shared += uint64(len(ln.batch))
}

// conclude ends a batch. With an error, which is the connection's, riders who
// are still without an answer may ask again: but not those who had a new
// connection for themselves.
func (l *lanes) conclude(ln *lane, err error) {
	if err != nil {
		if ln.proven && isStale(err) {
			l.age(ln)
		}
		again := ln.proven || !isStale(err)
		ln.drop()
		for !ln.done() {
			ln.fail(ln.next(), err, again)
		}
		if isRefusal(err) {
			l.dismiss(err)
		}
	}
	ln.leader = nil
	ln.batch, ln.at = ln.batch[:0], 0
	if cap(ln.text) > maxKept {
		ln.text = nil
	}
	l.pass(ln)
}

// age has all connections replaced that are as old as the lane's.
func (l *lanes) age(ln *lane) {
	l.mu.Lock()
	current := ln.generation == l.generation
	l.mu.Unlock()
	if current {
		l.server.dropIdle()
	}
}

// dismiss tells everybody who waits that there is no connection, and why.
func (l *lanes) dismiss(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for r := l.line.next(); r != nil; r = l.line.next() {
		r.tell(err)
	}
}

// pass hands the lane to whoever has waited longest, or puts it back.
func (l *lanes) pass(ln *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.line.next(); r != nil {
		r.turn <- turn{lane: ln}
		return
	}
	if l.closed {
		ln.drop()
	}
	l.idle = append(l.idle, ln)
}

// dropIdle closes the connections of the lanes that are idle, and has the
// others do so after their batch.
func (l *lanes) dropIdle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.generation++
	for _, ln := range l.idle {
		ln.drop()
	}
}

// close closes the connections and waits for the riders.
func (l *lanes) close() {
	l.mu.Lock()
	if !l.closed && l.aboard == 0 {
		close(l.empty)
	}
	l.closed = true
	for _, ln := range l.idle {
		ln.drop()
	}
	l.mu.Unlock()
	<-l.empty
}

// stats returns how many connections are in and not in use.
func (l *lanes) stats(into *Stats) {
	l.mu.Lock()
	defer l.mu.Unlock()
	into.Busy += l.open - len(l.idle)
	for _, ln := range l.idle {
		if ln.conn != nil {
			into.Idle++
		}
	}
	into.Batches, into.Shared = l.batches, l.shared
}
