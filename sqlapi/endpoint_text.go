package sqlapi

import (
	"slices"
	"strings"

	"zerohop/sqlapi/wire"
)

// asText returns the endpoint's statement for a connection that has none
// prepared.
func (e *Endpoint) asText() *prepared {
	p := &prepared{}
	if names := e.names.Load(); names != nil {
		p.names = *names
	}
	return p
}

// learn keeps the names of the columns that a preparation has promised.
func (e *Endpoint) learn(columns []wire.Column) {
	known := e.names.Load()
	if len(columns) == 0 || known != nil && slices.EqualFunc(*known, columns, func(name string, c wire.Column) bool { return name == c.Name }) {
		return
	}
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = columns[i].Name
	}
	e.names.Store(&names)
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
