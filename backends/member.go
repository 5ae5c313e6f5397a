package backends

import (
	"context"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/backends/upstream"
)

// exchanger is an HTTP server: an *upstream.Client.
type exchanger interface {
	Exchange(ctx context.Context, rc *fasthttp.RequestCtx, in upstream.Inbound, unwanted upstream.Statuses) (*upstream.Stream, error)
	Stats() upstream.Stats
	Close()
}

// member is one of the things that can answer: an HTTP server, or a pool of
// workers. A worker is a slot, taken by the goroutine that the request has
// anyway.
type member struct {
	name    string
	bit     set
	server  exchanger // nil for a pool
	workers int       // of a pool
	weight  int
	backup  bool
	off     bool // by configuration
	limit   int  // of requests at once

	// The rest is guarded by Group.mu.

	busy               int
	waiting            line // for this member alone; a pool's
	requests, refused  uint64
	standing           standing
	lastErr            error
	lastErrAt          time.Time
	failures           uint64
	checks, checkFails uint64
	lastCheck          time.Time
	lastCheckErr       error
	lastCheckSince     time.Time
}

func newMember(i int, c MemberConfig, rules *healthRules) *member {
	m := &member{
		name: c.URL, bit: 1 << i, workers: c.Workers, weight: c.Weight, backup: c.Backup, off: c.Down,
		limit: c.limit(), waiting: line{limit: c.Queue, wait: c.Wait},
		standing: standing{rules: rules, weight: c.Weight, effective: c.Weight},
	}
	if c.URL == "" {
		m.name = "workers"
	}
	return m
}
