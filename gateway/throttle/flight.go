package throttle

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// flight is an attempt under way: one guess, of one request or of several that
// came at the same time.
type flight struct {
	requests int
	counts   [2]count // those of the user and of the address
	number   int64    // the stretch of time in which it was counted
	trusted  bool
	shared   bool    // it is counted in the shared counter, too
	outcome  outcome // the best of those who have ended so far

	// decided is closed when the shared counter has spoken; nil without one.
	// wait is what it has said.
	decided chan struct{}
	wait    time.Duration
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

// outcome of an attempt, the better the higher.
type outcome uint8

const (
	unknown outcome = iota
	failed
	passed
)

// decide asks the shared counter whether a flight that nobody else can join
// without waiting for it is let through.
func (t *Throttle) decide(ctx context.Context, a Attempt) time.Duration {
	f := a.flight
	defer close(f.decided)
	if f.wait = t.enterShared(ctx, f); f.wait > 0 {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.uncountLocked(f)
		delete(t.flights, a.tag)
	}
	return f.wait
}

// join waits until it is decided whether the flight is let through.
func (a Attempt) join(ctx context.Context) (Attempt, error) {
	f := a.flight
	if f.decided == nil {
		return a, nil
	}
	select {
	case <-f.decided:
	case <-ctx.Done():
		a.end(context.WithoutCancel(ctx), unknown)
		return Attempt{}, fmt.Errorf("wait for the count of failed logins: %w", ctx.Err())
	}
	if f.wait > 0 {
		return Attempt{}, &Error{RetryAfter: f.wait}
	}
	return a, nil
}
