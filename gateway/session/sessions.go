package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"zerohop/gateway/memcached"
	"zerohop/gateway/tornado"
)

var (
	// ErrNone: the request has no session, or one that is over, or never was.
	ErrNone = errors.New("no session")
	// ErrUnavailable: the store did not answer, so that nobody knows.
	ErrUnavailable = errors.New("session store unavailable")
	// ErrKey comes with ErrUnavailable: the session's value is sealed with a
	// key that is not among Config.Keys, and may be among another process's.
	ErrKey = errors.New("the session's key is unknown")
	// ErrOld comes with ErrNone: the old stack's session is there, and cannot
	// be read.
	ErrOld = errors.New("the old session cannot be read")
	// ErrContended: others changed the session again and again in the
	// meantime. Nothing was changed.
	ErrContended = errors.New("session changed by too many at once")
)

// Sessions are the sessions of one configuration. It may be used by several
// goroutines at once, and several processes may have the same sessions.
type Sessions struct {
	config Config
	store  store
	sealer *sealer
	now    func() time.Time
	// old reads the cookies of the old stack, and servers has its values;
	// nil without Compat.
	old     *tornado.Reader
	servers *memcached.Client
	memory  *memory // nil with another store
}

// New makes the sessions of a configuration, without asking a server. It
// fails where Validate finds a fault.
func New(c Config) (*Sessions, error) { return newSessions(c, time.Now) }

func newSessions(c Config, now func() time.Time) (*Sessions, error) {
	if faults := c.Validate(); len(faults) > 0 {
		return nil, fmt.Errorf("set sessions up: %w", faults[0])
	}
	s := &Sessions{config: c, now: now}
	var secrets [][]byte
	for _, key := range c.Keys {
		secrets = append(secrets, []byte(key))
	}
	if len(secrets) == 0 {
		own := newID() // the values do not outlive it
		secrets = [][]byte{own[:]}
	}
	var err error
	if s.sealer, err = newSealer(secrets); err != nil {
		return nil, fmt.Errorf("set sessions up: %w", err)
	}
	if c.Store == StoreMemory {
		s.memory = newMemory(c.Max, c.MaxBytes, now)
		s.store = s.memory
		return s, nil
	}
	if s.servers, err = memcached.New(c.Config); err != nil {
		return nil, fmt.Errorf("set sessions up: %w", err)
	}
	s.store = s.servers
	if c.Compat == CompatTornado {
		s.old = tornado.New(c.Tornado)
	}
	return s, nil
}

// Close closes the connections to the store, and waits for what is under way:
// Config.Timeout at most. The sessions of memory are gone with it.
func (s *Sessions) Close() { s.store.Close() }

// Start begins a session with a new id. Instead of is the one that the request
// came with, or nil: it is ended, so that what was known of it is of no use.
//
// A new id may be any, so while a server is down it is one of another server's.
//
// It fails with ErrTooLarge, ErrNotObject or ErrUnavailable; then instead of
// goes on.
func (s *Sessions) Start(ctx context.Context, c Content, insteadOf *Session) (*Session, error) {
	started, err := s.beginAnywhere(ctx, c)
	if err != nil || insteadOf == nil {
		return started, err
	}
	if err := s.End(ctx, insteadOf); err != nil {
		_ = s.End(ctx, started) // nobody knows its id
		return nil, err
	}
	return started, nil
}

// idAttempts is how many ids are tried: with one of two servers down, one login
// in 65,536 finds no other.
const idAttempts = 16

// beginAnywhere begins a session with the first id whose server answers. It
// goes on for no longer than one call may take: what hangs has its time once.
// An id that was tried may be in the store; nobody has it.
func (s *Sessions) beginAnywhere(ctx context.Context, c Content) (started *Session, err error) {
	until := time.Now().Add(s.config.Timeout)
	for range idAttempts {
		started, err = s.begin(ctx, newID(), c)
		if !errors.Is(err, ErrUnavailable) || !time.Now().Before(until) {
			break
		}
	}
	return started, err
}

