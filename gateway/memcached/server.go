package memcached

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"zerohop/socket"
)

// address is a server's, as net.Addr and memcache.ServerSelector want it.
type address struct{ network, text string }

func parseAddress(text string) address {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		return address{"unix", path}
	}
	return address{"tcp", text}
}

func (a address) Network() string { return a.network }
func (a address) String() string  { return a.text }

func (a address) dial(deadline time.Time) (net.Conn, error) {
	dialer := net.Dialer{Deadline: deadline, KeepAlive: -1}
	conn, err := dialer.Dial(a.network, a.text)
	if err != nil {
		return nil, &dialError{err}
	}
	return socket.Wrap(conn), nil
}

// server is one memcached server with the connections to it.
type server struct {
	name    string // as configured
	address address
	seed    uint64 // of the name, for the ring
	timeout time.Duration
	// dial connects, until the deadline. It fails with a *dialError.
	dial   func(deadline time.Time) (net.Conn, error)
	outage outage
	// lanes are the connections that reads share.
	lanes *lanes
	// places holds one token for each other connection in use.
	places chan struct{}

	mu     sync.Mutex
	idle   []*link // the one used last is at the end
	closed bool

	calls, failures, retries atomic.Uint64
}

func newServer(name string, timeout time.Duration, connections int) *server {
	most := min(mostLanes, connections-1)
	s := &server{
		name: name, address: parseAddress(name), seed: mix(fnv(name)),
		timeout: timeout, places: make(chan struct{}, connections-most),
	}
	s.dial = s.address.dial
	s.lanes = newLanes(s, most)
	return s
}

// Stats is how one server is.
type Stats struct {
	// Address is the server's, as configured.
	Address string
	// Down says that calls fail without being sent.
	Down bool
	// Busy and Idle are the numbers of connections in and not in use.
	Busy, Idle int
	// Calls counts what was asked, Failures what got no answer, and Retries
	// what was asked again, because its connection had been closed or because
	// another call that it was sent with had no more time.
	Calls, Failures, Retries uint64
	// Shared counts the calls on shared connections, second tries included,
	// and Batches the writes in which they went.
	Shared, Batches uint64
}

func (s *server) stats() Stats {
	s.mu.Lock()
	idle := len(s.idle)
	s.mu.Unlock()
	stats := Stats{
		Address: s.name, Down: s.outage.lasts(), Busy: len(s.places), Idle: idle,
		Calls: s.calls.Load(), Failures: s.failures.Load(), Retries: s.retries.Load(),
	}
	s.lanes.stats(&stats)
	return stats
}

// errBusy: no connection became free in time. That says nothing about the
// server.
var errBusy = errors.New("all connections are busy")

// call sends a request and returns the answer. It takes no longer than the
// timeout, or what patience is left of that.
func (s *server) call(p *Patience, r request) (reply, error) {
	if err := r.check(); err != nil {
		return reply{}, err
	}
	left := p.left(s.name, s.timeout)
	if left == 0 {
		return reply{}, s.unavailable(errSilent)
	}
	s.calls.Add(1)
	deadline := time.Now().Add(left)
	answer, err := s.until(deadline, &r, left < s.timeout)
	late := errors.Is(err, ErrUnavailable) && !time.Now().Before(deadline)
	if late || !errors.Is(err, ErrUnavailable) {
		p.note(s.name, late)
	}
	return answer, err
}

// until is call with a deadline. An early one, sooner than the timeout, says
// nothing about the server when it passes.
func (s *server) until(deadline time.Time, r *request, early bool) (reply, error) {
	if !s.outage.admits() {
		return reply{}, s.failure(errDown, false)
	}
	answer, sent, err := s.attempt(r, deadline)
	switch {
	case errors.Is(err, ErrClosed):
		return reply{}, err
	case errors.Is(err, errBusy):
		return reply{}, s.failure(err, false)
	}
	result, answered := outcome(r.verb, err)
	if !(early && isSilence(err) && !isStale(err)) && s.outage.note(err, answered) {
		s.dropIdle() // they may lead to where nothing is any more
	}
	if !answered {
		return reply{}, s.failure(result, sent && r.verb.writes())
	}
	return answer, result
}

