package sqlapi

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/jackc/puddle/v2"

	"zerohop/sqlapi/wire"
)

const (
	// farewell bounds how long the end of a connection may take: telling the
	// server, and waiting until it has let go.
	farewell = 2 * time.Second
	// idleSweeps is how often within the idle timeout connections are looked at.
	idleSweeps = 4
)

// Database is the pool of connections to one server. It may be used by any
// number of goroutines at once.
type Database struct {
	cfg    Config
	dialer *wire.Dialer
	trial  *trial // behind the DSN "embedded", else nil
	gate   gate
	pool   *puddle.Pool[*session]
	killer killer

	sweep      sync.Once
	stop       chan struct{}
	background sync.WaitGroup
}

// New returns the pool for a configuration that Validate finds no fault with.
// It connects to nothing: the first requests do.
func New(cfg Config) (*Database, error) {
	if err := errors.Join(cfg.Validate()...); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	db := &Database{cfg: cfg, stop: make(chan struct{})}
	dsn, dial := cfg.DSN, wire.DialFunc(nil)
	if cfg.Embedded() {
		db.trial = &trial{seed: cfg.Seed}
		dsn, dial = trialDSN, db.trial.dial
	}
	var err error
	if db.dialer, err = wire.NewDialer(dsn, cfg.MaxBytes, dial); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	db.gate.max = int64(cfg.Max)
	db.killer.dialer = db.dialer
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
// embedded engine. A server on the network need not be there.
func (db *Database) Open() error {
	if db.trial == nil {
		return nil
	}
	_, err := db.trial.open()
	return err
}

// connect is the pool's constructor. It runs in a goroutine of the pool's, so
// a panic must not leave it, and under the dialer's own deadline.
func (db *Database) connect(ctx context.Context) (s *session, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("connect: panic: %v\n%s", p, debug.Stack())
		}
	}()
	db.sweep.Do(func() { db.background.Go(db.sweepIdle) })
	conn, err := db.dialer.Dial(ctx)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(farewell))
	s, err = newSession(conn, &db.cfg)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

// disconnect is the pool's destructor. The pool keeps the connection's place
// until it returns, and the gate its slot, so that the server never sees one
// connection more than there may be.
func (db *Database) disconnect(s *session) {
	defer func() {
		if s.slot {
			db.gate.leave()
		}
	}()
	if s.broken {
		s.conn.Close()
		return
	}
	s.conn.SetDeadline(time.Now().Add(farewell))
	if s.overdue {
		// Whether the order got through shows in the connection's end.
		_ = db.killer.kill(s.conn)
		_ = s.conn.AwaitClose()
		s.conn.Close()
		return
	}
	_ = s.conn.Quit()
}

// acquire checks a connection out. The caller holds a slot of the gate.
func (db *Database) acquire(c *call) (*puddle.Resource[*session], error) {
	for {
		if err := c.ctx.Err(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTimeout, err)
		}
		if !time.Now().Before(c.deadline) {
			return nil, fmt.Errorf("%w: waiting for a connection", ErrTimeout)
		}
		res, err := db.pool.Acquire(c.patience())
		c.rested()
		if err != nil {
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

// sweepIdle closes connections that nobody has used for the idle timeout.
func (db *Database) sweepIdle() {
	tick := time.NewTicker(max(db.cfg.IdleTimeout/idleSweeps, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-db.stop:
			return
		case <-tick.C:
		}
		for _, res := range db.pool.AcquireAllIdle() {
			if res.IdleDuration() < db.cfg.IdleTimeout || !db.gate.enter() {
				res.ReleaseUnused()
				continue
			}
			res.Value().slot = true
			res.Destroy()
		}
		db.killer.rest(db.cfg.IdleTimeout)
	}
}

// Close closes every connection, those in use when their statements end, which
// their deadlines bound. When ctx ends first its error is returned, and the
// rest goes on behind it.
func (db *Database) Close(ctx context.Context) error {
	close(db.stop)
	done := make(chan struct{})
	go func() {
		defer close(done)
		db.background.Wait()
		db.pool.Close()
		db.killer.close()
		if db.trial != nil {
			_ = db.trial.close()
		}
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close database: %w", ctx.Err())
	}
}
