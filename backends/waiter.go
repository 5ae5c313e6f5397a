package backends

import (
	"context"
	"fmt"
	"time"

	"zerohop/backends/upstream"
)

// waiter is a request that waits in a line for a place at a member.
type waiter struct {
	group *Group
	line  *line
	place place // in the line; the zero value once it is decided
	order order

	// decided is closed when there is a member or an error.
	decided chan struct{}
	member  *member
	err     error
}

// joinLocked adds the request to the line of a pool, else to the group's. It
// returns nil where there is no room.
func (g *Group) joinLocked(o *order) *waiter {
	l := g.lineLocked(o)
	if l == nil {
		g.refused++
		return nil
	}
	w := &waiter{group: g, line: l, order: *o, decided: make(chan struct{})}
	l.add(w)
	return w
}

// lineLocked returns the line that the request may join, or nil.
func (g *Group) lineLocked(o *order) *line {
	var shortest *line
	var pools set
	up := g.upLocked(o.able, g.nowLocked()) &^ o.tried
	for i := range up.indexes() {
		m := g.members[i]
		if m.server != nil {
			continue
		}
		pools |= m.bit
		l := &m.waiting
		if l.length < l.limit && (shortest == nil || l.length < shortest.length) {
			shortest = l
		}
	}
	if shortest != nil {
		return shortest
	}
	if g.waiting.length < g.waiting.limit {
		return &g.waiting
	}
	for i := range pools.indexes() {
		g.members[i].refused++
	}
	return nil
}

// firstWaiterLocked returns who is to have the place that m has free: who waits
// for m alone, else the first who may have m too; or nil.
func (g *Group) firstWaiterLocked(m *member) *waiter {
	if first := m.waiting.first(anybody); first != nil {
		return first
	}
	now := g.nowLocked()
	return g.waiting.first(func(able set) bool { return able.has(m) && g.upLocked(able, now).has(m) })
}

// serveLineLocked gives places to those who wait, after a member has come up.
func (g *Group) serveLineLocked() {
	for {
		open := g.upLocked(g.pools|g.servers, g.nowLocked()) &^ g.full
		w := g.waiting.first(func(able set) bool { return able&open != 0 })
		if w == nil {
			return
		}
		m, err := g.nextLocked(&w.order)
		if err != nil {
			return // who is up has changed with the time; the next request looks again
		}
		g.waiting.remove(w)
		w.decideLocked(m, nil)
	}
}

func (w *waiter) decideLocked(m *member, err error) {
	w.member, w.err = m, err
	close(w.decided)
}

// end ends the wait with an error, unless it is decided already, and reports
// whether it did.
func (w *waiter) end(err error) bool {
	w.group.mu.Lock()
	defer w.group.mu.Unlock()
	if w.place.row == nil {
		return false
	}
	w.line.remove(w)
	w.decideLocked(nil, err)
	return true
}

// Abort ends the wait because the client has left.
func (w *waiter) Abort() { w.end(waitError(context.Canceled)) }

func waitError(cause error) error { return fmt.Errorf("wait for a member: %w", cause) }

// await waits for a place at a member. That the client has left an
// upstream.Inbound tells, where ctx has one: it costs less than ctx.Done.
func (w *waiter) await(ctx context.Context) (*member, error) {
	var gone <-chan struct{}
	in, known := ctx.Value(upstream.InboundKey).(upstream.Inbound)
	limit, tooLong := w.line.wait, fmt.Errorf("no place within %v: %w", w.line.wait, ErrFull)
	if !known {
		gone = ctx.Done()
	} else {
		if deadline, ok := ctx.Deadline(); ok {
			if left := time.Until(deadline); limit == 0 || left < limit {
				limit, tooLong = max(left, 1), waitError(context.DeadlineExceeded)
			}
		}
		if !in.Running(w) {
			w.Abort()
		}
		defer in.Running(nil)
	}
	var timeUp <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		timeUp = timer.C
	}
	select {
	case <-w.decided:
	case <-timeUp:
		w.timeOut(tooLong)
	case <-gone:
		w.end(waitError(context.Cause(ctx)))
	}
	return w.member, w.err
}

func (w *waiter) timeOut(err error) {
	if w.end(err) {
		w.group.mu.Lock()
		w.group.queueTimeouts++
		w.group.mu.Unlock()
	}
}
