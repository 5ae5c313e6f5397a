package backends

import (
	"iter"
	"math/bits"
)

// set is a set of a group's members: bit i is the member with index i.
type set uint64

// maxMembers is how many members a set has room for.
const maxMembers = 64

func (s set) has(m *member) bool { return s&m.bit != 0 }

// indexes yields what is in the set, in ascending order.
func (s set) indexes() iter.Seq[int] {
	return func(yield func(int) bool) {
		for ; s != 0; s &= s - 1 {
			if !yield(bits.TrailingZeros64(uint64(s))) {
				return
			}
		}
	}
}
