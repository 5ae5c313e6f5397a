package sqlapi

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/puddle/v2"

	"zerohop/sqlapi/wire"
)

// farewell bounds how long the end of a connection may take: telling the
// server, and waiting until it has let go.
const farewell = 2 * time.Second

// errPanic: connecting panicked, which says nothing about the server.
var errPanic = errors.New("panic")

// Database is the pool of connections to one server. It may be used by any
// number of goroutines at once.
type Database struct {
	cfg    Config
	dialer *wire.Dialer
	trial  *trial // behind the DSN "embedded", else nil
	gate   gate
	pool   *puddle.Pool[*session]
	lanes  *lanes
	killer *killer
	outage atomic.Pointer[outage] // nil while all is well
	count  counters

	background *background
	upkeep     sync.Once
	closing    sync.Once
	closed     chan struct{}
}

// New returns the pool for a configuration that Validate finds no fault with.
// It connects to nothing: Open and the first requests do.
func New(cfg Config) (*Database, error) {
	if err := errors.Join(cfg.Validate()...); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	db := &Database{cfg: cfg, background: newBackground(), closed: make(chan struct{})}
	dsn, dial := cfg.DSN, wire.DialFunc(nil)
	if cfg.Embedded() {
		db.trial = &trial{seed: cfg.Seed}
		dsn, dial = trialDSN, db.trial.dial
	}
	var err error
	if db.dialer, err = wire.NewDialer(wire.DialerConfig{DSN: dsn, MaxBytes: cfg.MaxBytes, TLS: cfg.TLS, Dial: dial}); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	db.gate.max = cfg.Max
	if cfg.Queues() {
		db.gate.queue = cfg.Queue
	}
	db.lanes = newLanes(db)
	db.killer = newKiller(db.dialer, &db.count.panics)
	db.pool, err = puddle.NewPool(&puddle.Config[*session]{
		Constructor: db.connect,
		Destructor:  db.disconnect,
		MaxSize:     int32(cfg.Max),
	})
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	return db, nil
}

// Open starts what has to run before the first request can be answered: the
// embedded engine. A server on the network need not be there; the connections
// that are always kept are opened behind it.
func (db *Database) Open() error {
	if db.trial != nil {
		if _, err := db.trial.open(); err != nil {
			return err
		}
	}
	if db.cfg.Min > 0 {
		db.keepUp()
	}
	return nil
}

// keepUp starts the goroutine that looks after idle connections, once.
func (db *Database) keepUp() {
	db.upkeep.Do(func() { db.background.start(db.maintain) })
}

// connect is the pool's constructor.
func (db *Database) connect(ctx context.Context) (*session, error) {
	db.keepUp()
	s, err := db.dial(ctx)
	if err != nil {
		db.count.connectFailures.Add(1)
		if unreachable(err) {
			db.suspend(err)
		}
		return nil, err
	}
	db.count.connects.Add(1)
	return s, nil
}

// dial opens a connection and makes it ready. The dialer's own deadline bounds
// the first part and farewell the second; both end early with ctx. It runs in
// goroutines of the pool's, which a panic must not leave.
func (db *Database) dial(ctx context.Context) (s *session, err error) {
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, fmt.Errorf("connect: %w: %v\n%s", errPanic, p, debug.Stack())
		}
	}()
	conn, err := db.dialer.Dial(ctx)
	if err != nil {
		return nil, err
	}
	ready := false
	defer func() {
		if !ready {
			conn.Close()
		}
	}()
	conn.SetDeadline(time.Now().Add(farewell))
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	s, err = newSession(conn, &db.cfg)
	ready = err == nil
	return s, err
}

// disconnect is the pool's destructor. The pool keeps the connection's place
// until it returns, and the gate its slot, so that the server never sees one
// connection more than there may be. It runs in goroutines of the pool's, which
// a panic must not leave; every way to end a connection closes it all the same.
func (db *Database) disconnect(s *session) {
	defer func() {
		if recover() != nil {
			db.count.panics.Add(1)
		}
		if s.slot {
			db.gate.leave()
		}
	}()
	switch {
	case s.broken:
		db.count.reconnects.Add(1)
		s.conn.Close()
	case s.overdue:
		db.kill(s.conn)
	default:
		s.conn.SetDeadline(time.Now().Add(farewell))
		_ = s.conn.Quit()
	}
}

// kill ends a connection on which a statement may run, and waits until the
// server has let go of it, or farewell has passed.
func (db *Database) kill(conn *wire.Conn) {
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	deadline, _ := ctx.Deadline()
	conn.SetDeadline(deadline)
	ordered := false
	// A server that is silent would not hear the order.
	if db.available() == nil {
		switch err := db.killer.kill(ctx, conn); {
		case err == nil:
			ordered = true
			db.count.kills.Add(1)
		case errors.Is(err, errSilent):
			db.suspend(err)
		}
	}
	if conn.AwaitClose() == nil && ordered && db.trial == nil {
		_ = db.killer.awaitEnd(ctx, conn) // after which farewell is over in any case
	}
}

// acquire checks a connection out. The caller holds a slot of the gate.
func (db *Database) acquire(c *call) (*puddle.Resource[*session], error) {
	for {
		if err := c.over("waiting for a connection"); err != nil {
			return nil, err
		}
		if err := db.available(); err != nil {
			return nil, err
		}
		res, err := db.pool.Acquire(c.patience())
		c.rested()
		if err != nil {
			if late := c.over("connecting"); late != nil {
				return nil, fmt.Errorf("%w: %w", late, err)
			}
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		s := res.Value()
		if !c.careful || s.fresh || s.conn.Alive() {
			return res, nil
		}
		s.broken = true
		res.Destroy()
	}
}

// release gives a connection and its slot of the gate back; one that has lived
// its time ends first.
func (db *Database) release(res *puddle.Resource[*session], now time.Time) {
	if db.aged(res, now) {
		res.Value().slot = true
		res.Destroy()
		return
	}
	res.Release()
	db.gate.leave()
}

// discard has a connection that may still be busy killed; its slot of the gate
// comes back when the server has let go of it.
func (db *Database) discard(res *puddle.Resource[*session]) {
	s := res.Value()
	s.overdue, s.slot = true, true
	res.Destroy()
}

// Close closes every connection, those in use when their statements end, which
// their deadlines bound. When ctx ends first its error is returned, and the
// rest goes on behind it. It may be called more than once.
func (db *Database) Close(ctx context.Context) error {
	db.closing.Do(func() { go db.shut() })
	select {
	case <-db.closed:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close database: %w", ctx.Err())
	}
}

// shut closes everything, in the order in which one thing needs another.
func (db *Database) shut() {
	defer close(db.closed)
	db.background.stop()
	db.lanes.close()
	db.pool.Close()
	db.killer.close()
	if db.trial != nil {
		_ = db.trial.close()
	}
}
