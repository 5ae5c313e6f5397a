package sqlapi

import (
	"context"
	"sync"
	"time"
)

// patience is the context under which a call waits for a connection. It ends
// at the call's deadline, or with the request.
//
// It exists because the pool asks a context for its Done channel before it
// looks for an idle connection, and a channel with a timer behind it would cost
// every request two allocations that only those need that have to wait. The
// pool asks a second time when it does wait: the first answer is nil, which in
// a select is a channel that never speaks, the second is real. A call looks at
// its deadline itself before it asks the pool.
type patience struct {
	parent   context.Context
	deadline time.Time

	mu     sync.Mutex
	asked  bool
	real   context.Context
	cancel context.CancelFunc
}

func (p *patience) Deadline() (time.Time, bool) { return p.deadline, true }

func (p *patience) Done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.asked {
		p.asked = true
		return nil
	}
	if p.real == nil {
		p.real, p.cancel = context.WithDeadline(p.parent, p.deadline)
	}
	return p.real.Done()
}

func (p *patience) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.real == nil {
		return nil
	}
	return p.real.Err()
}

// Value has none: a connection under construction outlives the request, and
// must not reach it.
func (p *patience) Value(any) any { return nil }

// end frees what waiting took, and reports whether the pool has had reason to
// wait: a goroutine of its own may then still hold p, which must not be used
// for another call.
func (p *patience) end() (waited bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil {
		p.cancel()
	}
	return p.real != nil
}
