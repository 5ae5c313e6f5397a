package sqlapi

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"zerohop/sqlapi/wire"
)

// probePeriod is how often a database that is down is asked again.
const probePeriod = 250 * time.Millisecond

// outage is a time in which the database cannot be reached. Requests that come
// meanwhile are refused without a look at the network.
//
// It begins when connecting fails, or when a statement is overdue and the
// server does not even answer a ping on the control connection; so a route
// that is slow never closes a database. It ends when the server accepts a
// connection again, for which one goroutine asks at once and then every
// probePeriod: a false alarm lasts milliseconds.
type outage struct {
	err error // what requests are told, an ErrUnavailable
}

// available returns nil, or the error of the outage.
func (db *Database) available() error {
	if o := db.outage.Load(); o != nil {
		return o.err
	}
	return nil
}

// suspend begins an outage, unless there is one.
func (db *Database) suspend(cause error) {
	o := &outage{err: fmt.Errorf("%w: %w", ErrUnavailable, cause)}
	if !db.outage.CompareAndSwap(nil, o) {
		return
	}
	db.count.outages.Add(1)
	db.gate.dismiss(o.err)
	db.lanes.dismiss(o.err)
	db.background.start(db.probe)
}

// probe asks until the server answers, and ends the outage.
func (db *Database) probe(ctx context.Context) {
	tick := time.NewTicker(probePeriod)
	defer tick.Stop()
	for !db.reachable(ctx) {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
	db.outage.Store(nil)
}

// reachable tries to connect, for no longer than farewell. A try that the server
// sleeps over is answered when it wakes up, so there is no need for more.
func (db *Database) reachable(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	s, err := db.dial(ctx)
	if err != nil {
		return !unreachable(err)
	}
	// The next overdue statement needs one.
	db.killer.adopt(s.conn)
	return true
}

// localFaults are the reasons why this machine cannot connect to anything:
// they say nothing about the server, to which there may be connections.
var localFaults = []error{
	syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS, syscall.EADDRNOTAVAIL, context.Canceled, errPanic,
}

// unreachable reports whether a failure to connect means that no server is
// there. One that refuses us in its own words is there.
func unreachable(err error) bool {
	for _, fault := range localFaults {
		if errors.Is(err, fault) {
			return false
		}
	}
	_, refused := errors.AsType[*wire.ServerError](err)
	return !refused
}
