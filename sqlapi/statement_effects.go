package sqlapi

import "strings"

// effects gathers, token by token, what running a statement can do. It knows
// no grammar, only words; where words leave a doubt it takes the careful side.
//
// Reading are SELECT, WITH … SELECT, SHOW, DESCRIBE, EXPLAIN, VALUES, TABLE
// and (SELECT …). Not reading are, besides the rest: SELECT … INTO, FOR UPDATE,
// FOR SHARE and LOCK IN SHARE MODE, which take locks, and the next value of a
// sequence. A stored function that writes is not seen: the session is read
// only then, and the server refuses.
//
// A statement commits when the server ends a transaction before it runs: DDL,
// account management and maintenance of tables, as both servers' references
// list them, and what begins and ends transactions or locks tables. One that
// does so out of sight, such as a procedure, is found out when it runs.
//
// A statement may return rows unless it begins with a word whose statements
// never do. RETURNING has an INSERT return some, INTO a SELECT none.
//
// Stateful is every statement
//   - that begins with a word other than those of plainVerb: SET, CALL, LOCK,
//     USE, PREPARE, BEGIN, XA, HANDLER, FLUSH, …
//   - with an @ outside of literals and names, be it a variable of the user
//     or of the system;
//   - with TEMPORARY, LOCK, or an INTO that is not the one of INSERT, REPLACE
//     or LOAD;
//   - with SHOW WARNINGS or SHOW ERRORS, NEXT VALUE or PREVIOUS VALUE;
//   - that calls a function that is not known to be built in and harmless: see
//     isPlainFunction. A stored function cannot be told from others by its text.
type effects struct {
	tokens int
	// verb is the first word; main the one that says what a WITH does.
	verb, main string
	depth      int // of parentheses
	verbDepth  int

	word    string    // the token before, if it is a bare word, in upper case
	kind    tokenKind // of the token before
	before  tokenKind // of the one before that
	target  bool      // the token before is of the name of an INTO's table
	analyze bool

	locksOrWrites bool
	stateful      bool
	waits         bool // it may take long however few rows it looks at
	commits       bool
	returning     bool
	ordered       bool
	into          bool
}

// note takes in the next token.
func (e *effects) note(kind tokenKind, text string) {
	if kind != tokenSemicolon {
		e.tokens++
	}
	word := ""
	switch kind {
	case tokenWord:
		word = strings.ToUpper(text)
		if e.kind != tokenDot {
			e.keyword(word)
		}
		e.transaction(word)
	case tokenOpen:
		e.depth++
		e.call()
	case tokenClose:
		e.depth--
	case tokenAt:
		e.stateful = true
	}
	if kind != tokenDot {
		e.target = e.word == "INTO" && e.before != tokenDot || e.target && e.kind == tokenDot
	}
	e.word, e.kind, e.before = word, kind, e.kind
}

// keyword takes in a word that is not part of a qualified name.
func (e *effects) keyword(word string) {
	if e.verb == "" {
		e.verb, e.verbDepth = word, e.depth
		e.stateful = e.stateful || !plainVerb(word)
		e.commits = endsTransaction(word)
	}
	switch word {
	case "SELECT", "TABLE", "VALUES", "INSERT", "REPLACE", "UPDATE", "DELETE":
		e.dataVerb(word)
	case "ANALYZE":
		e.analyze = true
	case "INTO":
		if e.verb != "INSERT" && e.verb != "REPLACE" && e.verb != "LOAD" {
			e.locksOrWrites, e.stateful, e.into = true, true, true
		}
	case "RETURNING":
		e.returning = true
	case "BY":
		e.ordered = e.ordered || e.word == "ORDER"
	case "LOCK":
		e.locksOrWrites, e.stateful = true, true
	case "TEMPORARY":
		e.stateful = true
	case "SHARE":
		e.locksOrWrites = e.locksOrWrites || e.word == "FOR"
	case "VALUE":
		if e.word == "NEXT" || e.word == "PREVIOUS" {
			e.locksOrWrites, e.stateful = true, true
		}
	case "WARNINGS", "ERRORS":
		e.stateful = e.stateful || e.verb == "SHOW"
	}
}

