package backends

import (
	"math"
	"math/rand/v2"
	"time"
)

// rendezvous gives every key a member of its own, by weight: each member gets
// a score for the key, and the highest wins. Where a member is lost only its
// keys move, each to the member with the next score. Scores come from the
// members' names, so several balancers agree, and a restart changes nothing.
//
// A request without a key goes where fewest are in flight.
type rendezvous struct {
	members []*member
	seeds   []uint64
	keyless leastBusy
}

func newRendezvous(members []*member) *rendezvous {
	p := &rendezvous{members: members, keyless: leastBusy{members, rand.Uint64N}}
	for _, m := range members {
		p.seeds = append(p.seeds, hashKey([]byte(m.name)))
	}
	return p
}

func (p *rendezvous) choose(candidates set, key uint64, now time.Time) int {
	if key == 0 {
		return p.keyless.choose(candidates, 0, now)
	}
	best, bestScore := -1, 0.0
	for i := range candidates.indexes() {
		score := rendezvousScore(key, p.seeds[i], p.members[i].weight)
		if best < 0 || score > bestScore {
			best, bestScore = i, score
		}
	}
	return best
}

// rendezvousScore is exponentially distributed over the keys, with the weight
// as its mean: so the highest is each member's as often as its weight says.
func rendezvousScore(key, seed uint64, weight int) float64 {
	// 53 bits make a number between 0 and 1, both left out.
	part := (float64(mix(key^seed)>>11) + 0.5) / (1 << 53)
	return -float64(weight) / math.Log(part)
}

// hashKey is FNV-1a, never 0.
func hashKey(key []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range key {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return max(h, 1)
}

// mix spreads every bit of x over all bits: the end of splitmix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
