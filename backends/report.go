package backends

import "zerohop/backends/probe"

// assumeDown has every checked member down until its checks say otherwise.
func (g *Group) assumeDown(down bool) {
	if !down {
		return
	}
	for _, m := range g.checked {
		m.standing.unhealthy = true
		g.ailing |= m.bit
	}
}

// report takes the result of a health check of the prober's target i.
func (g *Group) report(i int, r probe.Result) {
	m := g.checked[i]
	state, first := g.noteCheck(m, r)
	g.tell(m, Turn{State: state, First: first, Err: r.Err})
}

// noteCheck returns the state that the check has brought the member to, or ""
// where it is the one before; first is whether that is the first one it has.
// What was assumed to be down is told once it is known to be.
func (g *Group) noteCheck(m *member, r probe.Result) (state string, first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m.checks++
	m.lastCheck, m.lastCheckErr, m.lastCheckSince = r.At, r.Err, r.Since
	if !r.OK {
		m.checkFails++
	}
	assumed := m.standing.unhealthy && m.standing.since.IsZero()
	back := m.standing.check(r.Up, r.At)
	g.ailing |= m.bit
	if back {
		g.serveLineLocked()
	}
	switch {
	case r.Changed && r.Up:
		return StateUp, assumed
	case r.Changed, assumed && !r.OK && m.checkFails == 1:
		return StateDown, assumed
	}
	return "", false
}
