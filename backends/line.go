package backends

import (
	"container/list"
	"context"
	"fmt"
	"time"

	"zerohop/backends/upstream"
)

// line is a bounded queue, first come first served. Group.mu guards it.
type line struct {
	waiters list.List // of *waiter
	limit   int
	wait    time.Duration // 0: as long as the request may take
}

// waiter is a request that waits in a line for a place at a member.
type waiter struct {
	group *Group
	line  *line
	turn  *list.Element // its place in the line; nil once it is decided
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
	w.turn = l.waiters.PushBack(w)
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
		if l.waiters.Len() < l.limit && (shortest == nil || l.waiters.Len() < shortest.waiters.Len()) {
			shortest = l
		}
	}
	if shortest != nil {
		return shortest
	}
	if g.waiting.waiters.Len() < g.waiting.limit {
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
	if first := m.waiting.waiters.Front(); first != nil {
		return first.Value.(*waiter)
	}
	now := g.nowLocked()
	for e := g.waiting.waiters.Front(); e != nil; e = e.Next() {
		if w := e.Value.(*waiter); w.order.able.has(m) && g.upLocked(w.order.able, now).has(m) {
			return w
		}
	}
	return nil
}

// serveLineLocked gives places to those who wait, after a member has come up.
func (g *Group) serveLineLocked() {
	for e := g.waiting.waiters.Front(); e != nil; {
		open := g.upLocked(g.pools|g.servers, g.nowLocked()) &^ g.full
		if open == 0 {
			return // the line may be long, and this is no time for long work
		}
		w := e.Value.(*waiter)
		e = e.Next()
		if w.order.able&open == 0 {
			continue
		}
		if m, err := g.nextLocked(&w.order); err == nil {
			w.leaveLocked()
			w.decideLocked(m, nil)
		}
	}
}

func (w *waiter) leaveLocked() {
	w.line.waiters.Remove(w.turn)
	w.turn = nil
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
	if w.turn == nil {
		return false
	}
	w.leaveLocked()
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
