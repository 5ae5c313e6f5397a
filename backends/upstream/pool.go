package upstream

import (
	"sync"
	"time"
)

// pool keeps the connections that have no request, the last used on top: few
// connections stay busy and warm, and the others run out their time.
type pool struct {
	room int
	now  func() time.Duration

	mu     sync.Mutex
	idle   []*conn
	closed bool
	// timer closes what has run out its time. It is armed while there is
	// something to close, and every run of it is awaited by close.
	timer *time.Timer
	runs  sync.WaitGroup
}

func (p *pool) init(room int, now func() time.Duration) { p.room, p.now = room, now }

// take returns the connection that was used last and is still open, or nil.
func (p *pool) take() *conn {
	for {
		p.mu.Lock()
		last := len(p.idle) - 1
		if last < 0 {
			p.mu.Unlock()
			return nil
		}
		cn := p.idle[last]
		p.idle[last] = nil
		p.idle = p.idle[:last]
		p.mu.Unlock()
		if cn.keptUntil > p.now() && cn.quiet() {
			return cn
		}
		cn.destroy()
	}
}

// put keeps a connection until its time is up. Where there is no room the one
// that has been idle longest goes.
func (p *pool) put(cn *conn) {
	p.mu.Lock()
	var surplus *conn
	switch {
	case p.closed || p.room == 0:
		surplus = cn
	case len(p.idle) == p.room:
		surplus = p.idle[0]
		copy(p.idle, p.idle[1:])
		p.idle[len(p.idle)-1] = cn
	default:
		p.idle = append(p.idle, cn)
		p.armLocked(cn.keptUntil)
	}
	p.mu.Unlock()
	if surplus != nil {
		surplus.destroy()
	}
}

// armLocked starts the timer where none is under way.
func (p *pool) armLocked(until time.Duration) {
	if p.timer != nil {
		return
	}
	p.runs.Add(1)
	p.timer = time.AfterFunc(until-p.now(), p.expire)
}

// expire closes the connections whose time is up, and arms the timer for the
// next of them.
func (p *pool) expire() {
	defer p.runs.Done()
	p.mu.Lock()
	p.timer = nil
	now, next := p.now(), time.Duration(0)
	var expired []*conn
	kept := p.idle[:0]
	for _, cn := range p.idle {
		if cn.keptUntil <= now {
			expired = append(expired, cn)
			continue
		}
		kept = append(kept, cn)
		if next == 0 || cn.keptUntil < next {
			next = cn.keptUntil
		}
	}
	clear(p.idle[len(kept):])
	p.idle = kept
	if next > 0 && !p.closed {
		p.armLocked(next)
	}
	p.mu.Unlock()
	for _, cn := range expired {
		cn.destroy()
	}
}

func (p *pool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle)
}

// close closes what is idle, and keeps nothing any more.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	idle := p.idle
	p.idle = nil
	if p.timer != nil && p.timer.Stop() {
		p.runs.Done()
	}
	p.timer = nil
	p.mu.Unlock()
	for _, cn := range idle {
		cn.destroy()
	}
	p.runs.Wait()
}