// dataVerb takes in a verb, wherever it stands.
func (e *effects) dataVerb(word string) {
	if e.verb == "WITH" && e.main == "" && e.depth == e.verbDepth {
		e.main = word
	}
	switch {
	case word == "UPDATE" && e.word == "FOR":
		e.locksOrWrites = true
	case word == "UPDATE" || word == "DELETE":
		// EXPLAIN ANALYZE runs what it explains.
		e.locksOrWrites = e.locksOrWrites || e.analyze
	}
}

// call takes in an opening parenthesis: what stands before it may be the name
// of a function.
func (e *effects) call() {
	e.waits = e.waits || e.word == "SLEEP" || e.word == "BENCHMARK" || e.word == "LOAD_FILE"
	switch {
	case e.target: // insert into t (a, b)
	case e.before == tokenClose: // match (a, b) against ('text'); no operand follows another
	case e.word == "NEXTVAL" || e.word == "SETVAL":
		e.locksOrWrites, e.stateful = true, true
	case e.kind == tokenQuotedName, e.kind == tokenWord && (e.before == tokenDot || !isPlainFunction(e.word)):
		e.stateful = true
	}
}

// reads reports whether the statement, seen to its end, only reads.
func (e *effects) reads() bool {
	if e.locksOrWrites {
		return false
	}
	switch e.verb {
	case "SELECT", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "VALUES", "TABLE":
		return true
	case "WITH":
		// Without a verb of its own what follows the list is in parentheses,
		// and only a query can be.
		return e.main == "" || e.main == "SELECT" || e.main == "VALUES" || e.main == "TABLE"
	}
	return false
}

// plain reports whether the statement, seen to its end, is a SELECT that
// neither waits, nor locks, nor has to do with the session.
func (e *effects) plain() bool {
	return e.verb == "SELECT" && !e.locksOrWrites && !e.stateful && !e.waits
}

// transaction takes in a word for what it does to the transaction around the
// statement.
func (e *effects) transaction(word string) {
	switch e.verb {
	case "CREATE", "DROP":
		// Temporary tables leave it alone.
		e.commits = e.commits && word != "TEMPORARY"
	case "ANALYZE", "CHECK", "OPTIMIZE", "REPAIR":
		e.commits = e.commits || e.word == e.verb && (word == "TABLE" || word == "TABLES" || word == "VIEW")
	case "LOAD":
		e.commits = e.commits || e.word == "LOAD" && word == "INDEX"
	case "SET":
		e.commits = e.commits || word == "AUTOCOMMIT" || word == "TRANSACTION" || word == "PASSWORD" || word == "STATEMENT"
	}
}

// endsTransaction reports whether statements that begin with word end the
// transaction in which they run.
func endsTransaction(word string) bool {
	switch word {
	case "BEGIN", "START", "COMMIT", "ROLLBACK", "XA", "LOCK", "UNLOCK", "BACKUP",
		"CREATE", "ALTER", "DROP", "TRUNCATE", "RENAME", "GRANT", "REVOKE",
		"FLUSH", "RESET", "CACHE", "INSTALL", "UNINSTALL", "CHANGE", "STOP", "SHUTDOWN", "CLONE", "IMPORT":
		return true
	}
	return false
}

// yields reports whether the statement, seen to its end, may return rows.
func (e *effects) yields() bool {
	switch e.verb {
	case "INSERT", "REPLACE", "UPDATE", "DELETE", "LOAD", "DO", "SET", "USE":
		return e.returning
	}
	return !e.into
}

// plainVerb reports whether a statement that begins with word leaves the
// session as it was, and depends on nothing in it.
func plainVerb(word string) bool {
	switch word {
	case "SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN",
		"INSERT", "REPLACE", "UPDATE", "DELETE", "LOAD", "DO",
		"CREATE", "ALTER", "DROP", "TRUNCATE", "RENAME",
		"ANALYZE", "CHECK", "CHECKSUM", "OPTIMIZE", "REPAIR":
		return true
	}
	return false
}
