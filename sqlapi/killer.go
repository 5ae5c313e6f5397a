package sqlapi

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"zerohop/sqlapi/wire"
)

// errorUnknownThread is the server's answer to a KILL of a connection that it
// does not have.
const errorUnknownThread = 1094

// errSilent: the server did not answer the control connection in time, or
// could not be reached for one.
var errSilent = errors.New("the database does not answer")

// silence is how long a server may take to answer a ping, or to accept the
// control connection, before it counts as silent.
const silence = 500 * time.Millisecond

// maxPause is how long awaitEnd pauses at most before it looks again.
const maxPause = 50 * time.Millisecond

// killer ends overdue statements through a control connection of its own, so
// that it never waits for the pool whose connections are all busy. It may be
// used by several goroutines at once; they take turns.
type killer struct {
	dialer *wire.Dialer
	panics *atomic.Uint64 // counts ends of connections that panicked

	// turn holds a value while somebody uses what is below. It is a channel,
	// as who waits for it has a deadline.
	turn    chan struct{}
	control *wire.Conn
	used    time.Time
}

func newKiller(dialer *wire.Dialer, panics *atomic.Uint64) *killer {
	return &killer{dialer: dialer, panics: panics, turn: make(chan struct{}, 1)}
}

// kill has the server end another of its connections, and the statement that
// runs there. It takes no longer than ctx, whose deadline must be set. It asks
// for a sign of life first: the error is errSilent when there is none.
func (k *killer) kill(ctx context.Context, victim *wire.Conn) error {
	select {
	case k.turn <- struct{}{}:
		defer k.pass()
	case <-ctx.Done():
		return fmt.Errorf("kill statement: %w", ctx.Err())
	}
	err := k.reach(ctx, victim)
	if err == nil {
		err = k.order(ctx, victim.Server().ThreadID)
	}
	if err != nil {
		return fmt.Errorf("kill statement: %w", err)
	}
	return nil
}

// awaitEnd waits until the server has forgotten a connection that was killed.
// It shuts the socket first, and then undoes what the statement has done.
func (k *killer) awaitEnd(ctx context.Context, victim *wire.Conn) error {
	for pause := time.Millisecond; ; pause = min(2*pause, maxPause) {
		err := k.kill(ctx, victim)
		if refused, ok := errors.AsType[*wire.ServerError](err); ok && refused.Number == errorUnknownThread {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("await end of connection: %w", ctx.Err())
		case <-time.After(pause):
		}
	}
}

// pass ends the caller's turn.
func (k *killer) pass() { <-k.turn }

// reach makes sure that the control connection is to the victim's server.
func (k *killer) reach(ctx context.Context, victim *wire.Conn) error {
	if k.control != nil && k.control.Alive() && sameServer(k.control, victim) {
		return nil
	}
	k.drop()
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	control, err := k.dialer.DialSame(ctx, victim.RemoteAddr())
	if err != nil {
		return silent(err)
	}
	k.control = control
	return nil
}

func sameServer(a, b *wire.Conn) bool {
	x, y := a.RemoteAddr(), b.RemoteAddr()
	return x != nil && y != nil && x.String() == y.String()
}

// order sends a ping and the order to kill in one write. Only the ping has to
// be answered at once.
func (k *killer) order(ctx context.Context, thread uint32) error {
	sound := false
	defer func() {
		if !sound { // which a panic also leaves it
			k.drop()
		}
	}()
	k.used = time.Now()
	k.control.SetDeadline(k.used.Add(silence))
	k.control.Ping()
	k.control.Kill(thread)
	err := k.control.Flush()
	if err == nil {
		err = k.control.ReadResult(new(wire.Result))
	}
	if err != nil {
		return silent(err)
	}
	deadline, _ := ctx.Deadline()
	k.control.SetDeadline(deadline)
	err = k.control.ReadResult(new(wire.Result))
	sound = !k.control.Failed()
	return err
}

// silent makes a failure an errSilent, if it is one.
func silent(err error) error {
	if unreachable(err) {
		return fmt.Errorf("%w: %w", errSilent, err)
	}
	return err
}

// adopt takes a connection that somebody has no more use for as the control
// connection; one that is not needed is closed.
func (k *killer) adopt(conn *wire.Conn) {
	select {
	case k.turn <- struct{}{}:
		defer k.pass()
	default: // somebody is about to have one
		k.quit(conn)
		return
	}
	k.drop()
	k.control, k.used = conn, time.Now()
}

// rest closes a control connection that was not needed for so long.
func (k *killer) rest(idle time.Duration) {
	select {
	case k.turn <- struct{}{}:
		defer k.pass()
	default: // it is needed
		return
	}
	if k.control != nil && time.Since(k.used) >= idle {
		k.drop()
	}
}

func (k *killer) close() {
	k.turn <- struct{}{}
	defer k.pass()
	k.drop()
}

// drop gives the control connection up. The caller has the turn.
func (k *killer) drop() {
	if k.control != nil {
		k.quit(k.control)
		k.control = nil
	}
}

// quit ends a control connection in good order, if the server cares to. It
// runs in goroutines that a panic must not leave.
func (k *killer) quit(conn *wire.Conn) {
	defer func() {
		if recover() != nil {
			k.panics.Add(1)
		}
	}()
	conn.SetDeadline(time.Now().Add(silence))
	_ = conn.Quit()
}
