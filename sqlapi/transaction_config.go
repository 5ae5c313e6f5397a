package sqlapi

import (
	"fmt"
	"slices"
)

// maxStatements is how many statements a transaction may have. It stays below
// maxPrepared, so that a connection can keep all of them.
const maxStatements = 32

// retryDeadlock is the one reason for which a route may be run again.
const retryDeadlock = "deadlock"

// TransactionConfig says which statements answer, and how they run together.
type TransactionConfig struct {
	// Statements run one after the other in one transaction, in place of the
	// one of sql: all of them take effect, or none.
	Statements []StatementConfig `toml:"statements"`
	// Retry says after which failures all of it may be run again from its
	// beginning: "deadlock", which stands for lock timeouts, too.
	Retry []string `toml:"retry,orlist"`
	// Results names the results of a statement that has several, as a
	// procedure may: they are the members of one object then.
	Results []string `toml:"results"`
}

// StatementConfig is one statement of a transaction.
type StatementConfig struct {
	// SQL is the statement, with a :source.name for every parameter. Beside
	// those of the request there are :last.insert_id and :last.affected, of the
	// last statement before it that had no rows, and :row.name, a column of
	// the last row of the last one that had some.
	SQL string `toml:"sql,orfile"`
	// Expect is what has to come of it, or everything is taken back.
	Expect ExpectConfig `toml:"expect"`
	// Else is the status of the answer then, 409 unless it is set.
	Else int `toml:"else"`
	// Answer: the route's answer is this statement's. Without one it is the
	// last one's.
	Answer bool `toml:"answer"`
}

// ExpectConfig is what a statement has to do: a number of rows, such as "1", or
// ">= 1" or "<= 10". An empty one is met by every number.
type ExpectConfig struct {
	// Affected is how many rows it changes. Like the server's own number it
	// leaves out those that have had the new values before.
	Affected string `toml:"affected,scalar"`
	// Rows is how many rows it returns.
	Rows string `toml:"rows,scalar"`
}

// answering returns the index of the statement whose answer is the route's.
func (c TransactionConfig) answering() int {
	if i := slices.IndexFunc(c.Statements, func(s StatementConfig) bool { return s.Answer }); i >= 0 {
		return i
	}
	return max(len(c.Statements)-1, 0)
}

// status returns the status of the answer when the statement has not done what
// it has to.
func (c StatementConfig) status() int {
	if c.Else == 0 {
		return 409
	}
	return c.Else
}

// validateTransaction returns what is wrong with how the statements run
// together; scripts are theirs.
func (c EndpointConfig) validateTransaction(scripts []script) []error {
	var faults []error
	if len(c.Statements) > 0 {
		faults = append(faults, c.validateStatements()...)
	}
	reads := true
	for i := range scripts {
		s := &scripts[i]
		if s.statement == nil {
			continue
		}
		faults = append(faults, s.refusesEarlier(scripts[:i])...)
		if i < len(c.Statements) {
			faults = append(faults, c.Statements[i].validate(i, s)...)
		}
		reads = reads && s.statement.Reads
	}
	for i, reason := range c.Retry {
		field := fmt.Sprintf("retry[%d]", i)
		switch {
		case reason != retryDeadlock:
			faults = append(faults, fieldFault(field, fmt.Sprintf("%q is no reason to run a route again", reason), `write retry = "deadlock"`))
		case reads:
			faults = append(faults, fieldFault(field, "a statement that only reads has no deadlocks", "leave it out"))
		}
	}
	return append(faults, c.validateResults(scripts)...)
}

