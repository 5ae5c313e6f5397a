package sqlapi

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"zerohop/sqlapi/wire"
)

const (
	// Any other mode could move the ends of literals under the scanner.
	sessionMode = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
	// clearFoundRows has FOUND_ROWS() forget the result before.
	clearFoundRows = "DO (SELECT 1 FROM DUAL WHERE FALSE)"

	errorUnknownVariable = 1193
	errorUnknownFunction = 1305
)

// setting is a statement that makes a session ours.
type setting struct {
	sql string
	// optional: a server that does not know the variable is used all the same.
	optional bool
}

// newSession makes a connection ready for its first statement.
func newSession(conn *wire.Conn, cfg *Config) (*session, error) {
	s := &session{conn: conn, settings: settings(conn.Server(), cfg), prepared: map[*query]*prepared{}, fresh: true, clean: true}
	if !cfg.Embedded() {
		conn.Query("SELECT CURRENT_ROLE()")
	}
	s.configure()
	if err := conn.Flush(); err != nil {
		return nil, fmt.Errorf("set session: %w", err)
	}
	if cfg.Embedded() {
		return s, s.configured()
	}
	role, err := readRole(conn)
	if err != nil {
		return nil, fmt.Errorf("ask for role: %w", err)
	}
	if err := s.configured(); err != nil {
		return nil, err
	}
	if role != "" {
		s.settings = append([]setting{{sql: role}}, s.settings...)
	}
	return s, nil
}

// settings returns the statements that make a session ours. They are part of
// no statement of a route, so each is of constant text.
func settings(server wire.Server, cfg *Config) []setting {
	list := []setting{
		{sql: "SET NAMES utf8mb4"},
		{sql: "SET SESSION sql_mode = '" + sessionMode + "'"},
		{sql: "SET SESSION TRANSACTION READ ONLY"},
	}
	if zone, err := parseZone(cfg.TimeZone); err == nil {
		list = append(list, setting{sql: "SET SESSION time_zone = '" + zone.sql + "'"})
	}
	if cfg.Embedded() {
		return list
	}
	// These outlive a reset: the current database, the rows that were found,
	// and the statements that were profiled.
	if server.Database != "" {
		list = append(list, setting{sql: "USE " + quoteName(server.Database)})
	}
	// A lock that is awaited in vain is to be an answer of its own, before the
	// timeout; the server counts in whole seconds.
	if wait := int(cfg.Timeout / (2 * time.Second)); wait > 0 {
		list = append(list, setting{fmt.Sprintf("SET SESSION innodb_lock_wait_timeout = LEAST(@@GLOBAL.innodb_lock_wait_timeout, %d)", wait), true})
	}
	list = append(list, setting{sql: clearFoundRows}, setting{"SET SESSION profiling_history_size = 0", true})
	// The server's own limit is for the case that a KILL does not get
	// through, so it comes a little later.
	limit := cfg.Timeout + max(cfg.Timeout/10, 100*time.Millisecond)
	sql := "SET SESSION max_execution_time = " + strconv.FormatInt(int64(math.Ceil(limit.Seconds()*1000)), 10)
	if server.MariaDB {
		sql = "SET SESSION max_statement_time = " + strconv.FormatFloat(limit.Seconds(), 'f', 3, 64)
	}
	return append(list, setting{sql, true})
}

// readRole reads the answer to which role the connection was given, and returns
// the statement that takes it again: a role outlives a reset too. It is empty
// for a server without roles.
func readRole(conn *wire.Conn) (string, error) {
	var r wire.Result
	err := conn.ReadResult(&r)
	if refusal(err) == errorUnknownFunction {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	role := "NONE"
	for {
		row, err := conn.ReadRow()
		if err == io.EOF {
			return "SET ROLE " + role, nil
		}
		if err != nil {
			return "", err
		}
		value, err := row.Next(&r.Columns[0])
		if err != nil {
			return "", err
		}
		switch text, _ := value.Text(); {
		case value.Null():
		case conn.Server().MariaDB:
			role = quoteName(string(text))
		default: // a list, with its names quoted, or NONE
			role = string(text)
		}
	}
}

// quoteName returns a name as SQL writes any name.
func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// configure encodes the settings; configured reads the answers.
func (s *session) configure() {
	for _, set := range s.settings {
		s.conn.Query(set.sql)
	}
}

// configured returns the first failure.
func (s *session) configured() error {
	var failure error
	var r wire.Result
	for _, set := range s.settings {
		err := s.conn.ReadResult(&r)
		if set.optional && refusal(err) == errorUnknownVariable {
			continue
		}
		if err != nil && failure == nil {
			failure = fmt.Errorf("%s: %w", set.sql, err)
		}
	}
	return failure
}
