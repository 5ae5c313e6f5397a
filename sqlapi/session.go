package sqlapi

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"time"

	"zerohop/sqlapi/wire"
)

const (
	// maxPrepared is how many statements a connection keeps. The server has
	// room for 16,382 in all by default, for every connection of everyone.
	maxPrepared = 80

	// Any other mode could move the ends of literals under the scanner.
	sessionMode = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"

	errorUnknownVariable = 1193
)

// session is one connection of the pool, the statements prepared on it, and
// how it is to end.
type session struct {
	conn     *wire.Conn
	settings []string
	prepared map[*Endpoint]*prepared
	clock    uint64
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

// prepared is an endpoint's statement on one connection.
type prepared struct {
	*wire.Statement
	used uint64
	plan plan
}

// newSession makes a connection ready for its first statement.
func newSession(conn *wire.Conn, cfg *Config) (*session, error) {
	s := &session{conn: conn, settings: settings(conn.Server(), cfg), prepared: map[*Endpoint]*prepared{}, fresh: true, clean: true}
	s.configure()
	if err := conn.Flush(); err != nil {
		return nil, fmt.Errorf("set session: %w", err)
	}
	return s, s.configured()
}

// settings returns the statements that make a session ours. They are part of
// no statement of a route, so each is of constant text.
func settings(server wire.Server, cfg *Config) []string {
	list := []string{
		"SET NAMES utf8mb4",
		"SET SESSION sql_mode = '" + sessionMode + "'",
		"SET SESSION TRANSACTION READ ONLY",
	}
	// The server's own limit is for the case that a KILL does not get
	// through, so it comes a little later.
	limit := cfg.Timeout + max(cfg.Timeout/10, 100*time.Millisecond)
	switch {
	case cfg.Embedded():
	case server.MariaDB:
		list = append(list, "SET SESSION max_statement_time = "+strconv.FormatFloat(limit.Seconds(), 'f', 3, 64))
	default:
		list = append(list, "SET SESSION max_execution_time = "+strconv.FormatInt(int64(math.Ceil(limit.Seconds()*1000)), 10))
	}
	return list
}

// configure encodes the settings; configured reads the answers.
func (s *session) configure() {
	for _, sql := range s.settings {
		s.conn.Query(sql)
	}
}

func (s *session) configured() error {
	var failure error
	var r wire.Result
	for i, sql := range s.settings {
		err := s.conn.ReadResult(&r)
		if refused, ok := errors.AsType[*wire.ServerError](err); ok && i == len(s.settings)-1 && refused.Number == errorUnknownVariable {
			continue // a server without a limit of its own
		}
		if err != nil && failure == nil {
			failure = fmt.Errorf("%s: %w", sql, err)
		}
	}
	return failure
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

// statement returns the endpoint's statement, prepared if it is not yet.
func (s *session) statement(e *Endpoint) (*prepared, error) {
	s.clock++
	if p := s.prepared[e]; p != nil {
		p.used = s.clock
		return p, nil
	}
	if len(s.prepared) >= maxPrepared {
		s.forgetOldest()
	}
	statement, err := s.prepare(e.statement)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	p := &prepared{Statement: statement, used: s.clock}
	if got, want := statement.Parameters(), len(e.statement.Params); got != want {
		s.conn.CloseStatement(statement)
		return nil, fmt.Errorf("prepare: the server finds %d parameters where there are %d", got, want)
	}
	s.prepared[e] = p
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

// forget closes an endpoint's statement; the server reads that with the next command.
func (s *session) forget(e *Endpoint) {
	s.conn.CloseStatement(s.prepared[e].Statement)
	delete(s.prepared, e)
}

func (s *session) forgetOldest() {
	var oldest *Endpoint
	for e, p := range s.prepared {
		if oldest == nil || p.used < s.prepared[oldest].used {
			oldest = e
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
