package sqlapi

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"time"

	"zerohop/sqlapi/wire"
)

const (
	// maxPrepared is how many statements a connection keeps. The server has
	// room for 16,382 in all by default, for every connection of everyone.
	maxPrepared = 80

	// crowdedPause is how long a connection prepares nothing more after the
	// server had no room for another statement.
	crowdedPause = time.Second

	errorUnpreparable    = 1295
	errorTooManyPrepared = 1461
)

// session is one connection of the pool, the statements prepared on it, and
// how it is to end.
type session struct {
	conn     *wire.Conn
	settings []setting
	prepared map[*query]*prepared
	clock    uint64
	// crowded is until when statements that are not prepared go as text.
	crowded time.Time
	// fresh: no request has used the connection yet. clean: none has since it
	// was last reset.
	fresh, clean bool
	ending
}

// ending says how a connection ends when the pool destroys it.
type ending struct {
	// overdue: a statement may still run, and is to be killed.
	overdue bool
	// broken: nothing can be said to the server any more.
	broken bool
	// slot: a slot of the gate is given back when the connection is gone.
	slot bool
}

// prepared is a query on one connection.
type prepared struct {
	// Statement is nil where the server has none prepared: then it is sent as
	// text, and names are the columns' if they are known.
	*wire.Statement
	names   []string
	used    uint64
	query   *query
	layouts [formats + 1]layout
	pace    pace // in a lane
}

// reset encodes that the session begins anew; wasReset reads the answers.
func (s *session) reset() {
	s.conn.Reset()
	s.configure()
}

func (s *session) wasReset() error {
	err := s.conn.ReadResult(new(wire.Result))
	clear(s.prepared)
	s.clean = true
	return cmp.Or(err, s.configured())
}

// cleanse has a statement that reads the state of the session find none.
func (s *session) cleanse() error {
	if s.clean {
		return nil
	}
	s.reset()
	if err := s.conn.Flush(); err != nil {
		return fmt.Errorf("reset session: %w", err)
	}
	if err := s.wasReset(); err != nil {
		return fmt.Errorf("reset session: %w", err)
	}
	return nil
}

// statement returns the query, prepared if it is not yet and can be.
func (s *session) statement(q *query) (*prepared, error) {
	s.clock++
	if p := s.prepared[q]; p != nil {
		p.used = s.clock
		return p, nil
	}
	if q.unpreparable.Load() || time.Now().Before(s.crowded) {
		return q.asText(), nil
	}
	if len(s.prepared) >= maxPrepared {
		s.forgetOldest()
	}
	statement, err := s.prepare(q.Statement)
	switch refusal(err) {
	case errorUnpreparable:
		q.unpreparable.Store(true)
		return q.asText(), nil
	case errorTooManyPrepared:
		s.crowded = time.Now().Add(crowdedPause)
		return q.asText(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	if got, want := statement.Parameters(), len(q.Params); got != want {
		s.conn.CloseStatement(statement)
		return nil, fmt.Errorf("%w: prepare: the server finds %d parameters where there are %d", ErrStatement, got, want)
	}
	p := &prepared{Statement: statement, used: s.clock, query: q}
	s.prepared[q] = p
	q.learn(statement.Columns())
	return p, nil
}

// prepare has the server prepare a statement. In a session that is read only
// it refuses even to prepare one that writes.
func (s *session) prepare(statement *Statement) (*wire.Statement, error) {
	if !statement.Reads {
		s.conn.Query(beginWrite)
	}
	s.conn.Prepare(statement.Text)
	if !statement.Reads {
		s.conn.Query(endWrite)
	}
	if err := s.conn.Flush(); err != nil {
		return nil, err
	}
	var began, ended error
	var r wire.Result
	if !statement.Reads {
		began = s.conn.ReadResult(&r)
	}
	p, err := s.conn.ReadPrepared()
	if !statement.Reads {
		ended = s.conn.ReadResult(&r)
	}
	return p, cmp.Or(began, err, ended)
}

// forget closes a query's statement, if it is still there; the server reads
// that with the next command.
func (s *session) forget(q *query) {
	if p := s.prepared[q]; p != nil {
		s.conn.CloseStatement(p.Statement)
		delete(s.prepared, q)
	}
}

func (s *session) forgetOldest() {
	var oldest *query
	for q, p := range s.prepared {
		if oldest == nil || p.used < s.prepared[oldest].used {
			oldest = q
		}
	}
	s.forget(oldest)
}

// judge decides, after a statement, whether the next request may use the
// connection, and how it ends otherwise.
func (s *session) judge(err error) (usable bool) {
	s.fresh = false
	switch {
	case s.conn.Failed():
		s.overdue = errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, wire.ErrTooLarge) || errors.Is(err, wire.ErrProtocol)
		s.broken = !s.overdue
	case endsConnection(err):
		s.broken = true
	case !s.conn.Idle() || s.conn.InTransaction():
		s.overdue = true
	}
	return !s.overdue && !s.broken
}
