package gateway

import (
	"sync/atomic"
	"time"
)

// durationBounds are the upper ends of a histogram's buckets; one more, without
// an end, comes behind them. They are close together where an answer of a
// statement with a key lies, and go up to the default of request_timeout.
var durationBounds = [...]time.Duration{
	250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second,
}

// tally counts the answers of one route: their statuses, and how long they
// took. Counting is a handful of additions, without a lock or an allocation,
// so a reader may see an answer in one of the numbers and not yet in another.
// The zero value is ready. It may be used by any number of goroutines.
type tally struct {
	// statuses are counted by status; 0 is for what is none.
	statuses  [600]atomic.Uint64
	durations durations
}

// count notes an answer, and how long it took.
func (t *tally) count(status int, took time.Duration) {
	if status < 100 || status >= len(t.statuses) {
		status = 0
	}
	t.statuses[status].Add(1)
	t.durations.add(took)
}

// classes returns how many answers there were, by the first digit of their
// status; 0 is for what is none.
func (t *tally) classes() (counts [6]uint64) {
	for status := range t.statuses {
		counts[status/100] += t.statuses[status].Load()
	}
	return counts
}

// durations is a histogram of how long something took.
type durations struct {
	buckets [len(durationBounds) + 1]atomic.Uint64
	sum     atomic.Int64 // nanoseconds
}

func (d *durations) add(took time.Duration) {
	i := 0
	for i < len(durationBounds) && took > durationBounds[i] {
		i++
	}
	d.buckets[i].Add(1)
	d.sum.Add(int64(took))
}

// upTo returns how many were at most as long as each of the bounds; the last
// number is that of all.
func (d *durations) upTo() (counts [len(durationBounds) + 1]uint64) {
	total := uint64(0)
	for i := range d.buckets {
		total += d.buckets[i].Load()
		counts[i] = total
	}
	return counts
}

// quantile estimates how long the given part of all took at most, 0.99 for all
// but the slowest hundredth. Within a bucket it assumes that they are spread
// evenly, as Prometheus does; beyond the last bound it returns that bound, and
// 0 when there was nothing.
func (d *durations) quantile(part float64) time.Duration {
	counts := d.upTo()
	rank := part * float64(counts[len(counts)-1])
	var below uint64
	var from time.Duration
	for i, bound := range durationBounds {
		if inside := counts[i] - below; inside > 0 && float64(counts[i]) >= rank {
			return from + time.Duration((rank-float64(below))/float64(inside)*float64(bound-from))
		}
		below, from = counts[i], bound
	}
	if below == counts[len(counts)-1] {
		return 0
	}
	return from
}

// count notes the answer of a request that has its ending.
func (s *Server) count(sc *scope) {
	t := &s.unrouted
	if sc.route != nil {
		t = sc.route.counts()
	}
	t.count(sc.status, sc.took)
}
