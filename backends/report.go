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
	g.noteCheck(m, r)
	switch {
	case r.Changed && r.Up:
		g.tell(m, StateUp, nil)
	case r.Changed:
		g.tell(m, StateDown, r.Err)
	}
}

func (g *Group) noteCheck(m *member, r probe.Result) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m.checks++
	m.lastCheck, m.lastCheckErr, m.lastCheckSince = r.At, r.Err, r.Since
	if !r.OK {
		m.checkFails++
	}
	back := m.standing.check(r.Up, r.At)
	g.ailing |= m.bit
	if back {
		g.serveLineLocked()
	}
}
