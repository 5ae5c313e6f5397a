package sqlapi

import "sync/atomic"

// gate counts who holds or is about to hold a connection, so that a request
// too many is told at once: the pool behind it can only wait. It may be used
// by any number of goroutines at once.
type gate struct {
	max  int64
	busy atomic.Int64
}

// enter takes a slot, and reports whether there was one.
func (g *gate) enter() bool {
	if g.busy.Add(1) > g.max {
		g.busy.Add(-1)
		return false
	}
	return true
}

// leave gives a slot back.
func (g *gate) leave() { g.busy.Add(-1) }
