package sqlapi

import (
	"container/list"
	"sync"
	"sync/atomic"
)

// gate counts who holds or is about to hold a connection, because the pool
// behind it can only wait, and for as many as come. Here a bounded number
// waits, first come first served, and one too many is told at once.
//
// A slot that is free costs one atomic operation, without a lock or an
// allocation; only those who wait meet the lock. It may be used by any number
// of goroutines at once.
type gate struct {
	max   int // slots
	queue int // how many may wait

	// state is how many slots are taken, and in the upper half how many wait.
	// While anybody waits every slot is taken: a slot that comes back is
	// handed on, so that nobody overtakes the queue.
	state atomic.Uint64

	mu   sync.Mutex // the number of those who wait changes under it only
	line list.List  // of *waiter, the first come first
}

// oneWaiting is one who waits, in the state of a gate.
const oneWaiting = 1 << 32

// waiter is a place in the queue of a gate. ready takes one value: nil is a
// slot, an error the reason why there will be none.
type waiter struct {
	ready chan error
	place *list.Element
}

// enter takes a slot, and reports whether one was free.
func (g *gate) enter() bool {
	for {
		s := g.state.Load()
		if s >= uint64(g.max) { // all are taken, and perhaps somebody waits
			return false
		}
		if g.state.CompareAndSwap(s, s+1) {
			return true
		}
	}
}

// join queues for a slot. It returns nil when too many wait already.
func (g *gate) join() *waiter {
	if g.crowded() {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	w := &waiter{ready: make(chan error, 1)}
	for {
		s := g.state.Load()
		switch {
		case s < uint64(g.max): // one has come back meanwhile
			if g.state.CompareAndSwap(s, s+1) {
				w.ready <- nil
				return w
			}
		case g.crowded():
			return nil
		case g.state.CompareAndSwap(s, s+oneWaiting):
			w.place = g.line.PushBack(w)
			return w
		}
	}
}

func (g *gate) crowded() bool { return g.state.Load()/oneWaiting >= uint64(g.queue) }

// quit gives a place in the queue up. It reports false when ready has its
// value already: a slot in it is the caller's.
func (g *gate) quit(w *waiter) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if w.place == nil {
		return false
	}
	g.removeLocked(w)
	return true
}

// leave gives a slot back, or hands it to who has waited longest.
func (g *gate) leave() {
	for {
		s := g.state.Load()
		if s >= oneWaiting {
			if g.hand() {
				return
			}
			continue
		}
		if g.state.CompareAndSwap(s, s-1) {
			return
		}
	}
}

// hand hands the caller's slot on. It reports false when nobody waits any more.
func (g *gate) hand() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	first := g.line.Front()
	if first == nil {
		return false
	}
	w := first.Value.(*waiter)
	g.removeLocked(w)
	w.ready <- nil
	return true
}

// dismiss sends everybody who waits away with an error.
func (g *gate) dismiss(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for first := g.line.Front(); first != nil; first = g.line.Front() {
		w := first.Value.(*waiter)
		g.removeLocked(w)
		w.ready <- err
	}
}

func (g *gate) removeLocked(w *waiter) {
	g.line.Remove(w.place)
	w.place = nil
	g.state.Add(^uint64(oneWaiting - 1)) // one waits less
}

// load returns how many slots are taken and how many wait for one.
func (g *gate) load() (busy, waiting int) {
	s := g.state.Load()
	return int(s % oneWaiting), int(s / oneWaiting)
}
