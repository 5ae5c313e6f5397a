package sqlapi

import (
	"slices"
	"strings"
	"sync/atomic"

	"zerohop/sqlapi/wire"
)

// query is a statement, and what the connections have found out about it. It
// may be used by any number of goroutines at once.
type query struct {
	*Statement

	// unpreparable: the server cannot prepare such a statement, and runs it
	// in the text protocol.
	unpreparable atomic.Bool
	// names are those of the columns, as a preparation has told them; nil
	// until then. In the text protocol a column without an alias is named
	// after the text, values included.
	names atomic.Pointer[[]string]
}

// asText returns the query for a connection that has it not prepared.
func (q *query) asText() *prepared {
	p := &prepared{}
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
