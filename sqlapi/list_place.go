package sqlapi

import "strings"

// listPlace follows the tokens of a statement to the parameters that stand
// alone in an IN, which is where a list may stand.
type listPlace uint8

const (
	placeElsewhere listPlace = iota
	placeIn                  // behind IN
	placeOpen                // behind its parenthesis
	placeParameter           // behind a parameter in that
)

// note takes in the next token; params are the parameters up to it.
func (l *listPlace) note(kind tokenKind, text string, params []Param) {
	at := *l
	*l = placeElsewhere
	switch {
	case kind == tokenWord && strings.EqualFold(text, "in"):
		*l = placeIn
	case at == placeIn && kind == tokenOpen:
		*l = placeOpen
	case at == placeOpen && kind == tokenParameter:
		*l = placeParameter
	case at == placeParameter && kind == tokenClose:
		params[len(params)-1].alone = true
	}
}
