package sqlapi

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/puddle/v2"
)

const (
	// sweeps is how often within the shorter of idle timeout and lifetime
	// connections are looked at.
	sweeps = 4
	// refillPeriod is how often, at least, it is made sure that the
	// connections that are always kept are there.
	refillPeriod = time.Second
	// jitter is which part of a lifetime differs between connections.
	jitter = 10
)

// maintain closes connections that have not been used for the idle timeout or
// have lived their time, and keeps the least number open.
func (db *Database) maintain(ctx context.Context) {
	period := min(db.cfg.IdleTimeout, db.cfg.Lifetime) / sweeps
	if db.cfg.Min > 0 {
		period = min(period, refillPeriod)
	}
	tick := time.NewTicker(max(period, time.Millisecond))
	defer tick.Stop()
	for {
		db.fill(ctx)
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			db.sweep(now)
			db.lanes.sweep(now)
			db.killer.rest(db.cfg.IdleTimeout)
		}
	}
}

// fill opens connections until there are as many as are always kept. It opens
// one at a time, and gives up until the next round when that fails.
func (db *Database) fill(ctx context.Context) {
	if db.cfg.Min == 0 {
		return
	}
	for n := db.open(); n < db.cfg.Min && db.available() == nil; n++ {
		if db.pool.CreateResource(ctx) != nil {
			return
		}
	}
}

// open returns how many connections there are, those included that are under
// way or about to end.
func (db *Database) open() int { return int(db.pool.Stat().TotalResources()) }

// sweep looks at every idle connection, the one that has not been used for
// longest first, which also puts them back in the order in which they were.
func (db *Database) sweep(now time.Time) {
	surplus := db.open() - db.cfg.Min
	for _, res := range slices.Backward(db.pool.AcquireAllIdle()) {
		s := res.Value()
		idle := surplus > 0 && res.IdleDuration() >= db.cfg.IdleTimeout
		dead := !s.conn.Alive()
		if !idle && !dead && !db.aged(res, now) || !db.gate.enter() {
			res.ReleaseUnused()
			continue
		}
		surplus--
		s.broken, s.slot = dead, true
		res.Destroy()
	}
}

// aged reports whether a connection has lived its time.
func (db *Database) aged(res *puddle.Resource[*session], now time.Time) bool {
	return now.Sub(res.CreationTime()) >= lifespan(db.cfg.Lifetime, res.Value().conn.Server().ThreadID)
}

// lifespan takes up to a tenth off a lifetime, by the connection's number, so
// that connections opened together do not all end together: steps of the
// golden section spread evenly, however many there are.
func lifespan(lifetime time.Duration, number uint32) time.Duration {
	const golden = 0x9e3779b9 // of 1 << 32
	share := time.Duration(number * golden >> 16)
	return lifetime - lifetime/jitter*share>>16
}
