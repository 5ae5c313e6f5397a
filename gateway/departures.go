package gateway

import (
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// departures watches the clients of requests that take long, and abandons the
// requests of those that have left. One goroutine looks for all of them; while
// there are no requests it rests.
//
// A client has left when it has closed its connection, or its half of it: who
// sends FIN behind a request and goes on reading cannot be told from one that
// is gone, as nginx and net/http see it too. Bytes of a next request that are
// already here do not hide it.
//
// add and remove are called for every request. They cost an atomic store each,
// take no lock and allocate nothing: the goroutine finds out for itself which
// of the connections are busy, and since when. For one connection they are
// called in turn; all methods may be called from any goroutine.
type departures struct {
	began time.Time   // of the clock that requests are timed by
	awake atomic.Bool // somebody looks again, without being woken
	wake  chan struct{}

	mu sync.Mutex
	// conns are the first of a list, through conn.watch, of the connections
	// that have had a request and have not ended.
	conns  *conn
	closed bool
	stop   chan struct{} // nil before start
	ended  chan struct{}
}

// watch is a connection's place among the departures.
type watch struct {
	// by is whom the connection is known to, nil before its first request.
	by *departures
	// older and newer are its neighbours in the list, which by.mu guards.
	older, newer *conn

	// since is when the request began that is being handled, by.began being 0;
	// or idle, or claimed.
	since atomic.Int64
	// request is that request. It is the handler's goroutine's while since is
	// idle, and may be read by whoever has claimed it.
	request *scope

	// raw reads the state of the socket; for the watching goroutine alone.
	raw syscall.RawConn
}

// What watch.since is apart from a time.
const (
	idle = 0
	// claimed: the watching goroutine, which holds the lock, abandons the
	// request, or has done so. Until it lets go of the lock remove waits, so
	// that the scope does not become another request's meanwhile.
	claimed = -1
)

const (
	// patience is how old a request is before anybody looks for its client.
	patience = 100 * time.Millisecond
	// lookPause is how long to wait between two looks, and lookPauseEach how
	// much longer for each client that was looked at, up to the bound: a look
	// costs about a microsecond.
	lookPause      = 100 * time.Millisecond
	lookPauseEach  = 100 * time.Microsecond
	lookPauseBound = 500 * time.Millisecond
)

func newDepartures() *departures {
	return &departures{began: time.Now(), wake: make(chan struct{}, 1)}
}

// start starts the goroutine. It does nothing the second time, or after close.
func (d *departures) start() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.stop != nil {
		return
	}
	d.stop, d.ended = make(chan struct{}), make(chan struct{})
	go d.run(d.stop)
}

// add has the client of a request watched until remove.
func (d *departures) add(s *scope) {
	c := s.client
	if c.watch.by == nil {
		d.enlist(c)
	}
	c.watch.request = s
	c.watch.since.Store(max(int64(s.start.Sub(d.began)), 1))
	if !d.awake.Load() && d.awake.CompareAndSwap(false, true) {
		select {
		case d.wake <- struct{}{}:
		default:
		}
	}
}

// remove ends the watch: the scope is not touched any more.
func (d *departures) remove(s *scope) {
	w := &s.client.watch
	if w.since.Swap(idle) == claimed {
		d.mu.Lock()
		defer d.mu.Unlock()
	}
	w.request = nil
}

// enlist makes a connection known.
func (d *departures) enlist(c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c.watch.by, c.watch.older = d, d.conns
	if d.conns != nil {
		d.conns.watch.newer = c
	}
	d.conns = c
}

// unwatched ends what enlist began, once the connection has ended.
func (c *conn) unwatched() {
	w := &c.watch
	if w.by == nil {
		return
	}
	w.by.mu.Lock()
	defer w.by.mu.Unlock()
	if w.newer != nil {
		w.newer.watch.older = w.older
	} else {
		w.by.conns = w.older
	}
	if w.older != nil {
		w.older.watch.newer = w.newer
	}
	w.older, w.newer = nil, nil
}

// run looks until close.
func (d *departures) run(stop <-chan struct{}) {
	defer close(d.ended)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var slow []*conn
	for {
		select {
		case <-stop:
			return
		case <-d.wake:
			timer.Reset(patience) // most requests are over by then
			continue
		case <-timer.C:
		}
		slow = d.look(slow[:0])
		if d.awake.Load() {
			timer.Reset(min(lookPause+time.Duration(len(slow))*lookPauseEach, lookPauseBound))
		}
		clear(slow)
	}
}

// look abandons the requests of all clients that have left, and falls asleep
// where there are no requests. It returns whom it has looked at.
func (d *departures) look(slow []*conn) []*conn {
	slow, busy := d.takeSlow(slow, time.Now())
	for _, c := range slow {
		if c.hasLeft() {
			d.abandon(c)
		}
	}
	if !busy {
		d.rest()
	}
	return slow
}

// rest leaves it to the next request to wake the goroutine. One that has begun
// meanwhile may have found it awake: then it is.
func (d *departures) rest() {
	d.awake.Store(false)
	if _, busy := d.takeSlow(nil, d.began); busy {
		d.awake.Store(true)
	}
}

// takeSlow appends the connections of all requests older than patience, and
// reports whether there are requests at all.
func (d *departures) takeSlow(slow []*conn, now time.Time) (_ []*conn, busy bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	late := int64(now.Sub(d.began) - patience)
	for c := d.conns; c != nil; c = c.watch.older {
		since := c.watch.since.Load()
		busy = busy || since != idle
		if since > idle && since <= late {
			slow = append(slow, c)
		}
	}
	return slow, busy
}

// abandon ends whatever request of the connection is being handled by now: it
// is the client who has left, so it does not matter which.
func (d *departures) abandon(c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if since := c.watch.since.Load(); since > idle && c.watch.since.CompareAndSwap(since, claimed) {
		c.watch.request.abandon()
	}
}

// hasLeft reports whether nobody waits at the other end any more. Of a
// connection without a socket that is not known.
func (c *conn) hasLeft() bool {
	if c.watch.raw == nil {
		socket, ok := c.Conn.(syscall.Conn)
		if !ok {
			return false
		}
		raw, err := socket.SyscallConn()
		if err != nil {
			return true
		}
		c.watch.raw = raw
	}
	left := false
	// It keeps the descriptor from being closed, and used by another, in
	// between; it fails when we have cut the connection off ourselves.
	err := c.watch.raw.Control(func(fd uintptr) { left = peerClosed(fd) })
	return left || err != nil
}

// close ends the goroutine, and waits for it.
func (d *departures) close() {
	d.mu.Lock()
	first, stop := !d.closed, d.stop
	d.closed = true
	d.mu.Unlock()
	if stop == nil {
		return
	}
	if first {
		close(stop)
	}
	<-d.ended
}
