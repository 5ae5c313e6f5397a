package memcached

import (
	"context"
	"errors"
	"time"
)

// Patience is what the calls of one request have learned of the servers. One
// that has let a call wait in vain, to the end of its time, has an eighth of
// that for the request's next call, and after the third is not asked any more:
// so a server that hangs takes little more than one Config.Timeout from a
// request, however many questions it would have. An answer makes up for all but
// the first wait: for a server that is well the eighth is enough.
//
// The zero value has learned nothing. It belongs to one goroutine, and may be
// used with several clients.
type Patience struct{ tried []tried }

// tried is a server that has let calls wait in vain, one after the other.
type tried struct {
	server string
	waits  int
}

const (
	// maxWaits is how often a server may let a request wait in vain, one time
	// after the other.
	maxWaits = 3
	// leastWait is what a call has that is sent at all, unless the timeout is
	// shorter: it may have to connect first.
	leastWait = 5 * time.Millisecond
)

type patienceKey struct{}

// PatienceKey is the context key under which a call finds its request's
// Patience: ctx.Value(PatienceKey).(*Patience). Without one a call is the only
// one of its request. It is a pointer, so that asking allocates nothing.
var PatienceKey = &patienceKey{}

// errSilent: the server has let the request wait in vain too often.
var errSilent = errors.New("the server has not answered this request before")

// patienceOf returns a call's Patience, or nil, which has no end.
func patienceOf(ctx context.Context) *Patience {
	p, _ := ctx.Value(PatienceKey).(*Patience)
	return p
}

// left returns how much of a timeout the next call to a server has, 0 for not
// to be asked.
func (p *Patience) left(server string, timeout time.Duration) time.Duration {
	switch t := p.find(server); {
	case t == nil:
		return timeout
	case t.waits >= maxWaits:
		return 0
	default:
		return max(timeout>>(3*t.waits), min(timeout, leastWait))
	}
}

// note takes into account whether a call to a server has waited in vain.
func (p *Patience) note(server string, inVain bool) {
	switch t := p.find(server); {
	case t != nil && inVain:
		t.waits++
	case t != nil:
		t.waits = min(t.waits, 1)
	case p != nil && inVain:
		p.tried = append(p.tried, tried{server, 1})
	}
}

func (p *Patience) find(server string) *tried {
	if p != nil {
		for i := range p.tried {
			if p.tried[i].server == server {
				return &p.tried[i]
			}
		}
	}
	return nil
}
