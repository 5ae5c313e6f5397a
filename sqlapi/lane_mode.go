package sqlapi

import "fmt"

// LaneMode says whether a route's statement shares a connection with others.
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

// allows reports whether a statement may share a connection: one that writes
// or leaves something in the session may not, whatever the route says.
func (m LaneMode) allows(s *Statement) bool {
	switch m {
	case LaneAlways:
		return s.Reads && !s.Stateful
	case LaneAuto:
		return s.Plain
	}
	return false
}
