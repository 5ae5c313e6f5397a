package memcached

// ring chooses among the servers by rendezvous: the key goes to the server for
// which the two together have the highest score. A server that comes takes the
// keys for which it has the highest one, and one that goes leaves its keys to
// the next highest; no other key moves, as it would with a remainder.
//
// gomemcache's ServerSelector could do the same, but chooses too late: before
// a connection is asked for, it must be known to whom.
type ring []*server

// pick returns the key's server; there is one at least.
func (r ring) pick(key string) *server {
	var (
		best    *server
		highest uint64
	)
	h := fnv(key)
	for _, s := range r {
		score := mix(h ^ s.seed)
		if best == nil || score > highest || score == highest && s.address.text < best.address.text {
			best, highest = s, score
		}
	}
	return best
}

// fnv is the 64-bit FNV-1a hash: the same in every process, and in every
// version of the program.
func fnv(text string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 0x100000001b3
	}
	return h
}

// mix spreads every bit over all others, as splitmix64 does.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
