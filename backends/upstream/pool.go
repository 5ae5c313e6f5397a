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

	mu sync.Mutex
	// top and bottom are the ends of a list, as the bottom one has to go where
	// there is no room.
	top, bottom *conn
	idle        int
	closed      bool
	// timer closes what has run out its time. It is armed, until due, while
	// there is something to close, and every run of it is awaited by close.
	timer *time.Timer
	due   time.Duration
	runs  sync.WaitGroup
}

func (p *pool) init(room int, now func() time.Duration) { p.room, p.now = room, now }

// take returns the connection that was used last and is still open, or nil. One
// that looks by itself, when it sends a small request, is not looked at.
func (p *pool) take(small bool) *conn {
	for {
		p.mu.Lock()
		cn := p.top
		if cn == nil {
			p.mu.Unlock()
			return nil
		}
		p.removeLocked(cn)
		p.mu.Unlock()
		if now := p.now(); cn.keptUntil > now && (small && cn.canTrip() || cn.quiet()) {
			cn.deadlines.note(now)
			return cn
		}
		cn.destroy()
	}
}

// put keeps a connection until its time is up. Where there is no room the one
// that has been idle longest goes.
func (p *pool) put(cn *conn, now time.Duration) {
	p.mu.Lock()
	surplus := cn
	if !p.closed && p.room > 0 {
		surplus = nil
		if p.idle == p.room {
			surplus = p.bottom
			p.removeLocked(surplus)
		}
		p.pushLocked(cn)
		p.armLocked(cn.keptUntil, now)
	}
	p.mu.Unlock()
	if surplus != nil {
		surplus.destroy()
	}
}

func (p *pool) pushLocked(cn *conn) {
	cn.below, p.top = p.top, cn
	if cn.below == nil {
		p.bottom = cn
	} else {
		cn.below.above = cn
	}
	p.idle++
}

func (p *pool) removeLocked(cn *conn) {
	if cn.above == nil {
		p.top = cn.below
	} else {
		cn.above.below = cn.below
	}
	if cn.below == nil {
		p.bottom = cn.above
	} else {
		cn.below.above = cn.above
	}
	cn.above, cn.below = nil, nil
	p.idle--
}

// armLocked has the timer run at until, unless it does so before. A server may
// keep one connection for less than another.
func (p *pool) armLocked(until, now time.Duration) {
	switch {
	case p.timer == nil:
		p.runs.Add(1)
		p.timer = time.AfterFunc(until-now, p.expire)
	case until >= p.due || !p.timer.Stop(): // one that runs arms itself again
		return
	default:
		p.timer.Reset(until - now)
	}
	p.due = until
}

// expire closes the connections whose time is up, and arms the timer for the
// next of them.
func (p *pool) expire() {
	defer p.runs.Done()
	p.mu.Lock()
	p.timer = nil
	now := p.now()
	var expired []*conn
	for cn := p.bottom; cn != nil; {
		next := cn.above
		if cn.keptUntil <= now {
			p.removeLocked(cn)
			expired = append(expired, cn)
		} else {
			p.armLocked(cn.keptUntil, now)
		}
		cn = next
	}
	p.mu.Unlock()
	for _, cn := range expired {
		cn.destroy()
	}
}

func (p *pool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.idle
}

// close closes what is idle, and keeps nothing any more.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	top := p.top
	p.top, p.bottom, p.idle = nil, nil, 0
	if p.timer != nil && p.timer.Stop() {
		p.runs.Done()
	}
	p.timer = nil
	p.mu.Unlock()
	for cn := top; cn != nil; cn = cn.below {
		cn.destroy()
	}
	p.runs.Wait()
}
