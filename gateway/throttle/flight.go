package throttle

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// flight is a guess under way: one user and password from one address, of one
// request or of several that came at the same time. One of them tries the
// password and the others wait for what comes of it, so that many of them cost
// no more than one: a wrong password is wrong for all, and a right one they
// look at themselves.
type flight struct {
	requests int
	counts   [2]count // those of the user and of the address
	number   int64    // the stretch of time in which it was counted
	trusted  bool
	shared   bool // it is counted in the shared counter, too

	// turn is full while somebody tries the password.
	turn chan struct{}
	// settled is closed when the others need not wait any longer: there is an
	// outcome, or the shared counter has them wait for more.
	settled chan struct{}
	outcome outcome
	wait    time.Duration
}

// newFlight returns a flight of one request, whose turn it is.
func newFlight(user count) *flight {
	f := &flight{requests: 1, counts: [2]count{user, {}}, turn: make(chan struct{}, 1), settled: make(chan struct{})}
	f.turn <- struct{}{}
	return f
}

// settleLocked notes the outcome, and reports whether it is the first.
func (f *flight) settleLocked(o outcome) (first bool) {
	if f.outcome != unknown {
		return false
	}
	f.outcome = o
	close(f.settled)
	return true
}

// count is what an attempt is counted under.
type count struct {
	key  key
	most int // 0: it is not counted
}

// counted returns what the flight is counted under.
func (f *flight) counted() iter.Seq[*count] {
	return func(yield func(*count) bool) {
		for i := range f.counts {
			if c := &f.counts[i]; c.most > 0 && !yield(c) {
				return
			}
		}
	}
}

// outcome of an attempt.
type outcome uint8

const (
	unknown outcome = iota
	failed
	passed
)

// decide asks the shared counter whether a new flight is let through.
func (t *Throttle) decide(ctx context.Context, a Attempt) time.Duration {
	f := a.flight
	wait := t.enterShared(ctx, f)
	if wait > 0 {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.uncountLocked(f)
		t.removeLocked(a.tag, f)
		f.wait = wait
		close(f.settled)
	}
	return wait
}

// join waits for the flight's outcome, or until it is this one's turn to find
// it out.
func (a Attempt) join(ctx context.Context) (Attempt, error) {
	f := a.flight
	select {
	case <-f.settled:
	case f.turn <- struct{}{}:
		a.leads = true
		return a, nil
	case <-ctx.Done():
		a.end(context.WithoutCancel(ctx), unknown)
		return Attempt{}, fmt.Errorf("wait for the same login: %w", ctx.Err())
	}
	a.throttle.mu.Lock()
	outcome, wait := f.outcome, f.wait
	a.throttle.mu.Unlock()
	switch {
	case wait > 0:
		return Attempt{}, &Error{RetryAfter: wait}
	case outcome == failed:
		return Attempt{}, ErrFailed
	}
	return a, nil
}
