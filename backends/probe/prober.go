package probe

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Prober checks the members of one group until it is closed.
type Prober struct {
	cfg     Config
	members []member
	report  func(i int, r Result)

	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	running  sync.WaitGroup // the schedule and every check
	finished chan finding   // from a check to the schedule; room for one each
}

// finding is what one check found out.
type finding struct {
	member int
	err    error
	at     time.Time
}

// New returns a prober of targets. report is told the result of every check of
// target i, by one goroutine, in the order in which checks end; it must not
// wait for anything, least of all for Close. New does no I/O.
func New(cfg Config, targets []Target, report func(i int, r Result)) *Prober {
	if cfg.First == nil {
		cfg.First = rand.N[time.Duration]
	}
	if len(cfg.Statuses) == 0 {
		cfg.Statuses = []int{200}
	}
	p := &Prober{cfg: cfg, report: report, finished: make(chan finding, len(targets))}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	for _, target := range targets {
		p.members = append(p.members, member{target: target, tally: tally{up: !cfg.Down}})
	}
	return p
}

// Start begins to check. It is called once.
func (p *Prober) Start() { p.running.Go(p.schedule) }

// Close ends the checks that are under way, and waits for them. Their results
// are not reported, nor is any other once Close has returned. It may be called
// without Start, and more than once.
func (p *Prober) Close() {
	p.cancel()
	p.running.Wait()
}

// schedule starts every check when it is due, until Close.
func (p *Prober) schedule() {
	now := time.Now()
	for i := range p.members {
		p.members[i].due = now.Add(p.cfg.First(p.cfg.Every))
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if wait, ok := p.startDue(time.Now()); ok {
			timer.Reset(wait)
		}
		select {
		case <-p.ctx.Done():
			return
		case <-timer.C:
		case f := <-p.finished:
			p.conclude(f)
		}
	}
}

// startDue starts the checks that are due now, and returns how long it is to
// the next one, if there is one: none is due while every member is being checked.
func (p *Prober) startDue(now time.Time) (wait time.Duration, ok bool) {
	for i := range p.members {
		m := &p.members[i]
		if m.checking {
			continue
		}
		left := m.due.Sub(now)
		if left <= 0 {
			m.checking, m.began = true, now
			p.running.Go(func() {
				err := p.check(m.target)
				p.finished <- finding{member: i, err: err, at: time.Now()}
			})
			continue
		}
		if !ok || left < wait {
			wait, ok = left, true
		}
	}
	return wait, ok
}

// conclude counts what a check found out, reports it, and says when the member
// is due again.
func (p *Prober) conclude(f finding) {
	if p.ctx.Err() != nil {
		return // Close broke the check off
	}
	m := &p.members[f.member]
	m.checking, m.due = false, m.began.Add(p.cfg.Every)
	up, changed := m.tally.add(f.err == nil, f.at, p.cfg)
	p.report(f.member, Result{
		OK: f.err == nil, Err: f.err, At: f.at, Took: f.at.Sub(m.began), Since: m.tally.since, Up: up, Changed: changed,
	})
}

// member is a target and what is known of it; the schedule's alone.
type member struct {
	target   Target
	due      time.Time // of the next check, unless one is under way
	began    time.Time // of the check under way, or of the last one
	checking bool
	tally    tally
}
