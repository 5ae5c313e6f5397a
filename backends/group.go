package backends

import (
	"context"
	"errors"
	"fmt"

	"github.com/valyala/fasthttp"
)

var (
	// ErrFull: every member is busy and no queue has room. The handler has
	// not begun.
	ErrFull = errors.New("worker pool full")
	// ErrClosed: the group was closed. The handler has not begun.
	ErrClosed = errors.New("group closed")
)

// Group spreads requests over its members. It may be used by any number of
// goroutines at once.
type Group struct {
	members []member
}

// member is one of the things that can answer.
type member interface {
	// serve answers the request, or returns ErrFull or ErrClosed before
	// anything was done about it, or the handler's error.
	serve(ctx context.Context, rc *fasthttp.RequestCtx, h Handler) error
	stats() MemberStats
	close()
}

// NewGroup returns a group for a configuration that Validate finds no fault
// with; its name is for the error alone.
func NewGroup(name string, cfg Config) (*Group, error) {
	if err := errors.Join(cfg.Validate()...); err != nil {
		return nil, fmt.Errorf("group %s: %w", name, err)
	}
	g := &Group{}
	for _, m := range cfg.Members {
		g.members = append(g.members, newWorkers(m.Workers, m.Queue))
	}
	return g, nil
}

// Serve has a member answer the request; h is the route's own handler, which
// workers members run. It returns h's error, ErrFull, ErrClosed, or ctx's error
// when that ends while the request waits for a worker.
func (g *Group) Serve(ctx context.Context, rc *fasthttp.RequestCtx, h Handler) error {
	var err error
	for _, m := range g.members {
		if err = m.serve(ctx, rc, h); !errors.Is(err, ErrFull) {
			return err
		}
	}
	return err
}

// Close refuses further requests and those that wait. Requests that run go on.
func (g *Group) Close() {
	for _, m := range g.members {
		m.close()
	}
}
