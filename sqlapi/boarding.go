package sqlapi

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// explained is for how long the server's plan of a statement counts. An
	// index that comes or goes is noticed after that at the latest.
	explained = time.Minute
	// glimpsed is the same for a plan that came from the values alone: no row
	// can match them. Others may.
	glimpsed = time.Second

	// firstBan is how long a route that was slow stays out of the lanes. Each
	// time again it is twice as long, up to longestBan; probation after its
	// end all is forgotten.
	firstBan   = time.Minute
	longestBan = time.Hour
	probation  = 10 * time.Minute
)

// PutOff tells that a route's statements do not share connections for a while,
// because they were too slow for the others.
type PutOff struct {
	// Reason says what was observed.
	Reason string
	// For is how long it lasts.
	For time.Duration
}

// boarding decides whether a route's statement may ride in a lane: by what the
// route says, by the plan that the server has for it, and by how it has behaved
// in the lanes. It may be used by any number of goroutines at once.
type boarding struct {
	mode     LaneMode
	eligible bool // the statement may share a connection at all
	notify   func(PutOff)

	// short is the last verdict on the plan, which counts until asked, a time
	// as nanoseconds since 1970.
	short atomic.Bool
	asked atomic.Int64
	// banned is until when the route stays out, as asked.
	banned atomic.Int64

	mu  sync.Mutex // guards what follows, and changes of banned
	ban time.Duration
}

// newBoarding returns what decides for an endpoint.
func newBoarding(cfg *LaneConfig, e *Endpoint) *boarding {
	return &boarding{mode: cfg.Lane, eligible: cfg.Lane.rides(e), notify: cfg.PutOff}
}

// admits reports whether, as far as is known, the statement may ride now.
func (b *boarding) admits(now time.Time) bool {
	if !b.eligible || b.banned.Load() > now.UnixNano() {
		return false
	}
	return b.mode == LaneAlways || b.short.Load() || b.unsure(now)
}

// unsure reports whether the server is to be asked for its plan first.
func (b *boarding) unsure(now time.Time) bool {
	return b.mode == LaneAuto && b.asked.Load() <= now.UnixNano()
}

// decide takes note of the server's plan.
func (b *boarding) decide(v verdict, now time.Time) {
	counts := explained
	if v.glimpse {
		counts = glimpsed
	}
	b.short.Store(v.short)
	b.asked.Store(now.Add(counts).UnixNano())
}

// doubt has the server asked again, as it knows the statement no longer.
func (b *boarding) doubt() { b.asked.Store(0) }

// exclude bans the route from the lanes, and returns for how long; that is 0
// where it is banned already.
func (b *boarding) exclude(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	since := now.UnixNano() - b.banned.Load()
	switch {
	case since < 0:
		return 0
	case since > int64(probation):
		b.ban = 0
	}
	b.ban = min(max(2*b.ban, firstBan), longestBan)
	b.doubt()
	b.banned.Store(now.Add(b.ban).UnixNano())
	return b.ban
}

const (
	// paceWindow is over about how many answers the mean is taken.
	paceWindow = 50
	// paceRow is how many slow answers one after the other are enough for a
	// route of which there are no others.
	paceRow = 3
)

// pace follows how long the server takes for one route's statement in one
// lane: the time from one answer to the next, in which it does nothing else.
//
// It keeps a mean in which older answers count less and less, so that a machine
// that stands still for a moment, and answers that come late for it, are not
// taken for a route that is slow.
type pace struct {
	answers int // up to paceWindow
	mean    time.Duration
	row     int // slow ones, one after the other
}

// note takes in an answer. It returns why the route is too slow for its lane,
// or "".
func (p *pace) note(gap, limit time.Duration) (reason string) {
	p.answers = min(p.answers+1, paceWindow)
	p.mean += (gap - p.mean) / time.Duration(p.answers)
	if p.row++; gap < limit {
		p.row = 0
	}
	if p.mean < limit || p.row < paceRow && p.answers < paceWindow {
		return ""
	}
	reason = fmt.Sprintf("its answers held up their lane for %v each, of late; the limit is %v", p.mean.Round(10*time.Microsecond), limit)
	*p = pace{}
	return reason
}
