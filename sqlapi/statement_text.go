package sqlapi

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"zerohop/sqlapi/wire"
)

// withValues returns the statement for the text protocol: every parameter
// replaced by its value, as a literal of the type that it is bound as.
//
// What is between the quotes cannot end them: the session speaks utf8mb4, in
// which no byte of a longer character is a quote or a backslash, and its mode
// has backslashes escape and double quotes hold text (see settings). Bytes that
// are not UTF-8 stand there as they are, which the server takes as it takes
// them from a bound value. A blank on both sides keeps the quotes from becoming
// part of their neighbours, as in 'a”b', x'61' or @'a'.
func (s *Statement) withValues(args []wire.Argument) string {
	size := len(s.Text)
	for i := range args {
		size += len(args[i].Text) + 4
	}
	text := make([]byte, 0, size+size/8)
	from := 0
	for i := range s.Params {
		p := &s.Params[i]
		text = append(text, s.Text[from:p.Mark]...)
		from = p.Mark + 1
		text = append(text, ' ')
		switch arg := &args[i]; {
		case p.counts:
			text = strconv.AppendUint(text, rowCount(arg.Text), 10)
		case arg.Text == nil:
			text = append(text, "NULL"...)
		case arg.As == wire.BindText:
			text = appendLiteral(text, arg.Text)
		default:
			text = appendNumber(text, arg)
		}
		text = append(text, ' ')
	}
	return string(append(text, s.Text[from:]...))
}

// appendLiteral appends value in single quotes.
func appendLiteral(dst, value []byte) []byte {
	dst = append(dst, '\'')
	for _, b := range value {
		switch b {
		case '\'', '\\':
			dst = append(dst, '\\', b)
		case 0:
			dst = append(dst, '\\', '0')
		default:
			dst = append(dst, b)
		}
	}
	return append(dst, '\'')
}

// appendNumber appends a number. A negative one is put in parentheses, as its
// sign is an operator; the point behind a whole DECIMAL is what makes it one.
func appendNumber(dst []byte, arg *wire.Argument) []byte {
	negative := arg.Text[0] == '-'
	if negative {
		dst = append(dst, '(')
	}
	dst = append(dst, arg.Text...)
	if arg.As == wire.BindDecimal && bytes.IndexByte(arg.Text, '.') < 0 {
		dst = append(dst, '.')
	}
	if negative {
		dst = append(dst, ')')
	}
	return dst
}

// rowCount returns the number that the server takes a text for that is bound
// in a LIMIT clause, where its grammar wants digits: those at the beginning. A
// negative one is more rows than there can be.
func rowCount(value []byte) uint64 {
	at := 0
	for at < len(value) && isSpace(value[at]) {
		at++
	}
	start := at
	if at < len(value) && (value[at] == '-' || value[at] == '+') {
		at++
	}
	for at < len(value) && value[at] >= '0' && value[at] <= '9' {
		at++
	}
	// The error is that there are no digits, which is 0, or too many of them,
	// which is the largest number.
	n, _ := strconv.ParseInt(string(value[start:at]), 10, 64)
	if n < 0 {
		return math.MaxUint64
	}
	return uint64(n)
}

// limitClause follows the tokens of a statement to where a number of rows stands.
type limitClause struct {
	// wanted: the next token is such a number.
	wanted bool
	// pair: it is the first of LIMIT, or was: a comma leads to the second.
	pair bool
}

// note takes in the next token.
func (l *limitClause) note(kind tokenKind, text string) {
	if kind == tokenWord {
		switch word := strings.ToUpper(text); word {
		case "LIMIT", "FETCH", "OFFSET":
			*l = limitClause{wanted: true, pair: word == "LIMIT"}
			return
		case "FIRST", "NEXT", "ROWS", "EXAMINED":
			if l.wanted { // LIMIT ROWS EXAMINED 5, FETCH FIRST 5 ROWS ONLY
				return
			}
		}
	}
	switch {
	case l.wanted && (kind == tokenWord || kind == tokenParameter):
		l.wanted = false
	case l.pair && !l.wanted && kind == tokenOther && text == ",":
		*l = limitClause{wanted: true}
	default:
		*l = limitClause{}
	}
}
