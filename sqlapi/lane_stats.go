package sqlapi

import (
	"sync/atomic"
	"time"
)

// LaneStats is a snapshot of a database's lanes.
type LaneStats struct {
	// Max is how many lanes there may be, Open how many there are, and Busy
	// how many of these carry statements.
	Max, Open, Busy int
	// Waiting is how many requests wait for their turn.
	Waiting int
	// PutOff is how many routes do without the lanes at present because they
	// were too slow.
	PutOff int

	// The rest counts since the start.

	// Batches is by how many statements travelled together.
	Batches Histogram
	// Waits is by how long statements waited before they were sent, in seconds.
	Waits Histogram
	// Reruns is how many statements were run once more because their lane
	// broke.
	Reruns uint64
	// PutOffs is how many times a route was put off.
	PutOffs uint64
}

// laneCounters are what LaneStats counts.
type laneCounters struct {
	batches, waits  *histogram
	reruns, putOffs atomic.Uint64
}

func newLaneCounters() *laneCounters {
	return &laneCounters{
		batches: newHistogram(1, 2, 4, 8, 16, 32),
		waits: newHistogram(
			int64(100*time.Microsecond), int64(250*time.Microsecond), int64(500*time.Microsecond),
			int64(time.Millisecond), int64(2500*time.Microsecond), int64(5*time.Millisecond),
			int64(10*time.Millisecond), int64(25*time.Millisecond), int64(50*time.Millisecond),
			int64(100*time.Millisecond), int64(250*time.Millisecond), int64(time.Second),
		),
	}
}

// note counts a batch that is about to be sent.
func (n *laneCounters) note(batch []*rider, now time.Time) {
	if len(batch) == 0 {
		return
	}
	n.batches.note(int64(len(batch)))
	for _, r := range batch {
		n.waits.note(int64(now.Sub(r.joined)))
	}
}

// LaneStats returns a snapshot of the lanes.
func (db *Database) LaneStats() LaneStats {
	l, now := db.lanes, time.Now()
	s := LaneStats{
		Max:     l.most,
		Batches: l.count.batches.snapshot(1),
		Waits:   l.count.waits.snapshot(float64(time.Second)),
		Reruns:  l.count.reruns.Load(),
		PutOffs: l.count.putOffs.Load(),
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Open, s.Busy, s.Waiting = l.open, l.open-len(l.idle), l.line.waiting
	s.PutOff = l.bannedLocked(now)
	return s
}

// resting returns how many lanes are open and unused.
func (l *lanes) resting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.idle)
}
