package sqlapi

import (
	"errors"
	"sync/atomic"
)

// Stats is a snapshot of a database's pool. Its values are read one after the
// other while the pool works, so they need not add up exactly.
type Stats struct {
	// Max is how many connections may be open.
	Max int
	// Busy is how many of the Max slots are taken: by requests, and by
	// connections that are being ended. Max says that the pool is full.
	Busy int
	// Idle is how many connections are open and unused, lanes included.
	Idle int
	// Waiting is how many requests wait for a slot.
	Waiting int
	// Down: the database cannot be reached, and requests are refused at once.
	Down bool

	// The rest counts since the start.

	// Statements is how many statements were given to a connection, those
	// that failed or were tried again included.
	Statements uint64
	// Timeouts is how many requests ended because the statement's deadline,
	// or their own, had passed, waiting included.
	Timeouts uint64
	// Rejected is how many requests were refused at once: the pool was full,
	// and so was its queue.
	Rejected uint64
	// WaitTimeouts is how many requests waited for a slot in vain.
	WaitTimeouts uint64
	// Retries is how many statements were tried once more on another
	// connection.
	Retries uint64
	// Kills is how many statements the server was told to end.
	Kills uint64
	// Connects is how many connections were opened for requests, and
	// ConnectFailures how many attempts at that failed.
	Connects, ConnectFailures uint64
	// Reconnects is how many connections were given up because the server
	// had closed them, or they broke.
	Reconnects uint64
	// Outages is how many times the database was found to be down.
	Outages uint64
	// Panics is how many times ending a connection panicked, or writing an
	// answer that nobody waited for any more: a bug, which cost no more than
	// the connection.
	Panics uint64
}

// counters are what Stats counts. Each is changed where it happens.
type counters struct {
	statements, timeouts, rejected, waitTimeouts, retries         atomic.Uint64
	kills, connects, connectFailures, reconnects, outages, panics atomic.Uint64
}

// note counts how a request failed, as far as its error tells.
func (n *counters) note(err error) {
	if errors.Is(err, ErrTimeout) {
		n.timeouts.Add(1)
	}
}

// Stats returns a snapshot. It looks at every connection under the pool's
// lock, so it is for whoever watches, and not for requests.
func (db *Database) Stats() Stats {
	pool, n := db.pool.Stat(), &db.count
	busy, waiting := db.gate.load()
	resting := db.lanes.resting()
	return Stats{
		Max:     db.cfg.Max,
		Busy:    max(busy-resting, 0),
		Idle:    int(pool.IdleResources()) + resting,
		Waiting: waiting,
		Down:    db.outage.Load() != nil,

		Statements:      n.statements.Load(),
		Timeouts:        n.timeouts.Load(),
		Rejected:        n.rejected.Load(),
		WaitTimeouts:    n.waitTimeouts.Load(),
		Retries:         n.retries.Load(),
		Kills:           n.kills.Load(),
		Connects:        n.connects.Load(),
		ConnectFailures: n.connectFailures.Load(),
		Reconnects:      n.reconnects.Load(),
		Outages:         n.outages.Load(),
		Panics:          n.panics.Load(),
	}
}
