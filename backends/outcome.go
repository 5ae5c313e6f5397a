package backends

import "time"

// outcome is what a request says about the member that it was given to.
type outcome int

const (
	outcomeNone outcome = iota
	outcomePassed
	outcomeFailed
)

// release gives back the request's place at m, and notes its outcome; err is
// why it failed.
func (g *Group) release(m *member, o outcome, err error) {
	g.mu.Lock()
	if o != outcomeFailed && g.ailing == 0 {
		g.releaseLocked(m)
		g.mu.Unlock()
		return
	}
	state := g.noteLocked(m, o, err)
	g.releaseLocked(m)
	g.mu.Unlock()
	g.tell(m, Turn{State: state, Err: err})
}

// note notes the outcome of a request that keeps its place at m.
func (g *Group) note(m *member, o outcome, err error) {
	g.mu.Lock()
	state := g.noteLocked(m, o, err)
	g.mu.Unlock()
	g.tell(m, Turn{State: state, Err: err})
}

// noteLocked returns the state that the outcome has brought the member to, or
// "" where it is the one before.
func (g *Group) noteLocked(m *member, o outcome, err error) (state string) {
	switch {
	case o == outcomeFailed:
		now, before := time.Now(), m.standing.failing()
		m.failures++
		m.lastErr, m.lastErrAt = err, now
		m.standing.fail(now)
		g.ailing |= m.bit
		if !before && m.standing.failing() && !m.standing.unhealthy {
			return StateFailing
		}
	case o == outcomePassed && g.ailing.has(m):
		if m.standing.pass(time.Now()) {
			g.serveLineLocked()
			return StateUp
		}
	}
	return ""
}

// tell passes on what has become of a member, if anything has. It is called
// without the lock: whoever is told may take time.
func (g *Group) tell(m *member, turn Turn) {
	if turn.State == "" || g.turned == nil {
		return
	}
	if turn.State == StateUp {
		turn.Err = nil
	}
	turn.Member = m.name
	g.turned(turn)
}

// releaseLocked hands the place at m to whoever has waited longest for one
// there.
func (g *Group) releaseLocked(m *member) {
	if m.waiting.length+g.waiting.length > 0 {
		if w := g.firstWaiterLocked(m); w != nil {
			w.line.remove(w)
			g.giveLocked(m, &w.order, g.nowLocked())
			w.decideLocked(m, nil)
			return
		}
	}
	if m.busy == m.limit {
		g.full &^= m.bit
	}
	m.busy--
}
