package sqlapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonField is a node of the tree of fields that a statement's json parameters
// ask for, so that one walk over a body answers them all.
type jsonField struct {
	key    string
	index  int   // among all fields of the tree, in the order of their making
	params []int // the parameters whose value the field itself is
	below  []*jsonField
}

// add makes parameter param ask for the field that path leads to from f.
// fields counts those below the root.
func (f *jsonField) add(path []string, param int, fields *int) {
	for _, key := range path {
		f = f.child(key, fields)
	}
	f.params = append(f.params, param)
}

func (f *jsonField) child(key string, fields *int) *jsonField {
	for _, c := range f.below {
		if c.key == key {
			return c
		}
	}
	c := &jsonField{key: key, index: *fields}
	*fields++
	f.below = append(f.below, c)
	return c
}

// jsonWalk takes the values that a statement asks for out of one body. The
// body is known to be valid JSON, which makes the walk short: it has no
// errors, only values of the wrong type.
type jsonWalk struct {
	statement *Statement
	args      [][]byte // of the statement's parameters
	body      []byte
	pos       int
	met       []bool // by jsonField.index: the first of equal keys counts
	faults    []ParameterFault
}

// jsonArguments sets in args the values of the statement's json parameters. An
// absent one is left as it is.
func (s *Statement) jsonArguments(body []byte, args [][]byte) []ParameterFault {
	if problem := checkJSON(body); problem != "" {
		return []ParameterFault{{Parameter: "json", Problem: problem}}
	}
	var few [16]bool
	w := jsonWalk{statement: s, args: args, body: body, met: few[:]}
	if s.fields > len(few) {
		w.met = make([]bool, s.fields)
	}
	w.skipSpace()
	w.object(s.body)
	return w.faults
}

// checkJSON returns what is wrong with a body that must be one JSON object.
func checkJSON(body []byte) string {
	if !utf8.Valid(body) {
		return "the body is not valid UTF-8"
	}
	if !json.Valid(body) {
		var syntax *json.SyntaxError
		if err := json.Unmarshal(body, new(json.RawMessage)); errors.As(err, &syntax) {
			return fmt.Sprintf("the body is not valid JSON: see byte %d", syntax.Offset)
		}
		return "the body is not valid JSON"
	}
	if first := bytes.TrimLeft(body, " \t\r\n"); first[0] != '{' {
		return "the body must be a JSON object"
	}
	return ""
}

// object walks over the object that begins here, for the fields below f.
func (w *jsonWalk) object(f *jsonField) {
	w.pos++ // {
	for w.skipSpace(); w.body[w.pos] != '}'; w.skipSpace() {
		if w.body[w.pos] == ',' {
			w.pos++
			w.skipSpace()
		}
		field := f.find(w.text())
		w.skipSpace()
		w.pos++ // :
		w.skipSpace()
		if field == nil || w.met[field.index] {
			w.skipValue()
			continue
		}
		w.met[field.index] = true
		w.value(field)
	}
	w.pos++ // }
}

// find returns the field below f that the JSON string key, quotes included,
// names, or nil.
func (f *jsonField) find(key []byte) *jsonField {
	raw := key[1 : len(key)-1]
	if bytes.IndexByte(raw, '\\') >= 0 {
		var ok bool
		if raw, ok = unescapeJSON(raw); !ok {
			return nil
		}
	}
	for _, c := range f.below {
		if c.key == string(raw) {
			return c
		}
	}
	return nil
}

// value takes the value that begins here as that of f.
func (w *jsonWalk) value(f *jsonField) {
	switch c := w.body[w.pos]; {
	case c == 'n':
		w.skipValue()
	case c == '{':
		w.fault(f.params, "must be a string or a number")
		w.object(f)
	case c == '"':
		text := w.text()
		w.scalar(f, text[1:len(text)-1])
	case c == '-' || isDigit(c):
		start := w.pos
		w.skipValue()
		w.scalar(f, w.body[start:w.pos])
	default: // true, false or an array
		w.skipValue()
		w.fault(f.params, "must be a string or a number")
		w.unreachable(f, f.key)
	}
}

// scalar sets the parameters of f to a number, or to a string without its quotes.
func (w *jsonWalk) scalar(f *jsonField, value []byte) {
	w.unreachable(f, f.key)
	if len(f.params) == 0 {
		return
	}
	if bytes.IndexByte(value, '\\') >= 0 {
		var ok bool
		if value, ok = unescapeJSON(value); !ok {
			w.fault(f.params, "has half a surrogate pair, which is no character")
			return
		}
	}
	for _, param := range f.params {
		w.args[param] = value
	}
}

// unreachable reports the parameters below f, since the value of the field key
// is no object.
func (w *jsonWalk) unreachable(f *jsonField, key string) {
	for _, c := range f.below {
		w.fault(c.params, fmt.Sprintf("%q must be an object", key))
		w.unreachable(c, key)
	}
}

// fault reports a problem of parameters, once for those with the same name.
func (w *jsonWalk) fault(params []int, problem string) {
	if len(params) > 0 {
		name := w.statement.Params[params[0]].written
		w.faults = append(w.faults, ParameterFault{Parameter: name, Problem: problem})
	}
}

func (w *jsonWalk) skipSpace() {
	for w.pos < len(w.body) && w.body[w.pos] <= ' ' {
		w.pos++
	}
}

// text moves behind the string that begins here and returns it with its quotes.
func (w *jsonWalk) text() []byte {
	start := w.pos
	for w.pos++; w.body[w.pos] != '"'; w.pos++ {
		if w.body[w.pos] == '\\' {
			w.pos++
		}
	}
	w.pos++
	return w.body[start:w.pos]
}

// skipValue moves behind the value that begins here, however deep it is.
func (w *jsonWalk) skipValue() {
	depth := 0
	for {
		switch w.body[w.pos] {
		case '"':
			w.text()
		case '{', '[':
			depth++
			w.pos++
		case '}', ']':
			depth--
			w.pos++
		case ',', ':', ' ', '\t', '\r', '\n':
			w.pos++
			continue
		default:
			w.skipWord()
		}
		if depth == 0 {
			return
		}
	}
}

// skipWord moves behind a number, true, false or null.
func (w *jsonWalk) skipWord() {
	for ; ; w.pos++ {
		switch w.body[w.pos] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return
		}
	}
}

// unescapeJSON returns what the inside of a valid JSON string stands for. ok
// is false for half a surrogate pair: replaced by U+FFFD, as is the custom,
// different names would become the same value.
func unescapeJSON(s []byte) (_ []byte, ok bool) {
	text := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			text = append(text, s[i])
			i++
			continue
		}
		c := s[i+1]
		i += 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := hexRune(s[i:])
			i += 4
			if utf16.IsSurrogate(r) {
				if i+6 > len(s) || s[i] != '\\' || s[i+1] != 'u' {
					return nil, false
				}
				if r = utf16.DecodeRune(r, hexRune(s[i+2:])); r == utf8.RuneError {
					return nil, false
				}
				i += 6
			}
			text = utf8.AppendRune(text, r)
			continue
		}
		text = append(text, c)
	}
	return text, true
}

// hexRune returns the number that the four hexadecimal digits before s[4] are.
func hexRune(s []byte) rune {
	var r rune
	for _, c := range s[:4] {
		switch {
		case c >= 'a':
			c -= 'a' - 10
		case c >= 'A':
			c -= 'A' - 10
		default:
			c -= '0'
		}
		r = r<<4 | rune(c)
	}
	return r
}
