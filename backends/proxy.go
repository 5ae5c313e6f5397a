package backends

import (
	"context"
	"errors"
	"fmt"

	"github.com/valyala/fasthttp"

	"zerohop/backends/upstream"
)

// proxy sends the request to m, which has a place for it, and as long as that
// fails, and may be tried again, to further members. A pool among them ends
// the row: a handler that has begun is never repeated.
func (g *Group) proxy(ctx context.Context, rc *fasthttp.RequestCtx, h Handler, in upstream.Inbound, o *order, m *member) error {
	defer func() {
		if o.charged {
			g.discharge()
		}
	}()
	for tries := 1; ; tries++ {
		if m.server == nil {
			return g.run(ctx, rc, h, m)
		}
		var unwanted upstream.Statuses
		if len(g.retry.statuses) > 0 && g.anotherMayAnswer(rc, in, o, tries) {
			unwanted = g.retry.statuses
		}
		stream, err := g.exchange(ctx, rc, in, m, unwanted)
		if err == nil {
			g.answered(m, stream)
			return nil
		}
		next := g.failOver(rc, o, m, err, tries)
		if next == nil {
			return memberError(m, err)
		}
		m = next
	}
}

// exchange is m.server.Exchange, which gives the place back if that panics.
func (g *Group) exchange(ctx context.Context, rc *fasthttp.RequestCtx, in upstream.Inbound, m *member, unwanted upstream.Statuses) (*upstream.Stream, error) {
	over := false
	defer func() {
		if !over {
			g.release(m, outcomeNone, nil)
		}
	}()
	stream, err := m.server.Exchange(ctx, rc, in, unwanted)
	over = true
	return stream, err
}

// answered gives m's place back, now or when the stream is over. What breaks
// that is not m's failure, as nginx has it: a client that reads slowly, or one
// that talks nonsense into a tunnel, could have member after member end it.
func (g *Group) answered(m *member, stream *upstream.Stream) {
	if stream == nil {
		g.release(m, outcomePassed, nil)
		return
	}
	g.note(m, outcomePassed, nil)
	stream.OnEnd(func(error) { g.release(m, outcomeNone, nil) })
}

// anotherMayAnswer reports whether a further member could be asked in place of
// an answer that is there. It may turn out otherwise when it comes to that.
func (g *Group) anotherMayAnswer(rc *fasthttp.RequestCtx, in upstream.Inbound, o *order, tries int) bool {
	if tries >= g.retry.limit || !g.retry.repeatable(rc.Method()) || in.Body().Rest != nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.budget.allows(g.age()) && g.upLocked(o.able, g.nowLocked())&^o.tried&^g.full != 0
}

// failOver notes that m has failed the request, and returns the member that it
// is tried on next, where there is to be one; m's place is given back. Where
// it has failed by a status, and nobody is left after all who could do better,
// it is m again, for its answer as it is.
func (g *Group) failOver(rc *fasthttp.RequestCtx, o *order, m *member, err error, tries int) *member {
	e, ok := errors.AsType[*upstream.Error](err)
	own := blameless(err)
	again := ok && tries < g.retry.limit && !own && g.retry.listed(e) && g.retry.safe(e, rc.Method())
	g.mu.Lock()
	state := g.noteLocked(m, outcomeOf(err), err)
	if o.charged && ok && e.Sent && !own {
		g.budget.fail(g.age())
		o.charged = false
	}
	var next *member
	if again {
		next = g.retryLocked(o, e.Sent)
	}
	if next == nil && ok && e.Op == upstream.OpStatus {
		next = m
	}
	if next != m {
		g.releaseLocked(m)
	}
	g.mu.Unlock()
	g.tell(m, Turn{State: state, Err: err})
	return next
}

// retryLocked draws the next member for a request that has failed, or returns
// nil. What was sent to the last one may be done twice, and is charged to the
// budget.
func (g *Group) retryLocked(o *order, sent bool) *member {
	if g.closed {
		return nil
	}
	if sent && !g.budget.allows(g.age()) {
		g.retriesDenied++
		return nil
	}
	next, err := g.nextLocked(o)
	if err != nil {
		return nil
	}
	if sent {
		g.budget.begin()
		o.charged = true
	}
	g.retries++
	return next
}

// discharge ends a retry that has not failed.
func (g *Group) discharge() {
	g.mu.Lock()
	g.budget.passed()
	g.mu.Unlock()
}

// memberError says which member has failed, and what that means.
func memberError(m *member, err error) error {
	kind := ErrBadGateway
	e, ok := errors.AsType[*upstream.Error](err)
	switch {
	case errors.Is(err, upstream.ErrClosed):
		kind = ErrClosed
	case blameless(err):
		return err
	case ok && e.Timeout:
		kind = ErrTimeout
	}
	return fmt.Errorf("%w: %s: %w", kind, m.name, err)
}