// attempt sends a request, and once more where that is safe. Reads share
// connections; what writes has one for itself, because it matters how far it
// has come.
func (s *server) attempt(r *request, deadline time.Time) (answer reply, sent bool, err error) {
	if r.verb.writes() {
		return s.alone(r, deadline)
	}
	rider, err := s.lanes.board()
	if err != nil {
		return reply{}, false, err
	}
	if rider == nil {
		return s.alone(r, deadline)
	}
	defer s.lanes.alight(rider)
	answer, err = rider.ask(r, deadline)
	// That a leader's time was up says nothing of the next connection: such a
	// rider goes on until its own is.
	for tries := 1; err != nil && rider.again && !rider.over(time.Now()); {
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			if tries == 0 {
				break
			}
			tries--
		}
		s.retries.Add(1)
		answer, err = rider.ask(r, deadline)
	}
	return answer, true, err
}

// alone sends a request on a connection that nobody else uses meanwhile.
func (s *server) alone(r *request, deadline time.Time) (answer reply, sent bool, err error) {
	if err := s.enter(deadline); err != nil {
		return reply{}, false, err
	}
	defer func() { <-s.places }()
	l, err := s.take(!r.verb.repeatable())
	if err != nil {
		return reply{}, false, err
	}
	kept := l.kept
	answer, sent, err = s.ask(l, r, deadline)
	if kept && isStale(err) && (r.verb.repeatable() || !sent) {
		s.retries.Add(1)
		s.dropIdle() // the others will be no better
		answer, sent, err = s.ask(newLink(s), r, deadline)
	}
	return answer, sent, err
}

// ask sends a request on a link, and gives the link back.
func (s *server) ask(l *link, r *request, deadline time.Time) (answer reply, sent bool, err error) {
	answer, err = l.ask(r, deadline)
	sent = l.sent
	s.put(l)
	return answer, sent, err
}

// failure makes the error of a call that got no answer.
func (s *server) failure(cause error, uncertain bool) error {
	s.failures.Add(1)
	if uncertain {
		return fmt.Errorf("ask %s: %w: %w: %w", s.name, ErrUnavailable, ErrUncertain, cause)
	}
	return s.unavailable(cause)
}

func (s *server) unavailable(cause error) error {
	return fmt.Errorf("ask %s: %w: %w", s.name, ErrUnavailable, cause)
}

// enter takes one of the places, until the deadline.
func (s *server) enter(deadline time.Time) error {
	select {
	case s.places <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case s.places <- struct{}{}:
		return nil
	case <-timer.C:
		return errBusy
	}
}

// take returns the connection that was used last, or one yet to be dialled.
// With alive it looks whether the server has closed what it returns, because
// what is sent there cannot be sent again.
func (s *server) take(alive bool) (*link, error) {
	for {
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return nil, ErrClosed
		}
		n := len(s.idle)
		if n == 0 {
			s.mu.Unlock()
			return newLink(s), nil
		}
		l := s.idle[n-1]
		s.idle[n-1] = nil
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		if !alive || l.silent() {
			return l, nil
		}
		l.drop()
	}
}

// put keeps a connection for the next call, if it is of use.
func (s *server) put(l *link) {
	s.mu.Lock()
	keep := l.sound() && !s.closed
	if keep {
		l.kept = true
		s.idle = append(s.idle, l)
	}
	s.mu.Unlock()
	if !keep {
		l.drop()
	}
}

// dropIdle closes the connections that are not in use, and has the shared ones
// replaced that are.
func (s *server) dropIdle() {
	s.dropLinks()
	s.lanes.dropIdle()
}

func (s *server) dropLinks() {
	s.mu.Lock()
	dropped := s.idle
	s.idle = nil
	s.mu.Unlock()
	for _, l := range dropped {
		l.drop()
	}
}

func (s *server) close() {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	s.dropLinks()
	s.lanes.close()
	if closed {
		return
	}
	for range cap(s.places) {
		s.places <- struct{}{}
	}
	for range cap(s.places) {
		<-s.places // so that late calls learn at once why they fail
	}
}

// isStale reports whether a failure is that of a connection which the server
// had closed while it was idle.
func isStale(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
