package sqlapi

import (
	"context"
	"fmt"
	"net"
	"sync"

	"zerohop/sqlapi/embedded"
)

// trialDSN is how the embedded engine is spoken to; the address means nothing.
const trialDSN = embedded.User + "@tcp(embedded)/" + embedded.Database

// trial is the embedded engine behind the DSN "embedded", started by whoever
// needs it first. It may be used by several goroutines at once.
type trial struct {
	seed string

	mu     sync.Mutex
	engine *embedded.Engine
}

func (t *trial) open() (*embedded.Engine, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.engine != nil {
		return t.engine, nil
	}
	engine, err := embedded.Open(t.seed)
	if err != nil {
		return nil, fmt.Errorf("open embedded database: %w", err)
	}
	t.engine = engine
	return engine, nil
}

// dial is a wire.DialFunc: wherever the connection is to go, it goes here.
func (t *trial) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	engine, err := t.open()
	if err != nil {
		return nil, err
	}
	return engine.Dial(ctx)
}

func (t *trial) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.engine == nil {
		return nil
	}
	return t.engine.Close()
}

// ReleaseTrial gives back the memory that having the embedded engine in the
// program costs at its start, for a process none of whose databases is the
// engine. What it gives back are pages of the program's file, which the system
// reads again should they be needed after all.
func ReleaseTrial() error { return embedded.Trim() }
