package backends

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/backends/probe"
	"zerohop/backends/upstream"
)

var (
	// ErrFull: every member has as many requests as it may have, and no queue
	// has room, or the wait in one was too long. Nothing has begun.
	ErrFull = errors.New("every member is busy")
	// ErrClosed: the group was closed.
	ErrClosed = errors.New("group closed")
	// ErrDown: no member that could answer is up.
	ErrDown = errors.New("no member is up")
	// ErrBadGateway: a member could not be reached, broke off, or answered
	// what is no answer.
	ErrBadGateway = errors.New("bad gateway")
	// ErrTimeout: a member took too long.
	ErrTimeout = errors.New("member timed out")
)

// errNoPlace is ErrFull for a request that did not even wait.
var errNoPlace = fmt.Errorf("no place to wait: %w", ErrFull)

// Options are what the program around a Group gives it.
type Options struct {
	// Failed reports whether a handler's error counts against the pool that
	// has run it. Nil: none does.
	Failed func(err error) bool
	// Turned is told when a member goes down, fails, or comes up. It is called
	// by whoever has found out, a request's goroutine or that of the health
	// checks, which wait for it. Nil: nobody is told.
	Turned func(Turn)
}

// Turn is a member's change to another state.
type Turn struct {
	// Member is its name in MemberStats, State the new state: StateDown,
	// StateFailing or StateUp.
	Member, State string
	// First: it has had no other state than this, or none but the one that it
	// was assumed to be in before its first checks.
	First bool
	// Err is what it has run into, nil with StateUp.
	Err error
}

// Group spreads requests over its members. It may be used by any number of
// goroutines at once.
//
// One mutex guards all that changes. A request takes it twice, to get a place
// at a member and to give it back, and never while it waits or is answered.
type Group struct {
	name    string
	balance string
	members []*member
	key     keySource // zero unless Balance is "hash"
	retry   retryRules
	failed  func(error) bool
	turned  func(Turn)    // nil: nobody is told
	prober  *probe.Prober // nil without health checks
	checked []*member     // by the prober, in its order
	tryAll  bool          // when no member is up
	sole    *member       // the only member, if that is a pool
	// What members are, as sets.
	servers, pools, backups, off set

	// mu may be taken under the lock of an upstream.Inbound, not the other way
	// round.
	mu     sync.Mutex
	closed bool
	policy policy
	full   set // members at their limit
	// ailing are the members whose past matters: while there is none, nobody
	// asks for the time.
	ailing  set
	waiting line // for any member
	budget  budget
	began   time.Time // what the budget's times count from

	refused, queueTimeouts, unavailable, retries, retriesDenied uint64
}

// NewGroup returns a group for a configuration that Validate finds no fault
// with. It does no I/O.
func NewGroup(name string, cfg Config, opts Options) (*Group, error) {
	if err := errors.Join(cfg.Validate()...); err != nil {
		return nil, fmt.Errorf("group %s: %w", name, err)
	}
	g := newGroup(name, cfg, opts)
	var targets []probe.Target
	for i, c := range cfg.Members {
		if c.URL == "" {
			continue
		}
		where, _, _ := parseAddress(c.URL)
		client := upstream.New(cfg.upstreamConfig(where))
		g.members[i].server = client
		if !c.Down {
			g.checked = append(g.checked, g.members[i])
			targets = append(targets, probe.Target{Name: c.URL, Host: where.host, Dial: client.Dial})
		}
	}
	if cfg.Health != nil {
		g.prober = probe.New(cfg.Health.probe(), targets, g.report)
		g.assumeDown(cfg.Health.Start == startDown)
	}
	return g, nil
}

// newGroup returns a group whose servers have no clients yet.
func newGroup(name string, cfg Config, opts Options) *Group {
	g := &Group{
		name: name, balance: cfg.Balance, retry: newRetryRules(cfg), failed: opts.Failed, turned: opts.Turned,
		tryAll:  cfg.WhenAllDown == allDownTry,
		waiting: line{limit: cfg.Queue, wait: cfg.Wait},
		budget:  budget{percent: cfg.RetryBudget}, began: time.Now(),
	}
	if g.waiting.wait == 0 {
		g.waiting.wait = defaultWait
	}
	rules := &healthRules{maxFails: cfg.MaxFails, failTimeout: cfg.FailTimeout, slowStart: cfg.SlowStart}
	present := 0
	for i, c := range cfg.Members {
		m := newMember(i, c, rules)
		g.members = append(g.members, m)
		if c.URL != "" {
			g.servers |= m.bit
		} else {
			g.pools |= m.bit
		}
		if c.Backup {
			g.backups |= m.bit
		}
		if c.Down {
			g.off |= m.bit
		} else {
			present++
		}
	}
	rules.alone = present == 1
	if len(g.members) == 1 && g.pools != 0 {
		g.sole = g.members[0]
	}
	g.policy = newPolicy(cfg.Balance, g.members)
	if cfg.Balance == balanceHash {
		g.key = newKeySource(cfg.Hash)
	}
	return g
}

