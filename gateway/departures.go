package gateway

import (
	"sync"
	"syscall"
	"time"
)

// departures watches the clients of requests that take long, and abandons the
// requests of those that have left. One goroutine looks for all of them; while
// no request is older than patience it has next to nothing to do.
//
// A client has left when it has closed its connection, or its half of it: who
// sends FIN behind a request and goes on reading cannot be told from one that
// is gone, as nginx and net/http see it too. Bytes of a next request that are
// already here do not hide it.
//
// add and remove are called for every request and allocate nothing. All
// methods may be called from any goroutine.
type departures struct {
	mu sync.Mutex
	// oldest and newest are the ends of a list, through conn.watch, of the
	// requests under way, in the order in which they were added.
	oldest, newest *conn
	awake          bool // somebody looks again, without being woken
	closed         bool
	stop           chan struct{} // nil before start
	ended          chan struct{}

	wake chan struct{}
}

// watch is a connection's place among the departures, which guard it.
type watch struct {
	request     *scope // that is being handled, or nil
	since       time.Time
	older, next *conn

	// raw reads the state of the socket; for the watching goroutine alone.
	raw syscall.RawConn
}

const (
	// patience is how old a request is before anybody looks for its client.
	patience = 100 * time.Millisecond
	// lookPause is how long to wait between two looks at the same client, and
	// lookPauseEach how much longer for each that there is, up to the bound:
	// a look costs about a microsecond.
	lookPause      = 100 * time.Millisecond
	lookPauseEach  = 100 * time.Microsecond
	lookPauseBound = 500 * time.Millisecond
)

func newDepartures() *departures { return &departures{wake: make(chan struct{}, 1)} }

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
	d.mu.Lock()
	defer d.mu.Unlock()
	c.watch.request, c.watch.since, c.watch.older = s, s.start, d.newest
	if d.newest != nil {
		d.newest.watch.next = c
	} else {
		d.oldest = c
	}
	d.newest = c
	if d.awake {
		return
	}
	d.awake = true
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// remove ends the watch: the scope is not touched any more.
func (d *departures) remove(s *scope) {
	c := s.client
	d.mu.Lock()
	defer d.mu.Unlock()
	w := &c.watch
	if w.older != nil {
		w.older.watch.next = w.next
	} else {
		d.oldest = w.next
	}
	if w.next != nil {
		w.next.watch.older = w.older
	} else {
		d.newest = w.older
	}
	w.request, w.older, w.next = nil, nil, nil
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
		case <-timer.C:
		}
		var pause time.Duration
		slow, pause = d.takeSlow(slow[:0], time.Now())
		for _, c := range slow {
			if c.hasLeft() {
				d.abandon(c)
			}
		}
		clear(slow)
		timer.Reset(pause)
	}
}

// takeSlow appends the connections of all requests older than patience, and
// returns when to look again.
func (d *departures) takeSlow(slow []*conn, now time.Time) ([]*conn, time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.oldest
	for ; c != nil && now.Sub(c.watch.since) >= patience; c = c.watch.next {
		slow = append(slow, c)
	}
	switch {
	case len(slow) > 0:
		return slow, min(lookPause+time.Duration(len(slow))*lookPauseEach, lookPauseBound)
	case c != nil:
		return slow, patience - now.Sub(c.watch.since)
	}
	d.awake = false
	return slow, time.Hour
}

// abandon ends whatever request of the connection is being handled by now: it
// is the client who has left, so it does not matter which.
func (d *departures) abandon(c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.watch.request != nil {
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
