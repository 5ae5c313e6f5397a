package sqlapi

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxStatementBytes is how long a route's SQL may be. It also keeps the number
// of parameters well below the 65,535 that the protocol can count.
const maxStatementBytes = 64 << 10

// SyntaxError is a fault in a route's SQL that can be told without a server.
type SyntaxError struct {
	// Offset is the byte of the SQL, as written, at which the fault begins.
	Offset int
	// Problem says what is wrong, Hint what to do; Hint may be empty.
	Problem, Hint string
}

func (e *SyntaxError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("byte %d: %s", e.Offset, e.Problem)
	}
	return fmt.Sprintf("byte %d: %s (%s)", e.Offset, e.Problem, e.Hint)
}

// Statement is a route's SQL, taken apart once when the route is built. It is
// never changed afterwards, so that any number of requests may share it.
type Statement struct {
	// Text is the SQL with a ? for every parameter, without the white space
	// around it and without a semicolon at its end.
	Text string
	// Params are the parameters, in the order of their ?.
	Params []Param
	// Reads: it only reads, so that it may be run again when a connection
	// broke, and may answer GET. See effects for what counts.
	Reads bool
	// Calls: it is a CALL, whose procedure is many statements.
	Calls bool
	// Stateful: it may change the session for whoever uses the connection
	// next, or read what an earlier user left there. See effects for what counts.
	Stateful bool
	// Plain: it is a SELECT that neither waits, nor locks, nor has to do with
	// the session, so that it may be short.
	Plain bool
	// Commits: the server ends a transaction before it runs it, so that it
	// cannot be part of one. See effects for what counts.
	Commits bool
	// Yields: it may return rows. Acts: it may end without any, and say how
	// many rows it has changed; a CALL does both.
	Yields, Acts bool
	// Ordered: it has an ORDER BY somewhere.
	Ordered bool
}

// Param is one parameter of a Statement. A name that stands in the SQL twice
// makes two.
type Param struct {
	// Source is where the value comes from, Name its name there: unquoted,
	// and for a header with - where _ stood for it.
	Source Source
	Name   string
	// Offset is the byte of the parameter's colon in the SQL as written.
	Offset int
	// Mark is the byte of its ? in Statement.Text.
	Mark int

	// written is the parameter as it stands in the SQL, without the colon.
	written string
	// segments are the parts of its name.
	segments []string
	// counts: it stands where the grammar wants a number of rows, in LIMIT.
	counts bool
	// alone: it is all that stands between the parentheses of an IN.
	alone bool
}

// ParseStatement takes sql apart. An error is a *SyntaxError, the first of all
// that are wrong.
func ParseStatement(sql string) (*Statement, error) {
	s, faults := parseStatement(sql)
	if len(faults) > 0 {
		return nil, faults[0]
	}
	return s, nil
}

// parseStatement is ParseStatement with every fault, in the order of the text.
// The statement is there, as far as it was understood, unless nothing of the
// text can be read.
func parseStatement(sql string) (*Statement, []*SyntaxError) {
	if fault := unreadable(sql); fault != nil {
		return nil, []*SyntaxError{fault}
	}
	statement, scan, seen := &Statement{}, scanner{sql: sql}, effects{}
	var text strings.Builder
	var limit limitClause
	var place listPlace
	copied := len(sql) - len(strings.TrimLeftFunc(sql, isSpaceRune))
	end := -1
	for t := scan.next(); t.kind != tokenEnd; t = scan.next() {
		if end >= 0 {
			scan.abandon(t.start, "there is more than one statement", "a route runs one: leave out what follows the semicolon")
			break
		}
		switch t.kind {
		case tokenParameter:
			text.WriteString(sql[copied:t.start])
			copied = t.end
			t.param.Mark, t.param.counts = text.Len(), limit.wanted
			text.WriteByte('?')
			statement.Params = append(statement.Params, t.param)
		case tokenSemicolon:
			if scan.around.open {
				scan.fault(t.start, "a semicolon inside an executable comment", "close the comment first")
			}
			end = t.start
		}
		seen.note(t.kind, sql[t.start:t.end])
		limit.note(t.kind, sql[t.start:t.end])
		place.note(t.kind, sql[t.start:t.end], statement.Params)
		if seen.verb == "DELIMITER" {
			scan.abandon(t.start, "DELIMITER is a command of the mysql client, not SQL", "leave it out: a route has one statement")
		}
	}
	if seen.tokens == 0 && len(scan.faults) == 0 {
		scan.fault(0, "there is no statement", "write one, such as select 1")
	}
	if end < 0 {
		end = len(sql)
	}
	if copied < end { // not so when nothing but blanks and a semicolon is there
		text.WriteString(sql[copied:end])
	}
	statement.Text = strings.TrimRightFunc(text.String(), isSpaceRune)
	statement.Reads, statement.Stateful = seen.reads(), seen.stateful
	statement.Calls, statement.Plain = seen.verb == "CALL", seen.plain()
	statement.Commits, statement.Ordered = seen.commits, seen.ordered
	statement.Yields = seen.yields()
	statement.Acts = statement.Calls || !statement.Yields
	return statement, scan.faults
}

// unreadable returns the fault of a text that is not to be scanned at all.
func unreadable(sql string) *SyntaxError {
	if len(sql) > maxStatementBytes {
		return &SyntaxError{maxStatementBytes, fmt.Sprintf("the statement has %d bytes, more than %d", len(sql), maxStatementBytes), "move long texts into a table"}
	}
	for i, r := range sql {
		if r == 0 {
			return &SyntaxError{i, "a NUL byte in the statement", "write char(0) for one"}
		}
		if r == utf8.RuneError && !utf8.ValidString(sql[i:i+min(3, len(sql)-i)]) {
			return &SyntaxError{i, "the statement is not valid UTF-8 here", "write other bytes as x'…'"}
		}
	}
	return nil
}

func isSpaceRune(r rune) bool { return r < 0x80 && isSpace(byte(r)) }