// validateStatements checks the list of statements, not what is in them.
func (c EndpointConfig) validateStatements() []error {
	var faults []error
	if c.SQL != "" {
		faults = append(faults, fieldFault("statements", "the route has sql, too", "make that one of the statements"))
	}
	if c.answersGET() {
		faults = append(faults, fieldFault("statements", "a transaction cannot answer GET", "begin match with POST, PUT, PATCH or DELETE"))
	}
	if len(c.Statements) > maxStatements {
		faults = append(faults, fieldFault("statements", fmt.Sprintf("%d statements", len(c.Statements)), fmt.Sprintf("%d at most; a procedure may have more", maxStatements)))
	}
	for i, s := range c.Statements {
		if s.Answer && i != c.answering() {
			faults = append(faults, fieldFault(fmt.Sprintf("statements[%d].answer", i), "another statement is the answer already", "one is; without any it is the last"))
		}
	}
	return faults
}

// validate checks what statement i of a transaction has beside its SQL, and
// whether that may be in one.
func (c StatementConfig) validate(i int, s *script) []error {
	var faults []error
	check := func(ok bool, key, problem, hint string) {
		if !ok {
			faults = append(faults, fieldFault(fmt.Sprintf("statements[%d].%s", i, key), problem, hint))
		}
	}
	check(c.Else == 0 || c.Else >= 400 && c.Else <= 599, "else", fmt.Sprintf("%d is no status of an error", c.Else), "from 400 to 599")
	check(c.Else == 0 || c.Expect != ExpectConfig{}, "else", "nothing is expected of the statement", "add expect = { affected = 1 }")
	number := func(key, text string) {
		_, err := parseCount(text)
		check(err == nil, key, fmt.Sprintf("%q is no number of rows", text), countHint)
	}
	number("expect.affected", c.Expect.Affected)
	number("expect.rows", c.Expect.Rows)
	if !s.understood() {
		return faults
	}
	check(c.Expect.Affected == "" || s.statement.Acts, "expect.affected", "the statement returns rows", "expect a number of rows: expect = { rows = 1 }")
	check(c.Expect.Rows == "" || s.statement.Yields, "expect.rows", "the statement returns no rows", "expect how many are changed: expect = { affected = 1 }")
	if s.statement.Commits {
		faults = append(faults, s.faultAtVerb("the server would commit what comes before this, or it ends the transaction itself", "leave it out, or give it a route of its own"))
	}
	return faults
}

// refusesEarlier returns the faults of parameters that come from statements
// before this one, where none of those has such a thing.
func (s *script) refusesEarlier(before []script) []error {
	var faults []error
	acts := slices.ContainsFunc(before, func(s script) bool { return s.statement == nil || s.statement.Acts })
	yields := slices.ContainsFunc(before, func(s script) bool { return s.statement == nil || s.statement.Yields })
	for _, p := range s.statement.Params {
		switch {
		case p.Source == SourceLast && !acts:
			faults = append(faults, s.fault(p.Offset, "no statement before this one changes rows, so there is no :"+p.written, "it is what an earlier one of statements did"))
		case p.Source == SourceRow && !yields:
			faults = append(faults, s.fault(p.Offset, "no statement before this one returns rows, so there is no :"+p.written, "it is of the last row of an earlier one of statements"))
		}
	}
	return faults
}

func (c EndpointConfig) validateResults(scripts []script) []error {
	if len(c.Results) == 0 {
		return nil
	}
	var faults []error
	for i, name := range c.Results {
		if slices.Contains(c.Results[:i], name) {
			faults = append(faults, fieldFault(fmt.Sprintf("results[%d]", i), fmt.Sprintf("two results are called %q", name), ""))
		}
	}
	switch {
	case c.Single() || c.Shape == shapeExec:
		faults = append(faults, fieldFault("results", fmt.Sprintf("shape = %q answers no lists of rows", c.Shape), "leave it out"))
	case !c.has(formatJSON) || len(c.Formats) > 1:
		faults = append(faults, fieldFault("results", "only JSON can hold several results", "leave out format and formats"))
	}
	if s := &scripts[c.answering()]; s.understood() && !s.statement.Calls {
		faults = append(faults, fieldFault("results", "only a CALL has several results", "leave it out"))
	}
	return faults
}

// fieldFault returns a fault of a whole field.
func fieldFault(field, problem, hint string) error {
	return &FieldError{Field: field, Problem: problem, Hint: hint, Offset: -1}
}