// begin adds a session to the store. It fails as Start does, or with
// memcached.ErrExists.
func (s *Sessions) begin(ctx context.Context, as id, c Content) (*Session, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("start session: %w", err)
	}
	started := &Session{Content: c, Created: s.now().Truncate(time.Second), id: as}
	started.End = started.Created.Add(s.config.Absolute)
	_, _ = rand.Read(started.seed[:]) // it never fails
	add := s.store.Add
	if s.memory != nil && c.User == "" {
		add = s.memory.AddNobodys
	}
	err := add(ctx, as.storeKey(), s.sealer.seal(as, started.appendRecord(nil)), s.config.Idle)
	switch {
	case err == nil:
		return started, nil
	case errors.Is(err, memcached.ErrExists):
		return nil, err
	}
	return nil, storeFailure("start", err)
}

// read returns the session with an id, which lasts for the idle time from now
// on. It fails with ErrNone or ErrUnavailable.
func (s *Sessions) read(ctx context.Context, as id) (*Session, error) {
	value, err := s.store.GetAndTouch(ctx, as.storeKey(), s.config.Idle)
	if err != nil {
		return nil, storeFailure("read", err)
	}
	return s.open(as, value)
}

// open returns the session in a value. One that does not open is no session, as
// somebody else wrote it. Of one with an unknown key nobody can say that: while
// a new key is being introduced another process may have sealed it.
func (s *Sessions) open(as id, value []byte) (*Session, error) {
	content, err := s.sealer.open(as, value)
	switch {
	case errors.Is(err, ErrKey):
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	r, err := parseRecord(content)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	r.id = as
	// An absolute time that has been shortened is meant for old sessions too.
	if sooner := r.Created.Add(s.config.Absolute); sooner.Before(r.End) {
		r.End = sooner
	}
	if !s.now().Before(r.End) {
		return nil, fmt.Errorf("%w: its time was up", ErrNone)
	}
	return r, nil
}

// attempts is how often Update tries, and stagger how long it waits in between
// at most, at the first.
const (
	attempts = 40
	stagger  = 100 * time.Microsecond
)

// Update changes what is kept of a session: change is given what there is now,
// and called again when somebody else was faster. On success the Session is as
// it was stored.
//
// It fails with the error of change, with ErrNone when the session has ended
// in the meantime, ErrTooLarge, ErrNotObject, ErrContended or ErrUnavailable.
// With the last it may have been changed or not.
func (s *Sessions) Update(ctx context.Context, of *Session, change func(*Content) error) error {
	key := of.id.storeKey()
	for attempt := range attempts {
		item, err := s.store.Get(ctx, key)
		if err != nil {
			return storeFailure("update", err)
		}
		r, err := s.open(of.id, item.Value)
		if err != nil {
			return err
		}
		if err := change(&r.Content); err != nil {
			return err
		}
		if err := r.check(); err != nil {
			return fmt.Errorf("update session: %w", err)
		}
		err = s.store.CompareAndSwap(ctx, key, s.sealer.seal(of.id, r.appendRecord(nil)), s.config.Idle, item.CAS)
		switch {
		case err == nil:
			*of = *r
			return nil
		case !errors.Is(err, memcached.ErrConflict):
			return storeFailure("update", err)
		}
		pause(attempt)
	}
	return ErrContended
}

// pause lets others finish, for a time that no two choose alike.
func pause(attempt int) {
	time.Sleep(mathrand.N(stagger * time.Duration(min(attempt, 20)+1)))
}

// End removes a session. It fails with ErrUnavailable: then it may go on.
func (s *Sessions) End(ctx context.Context, of *Session) error {
	err := s.store.Delete(ctx, of.id.storeKey())
	if err != nil && !errors.Is(err, memcached.ErrMiss) {
		return storeFailure("end", err)
	}
	return nil
}

// Stats is how the store is.
type Stats struct {
	// Servers are memcached's; nil with the store memory.
	Servers []memcached.Stats
	// Entries and Bytes are memory's, and Evicted counts the sessions that
	// had to make room before their time.
	Entries int
	Bytes   int64
	Evicted uint64
}

// Stats returns how the store is.
func (s *Sessions) Stats() Stats {
	if s.memory == nil {
		return Stats{Servers: s.servers.Stats()}
	}
	var stats Stats
	stats.Entries, stats.Bytes, stats.Evicted = s.memory.stats()
	return stats
}
