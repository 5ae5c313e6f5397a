package backends

import "time"

// budget bounds the retries of a group, so that one in trouble is not asked
// twice as much: to a share of the requests of the last budgetSeconds, and a
// few beyond that. It is for requests that may be done twice. Where nothing was
// sent the first time, nothing is multiplied, and nobody asks it.
//
// What counts is the retries that are under way, and those of the same time that
// have failed too. One that was answered has done what the client came for: so
// a group with one bad server out of three goes on, and one where nobody
// answers has used its budget up at once.
//
// Times are since the start of the group, which guards it by Group.mu.
type budget struct {
	percent  int // 0: no retries at all
	underWay int
	// second is the one that was counted in last; requests and failed have
	// those of second s at s modulo budgetSeconds, and recent the sums.
	second           int64
	requests, failed [budgetSeconds]int
	recent           struct{ requests, failed int }
}

const (
	budgetSeconds = 10
	// budgetFloor is how many retries there may be beyond the share, so that a
	// group with little to do, or one that has just begun, survives the end of
	// a server with all that it has in hand.
	budgetFloor = 20 * budgetSeconds
)

// request counts a request.
func (b *budget) request(now time.Duration) {
	b.forget(now)
	b.requests[b.second%budgetSeconds]++
	b.recent.requests++
}

// allows reports whether there may be one more retry.
func (b *budget) allows(now time.Duration) bool {
	if b.percent == 0 {
		return false
	}
	b.forget(now)
	return 100*(b.underWay+b.recent.failed-budgetFloor) < b.percent*b.recent.requests
}

// begin counts a retry as under way, which passed or fail ends.
func (b *budget) begin()  { b.underWay++ }
func (b *budget) passed() { b.underWay-- }

func (b *budget) fail(now time.Duration) {
	b.underWay--
	b.forget(now)
	b.failed[b.second%budgetSeconds]++
	b.recent.failed++
}

// forget drops what is older than budgetSeconds.
func (b *budget) forget(now time.Duration) {
	second := int64(now / time.Second)
	for ; b.second < second; b.second++ {
		if b.recent.requests == 0 && b.recent.failed == 0 {
			b.second = second
			return
		}
		slot := (b.second + 1) % budgetSeconds
		b.recent.requests -= b.requests[slot]
		b.recent.failed -= b.failed[slot]
		b.requests[slot], b.failed[slot] = 0, 0
	}
}
