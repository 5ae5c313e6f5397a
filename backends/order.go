package backends

import "time"

// order is the order in which members are tried for one request. It is drawn
// member by member, when one is needed, so that each choice sees the counts of
// its own moment; none comes twice.
type order struct {
	// able are the members that can answer the request at all.
	able  set
	tried set
	// key is what Balance "hash" goes by, 0 for nothing.
	key uint64
	// charged: what is under way is a retry that the budget counts.
	charged bool
}

// nextLocked draws the next member, and takes a place there. Without one the
// error is ErrFull where a member is up that has as many requests as it may
// have, and ErrDown where none is left.
func (g *Group) nextLocked(o *order) (*member, error) {
	now := g.nowLocked()
	up := g.upLocked(o.able, now)
	open := up &^ o.tried &^ g.full
	candidates := open &^ g.backups
	if candidates == 0 {
		candidates = open
	}
	if candidates == 0 {
		if up&^o.tried != 0 {
			return nil, ErrFull
		}
		return nil, ErrDown
	}
	m := g.members[0]
	if len(g.members) > 1 {
		m = g.members[g.policy.choose(candidates, o.key, now)]
	}
	g.takeLocked(m)
	g.giveLocked(m, o, now)
	return m, nil
}

// takeLocked counts a place at m as taken.
func (g *Group) takeLocked(m *member) {
	m.busy++
	if m.busy == m.limit {
		g.full |= m.bit
	}
}

// giveLocked gives the request of o a place at m, which is counted already.
func (g *Group) giveLocked(m *member, o *order, now time.Time) {
	o.tried |= m.bit
	m.requests++
	m.standing.chosen(now)
}

// upLocked returns those of the members that requests may go to. Where the
// health checks leave none, and the group is configured so, they are not asked;
// and where failed requests leave none then, neither are those.
func (g *Group) upLocked(able set, now time.Time) set {
	able &^= g.off
	healthy, passing := able, able
	for i := range (able & g.ailing).indexes() {
		m := g.members[i]
		if m.standing.clean(now) {
			g.ailing &^= m.bit
			continue
		}
		if m.standing.unhealthy {
			healthy &^= m.bit
		}
		if m.standing.resting(now) {
			passing &^= m.bit
		}
	}
	switch up := healthy & passing; {
	case up != 0 || !g.tryAll:
		return up
	case passing != 0:
		return passing
	}
	return able
}

// nowLocked returns the time, or the zero time where it does not matter: while
// every member is as it should be.
func (g *Group) nowLocked() time.Time {
	if g.ailing == 0 {
		return time.Time{}
	}
	return time.Now()
}