// Start begins with the health checks, where there are any.
func (g *Group) Start() {
	if g.prober != nil {
		g.prober.Start()
	}
}

// Serve has a member answer the request. h is the route's own handler, which
// pools run; it is nil where the route has none, and a server must answer. A
// server is asked only where ctx has an upstream.Inbound for
// upstream.InboundKey.
//
// The error is h's, or ErrFull, ErrClosed, ErrDown, ErrBadGateway or ErrTimeout,
// or the client's own doing, or that of ctx while the request waits; the
// response is untouched then. Without one the response may still go on: see
// upstream.Inbound.
func (g *Group) Serve(ctx context.Context, rc *fasthttp.RequestCtx, h Handler) error {
	if g.sole != nil && h != nil && g.takeSole() {
		return g.run(ctx, rc, h, g.sole)
	}
	o := order{able: g.pools | g.servers}
	if h == nil {
		o.able = g.servers
	}
	var in upstream.Inbound
	if g.servers != 0 || g.key.source != "" {
		in, _ = ctx.Value(upstream.InboundKey).(upstream.Inbound)
		o.key = g.key.of(rc, in)
		if in == nil {
			o.able &^= g.servers
		}
	}
	m, w, err := g.enter(&o)
	if w != nil {
		m, err = w.await(ctx)
		o = w.order // which knows m as tried
	}
	if err != nil {
		return fmt.Errorf("group %s: %w", g.name, err)
	}
	if m.server == nil {
		return g.run(ctx, rc, h, m)
	}
	return g.proxy(ctx, rc, h, in, &o, m)
}

// takeSole takes a place at the only member, if it has a free one: then there
// is nothing to choose, and nobody who waits for longer.
func (g *Group) takeSole() bool {
	m := g.sole
	g.mu.Lock()
	free := m.busy < m.limit && !g.closed
	if free {
		g.takeLocked(m)
		m.requests++
	}
	g.mu.Unlock()
	return free
}

// enter takes a place at a member, or one in a line, or refuses the request.
func (g *Group) enter(o *order) (*member, *waiter, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, nil, ErrClosed
	}
	if g.servers != 0 {
		g.budget.request(g.age())
	}
	if g.ailing != 0 && g.waiting.length > 0 {
		g.serveLineLocked() // the time may have brought a member back
	}
	m, err := g.nextLocked(o)
	switch {
	case err == nil:
		return m, nil, nil
	case errors.Is(err, ErrDown):
		g.unavailable++
		return nil, nil, err
	}
	if w := g.joinLocked(o); w != nil {
		return nil, w, nil
	}
	return nil, nil, errNoPlace
}

// age is how long the group has been there.
func (g *Group) age() time.Duration { return time.Since(g.began) }

// run runs the handler in a place of m, a pool.
func (g *Group) run(ctx context.Context, rc *fasthttp.RequestCtx, h Handler, m *member) error {
	var err error
	outcome := outcomeNone
	defer func() { g.release(m, outcome, err) }()
	err = h(ctx, rc)
	outcome = outcomePassed
	if err != nil && g.failed != nil && g.failed(err) {
		outcome = outcomeFailed
	}
	return err
}

// Close refuses further requests and those that wait, ends health checks,
// streams and tunnels, and waits for the end of those. Nobody waits for the
// rest: a handler that runs goes on, and so does a request to a server that has
// not answered yet, for first_byte_timeout at most.
func (g *Group) Close() {
	g.mu.Lock()
	g.closed = true
	g.refuseLocked(&g.waiting)
	for _, m := range g.members {
		g.refuseLocked(&m.waiting)
	}
	g.mu.Unlock()
	if g.prober != nil {
		g.prober.Close()
	}
	for _, m := range g.members {
		if m.server != nil {
			m.server.Close()
		}
	}
}

// refuseLocked ends the waiting of a whole line.
func (g *Group) refuseLocked(l *line) {
	for l.length > 0 {
		w := l.first(anybody)
		l.remove(w)
		w.decideLocked(nil, ErrClosed)
	}
}
