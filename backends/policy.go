package backends

import (
	"math/bits"
	"math/rand/v2"
	"time"
)

// policy chooses among members. Group.mu is held.
type policy interface {
	// choose returns the index of one of the candidates, of which there is at
	// least one, for a request with the key, which is 0 where it has none.
	choose(candidates set, key uint64, now time.Time) int
}

// newPolicy returns the policy that Config.Balance names.
func newPolicy(balance string, members []*member) policy {
	switch balance {
	case balanceSmoothWRR:
		return &smoothWRR{members: members, current: make([]int, len(members))}
	case balanceHash:
		return newRendezvous(members)
	}
	return &leastBusy{members: members, random: rand.Uint64N}
}

// smoothWRR takes members in turn by weight, and spreads a member's turns: the
// smooth weighted round robin of nginx, pick for pick. All shares are scaled by
// fullShare, which changes no pick.
type smoothWRR struct {
	members []*member
	current []int
}

func (p *smoothWRR) choose(candidates set, _ uint64, now time.Time) int {
	best, total := -1, 0
	for i := range candidates.indexes() {
		s := &p.members[i].standing
		weight := s.effective * s.share(now)
		p.current[i] += weight
		total += weight
		if s.effective < s.weight {
			s.effective++
		}
		if best < 0 || p.current[i] > p.current[best] {
			best = i
		}
	}
	p.current[best] -= total
	return best
}

// leastBusy takes the member with the fewest requests in flight for its weight.
// Among equals it draws, by weight too, so that a group with little to do
// spreads its requests as a busy one does.
type leastBusy struct {
	members []*member
	random  func(n uint64) uint64
}

func (p *leastBusy) choose(candidates set, _ uint64, now time.Time) int {
	if candidates&(candidates-1) == 0 {
		return bits.TrailingZeros64(uint64(candidates))
	}
	// Requests times weights are more than an int holds where it has 32 bits.
	best := -1
	var bestBusy, bestWeight, equals int64
	for i := range candidates.indexes() {
		m := p.members[i]
		busy, weight := int64(m.busy), int64(m.weight*m.standing.share(now))
		mine, others := busy*bestWeight, bestBusy*weight
		switch {
		case best < 0 || mine < others:
			best, bestBusy, bestWeight, equals = i, busy, weight, weight
		case mine == others:
			equals += weight
			if p.random(uint64(equals)) < uint64(weight) {
				best, bestBusy, bestWeight = i, busy, weight
			}
		}
	}
	return best
}
