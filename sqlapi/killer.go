package sqlapi

import (
	"context"
	"fmt"
	"sync"
	"time"

	"zerohop/sqlapi/wire"
)

// killer ends overdue statements through a control connection of its own, so
// that it never waits for the pool whose connections are all busy. It may be
// used by several goroutines at once; they take turns.
type killer struct {
	dialer *wire.Dialer

	mu      sync.Mutex
	control *wire.Conn
	used    time.Time
}

// kill has the server end another of its connections, and the statement that
// runs there. It takes no longer than farewell.
func (k *killer) kill(victim *wire.Conn) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if err := k.reachLocked(ctx, victim); err != nil {
		return fmt.Errorf("kill statement: %w", err)
	}
	k.used = time.Now()
	k.control.SetDeadline(k.used.Add(farewell))
	k.control.Kill(victim.Server().ThreadID)
	err := k.control.Flush()
	if err == nil {
		err = k.control.ReadResult(new(wire.Result))
	}
	if k.control.Failed() {
		k.dropLocked()
	}
	if err != nil {
		return fmt.Errorf("kill statement: %w", err)
	}
	return nil
}

// reachLocked makes sure that the control connection is to the victim's server.
func (k *killer) reachLocked(ctx context.Context, victim *wire.Conn) error {
	if k.control != nil && k.control.Alive() && sameServer(k.control, victim) {
		return nil
	}
	k.dropLocked()
	var err error
	k.control, err = k.dialer.DialSame(ctx, victim.RemoteAddr())
	return err
}

func sameServer(a, b *wire.Conn) bool {
	x, y := a.RemoteAddr(), b.RemoteAddr()
	return x != nil && y != nil && x.String() == y.String()
}

// rest closes a control connection that was not needed for so long.
func (k *killer) rest(idle time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.control != nil && time.Since(k.used) >= idle {
		k.dropLocked()
	}
}

func (k *killer) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dropLocked()
}

func (k *killer) dropLocked() {
	if k.control == nil {
		return
	}
	k.control.SetDeadline(time.Now().Add(farewell))
	_ = k.control.Quit()
	k.control = nil
}
