package sqlapi

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"zerohop/sqlapi/wire"
)

// query is a statement, and what the connections have found out about it. It
// may be used by any number of goroutines at once.
type query struct {
	*Statement
	// from says, by parameter of the statement, where its value stands among
	// those of the endpoint. lists says which of them are lists, by their place
	// among those, or -1; nil without any.
	from, lists []int
	// variants are those of a statement with lists, by their variant.
	variants sync.Map
	answer   *answer

	// unpreparable: the server cannot prepare such a statement, and runs it
	// in the text protocol.
	unpreparable atomic.Bool
	// names are those of the columns, as a preparation has told them; nil
	// until then. In the text protocol a column without an alias is named
	// after the text, values included.
	names atomic.Pointer[[]string]
}

// newQuery returns the query of a statement, whose parameters are all among ps.
func newQuery(statement *Statement, ps *parameters, a *answer) *query {
	q := &query{Statement: statement, answer: a}
	for i := range statement.Params {
		at := ps.add(&statement.Params[i])
		q.from = append(q.from, at)
		if d := ps.list[at].declared; d != nil && d.list >= 0 && q.lists == nil {
			q.lists = slices.Repeat([]int{-1}, len(statement.Params))
		}
	}
	for i := range q.lists {
		if d := ps.list[q.from[i]].declared; d != nil {
			q.lists[i] = d.list
		}
	}
	return q
}

// awaited reports whether the answer has to be there before the statement may
// be committed: a procedure may fail half-way, and rows of one that writes may
// turn out to be no answer.
func (q *query) awaited() bool { return q.Calls || q.Yields && !q.Reads }

// asText returns the query for a connection that has it not prepared.
func (q *query) asText() *prepared {
	p := &prepared{query: q}
	if names := q.names.Load(); names != nil {
		p.names = *names
	}
	return p
}

// learn keeps the names of the columns that a preparation has promised.
func (q *query) learn(columns []wire.Column) {
	known := q.names.Load()
	if len(columns) == 0 || known != nil && slices.EqualFunc(*known, columns, func(name string, c wire.Column) bool { return name == c.Name }) {
		return
	}
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].Name
	}
	q.names.Store(&names)
}

// named gives the columns of a text result the names that a prepared statement
// would have: those that the server takes from the text have the value in them
// where that has a question mark.
func (p *prepared) named(columns []wire.Column) []wire.Column {
	if len(p.names) != len(columns) {
		return columns
	}
	renamed := slices.Clone(columns)
	for i, name := range p.names {
		if strings.Contains(name, "?") {
			renamed[i].Name = name
		}
	}
	return renamed
}
