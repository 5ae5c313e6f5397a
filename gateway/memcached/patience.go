package memcached

import (
	"context"
	"errors"
	"slices"
)

// Patience is what the calls of one request have learned of the servers: one
// that has let a call wait in vain, to the end of its timeout, is not asked
// again for the same request. So a server that hangs takes Config.Timeout from
// a request once, however many questions it would have for it, and the others
// are asked as ever.
//
// The zero value has learned nothing. It belongs to one goroutine, and may be
// used with several clients.
type Patience struct{ silent []string }

type patienceKey struct{}

// PatienceKey is the context key under which a call finds its request's
// Patience: ctx.Value(PatienceKey).(*Patience). Without one a call is the only
// one of its request. It is a pointer, so that asking allocates nothing.
var PatienceKey = &patienceKey{}

// errSilent: the server has let an earlier call of the request wait in vain.
var errSilent = errors.New("the server has not answered this request before")

// patienceOf returns a call's Patience, or nil.
func patienceOf(ctx context.Context) *Patience {
	p, _ := ctx.Value(PatienceKey).(*Patience)
	return p
}

func (p *Patience) exhausted(server string) bool {
	return p != nil && slices.Contains(p.silent, server)
}

func (p *Patience) exhaust(server string) {
	if p != nil {
		p.silent = append(p.silent, server)
	}
}
