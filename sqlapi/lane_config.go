package sqlapi

import "fmt"

// LaneConfig says whether an endpoint's statement shares a connection with
// those of other requests.
type LaneConfig struct {
	// Lane is "auto" where it does if it is known to be short, true for always,
	// false for never.
	Lane LaneMode `toml:"lane"`
	// PutOff is called, if it is there, when the statement was too slow to
	// share a connection, with other requests waiting: it must not block.
	PutOff func(PutOff) `toml:"-"`
}

// LaneMode says whether a statement shares a connection.
type LaneMode uint8

const (
	// LaneAuto: it does where it is a single SELECT that the server says it
	// needs a few index look-ups for.
	LaneAuto LaneMode = iota
	// LaneNever: it has a connection to itself.
	LaneNever
	// LaneAlways: it does, whatever the server says.
	LaneAlways
)

// UnmarshalText reads "auto", "true" or "false".
func (m *LaneMode) UnmarshalText(text []byte) error {
	switch string(text) {
	case "auto":
		*m = LaneAuto
	case "true":
		*m = LaneAlways
	case "false":
		*m = LaneNever
	default:
		return &FieldError{Field: "lane", Problem: fmt.Sprintf("unknown lane %q", text), Hint: `"auto", true or false`, Offset: -1}
	}
	return nil
}

// validateLane returns what is wrong with the lane of a route that runs these
// statements.
func (c EndpointConfig) validateLane(running []script) []error {
	if c.Lane != LaneAlways {
		return nil
	}
	var problem string
	switch s := running[0].statement; {
	case len(c.Statements) > 0:
		problem = "a transaction needs a connection to itself"
	case c.Page != nil:
		problem = "pages need a connection to themselves"
	case s != nil && !s.shareable():
		problem = "a statement that writes, locks or leaves something in its session cannot share a connection"
	default:
		return nil
	}
	return []error{&FieldError{Field: "lane", Problem: problem, Hint: "leave lane out", Offset: -1}}
}

// shareable reports whether the statement may run on a connection on which
// those of others wait for their turn, and run again when that breaks.
func (s *Statement) shareable() bool { return s.Reads && !s.Stateful }

// rides reports whether an endpoint's statement may share a connection, as far
// as can be told without the server.
func (m LaneMode) rides(e *Endpoint) bool {
	switch {
	case e.sequence != nil || e.paging != nil || m == LaneNever:
		return false
	case m == LaneAlways:
		return e.query.shareable()
	}
	// A list of one value may be looked up, and one of a hundred not.
	return e.query.Plain && e.query.lists == nil
}
