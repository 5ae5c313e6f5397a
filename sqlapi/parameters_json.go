package sqlapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonField is a node of the tree of fields that an endpoint's json parameters
// ask for, so that one walk over a body answers them all.
type jsonField struct {
	key   string
	index int // among all fields of the tree, in the order of their making
	// param is the parameter whose value the field itself is, or -1.
	param int
	// pointer is the JSON pointer to the field, as the fragment of a URI.
	pointer string
	below   []*jsonField
}

// descend returns the field that path leads to from f; fields counts those
// below the root.
func (f *jsonField) descend(path []string, fields *int) *jsonField {
	for _, key := range path {
		f = f.child(key, fields)
	}
	return f
}

func (f *jsonField) child(key string, fields *int) *jsonField {
	for _, c := range f.below {
		if c.key == key {
			return c
		}
	}
	c := &jsonField{key: key, index: *fields, param: -1, pointer: cmp.Or(f.pointer, "#") + "/" + pointerEscape(key)}
	*fields++
	f.below = append(f.below, c)
	return c
}

// pointerEscape returns a key as a JSON pointer in a URI's fragment has it
// (RFC 6901, section 6).
func pointerEscape(key string) string {
	return url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
}

// jsonWalk takes the values that an endpoint asks for out of one body. The
// body is known to be valid JSON, which makes the walk short: it has no
// errors, only values of the wrong type.
type jsonWalk struct {
	parameters *parameters
	values     *values
	body       []byte
	pos        int
	met        []bool // by jsonField.index: the first of equal keys counts
	faults     []ParameterFault
}

// takeJSON sets the values of the json parameters. An absent one is left as
// it is.
func (ps *parameters) takeJSON(body []byte, v *values) []ParameterFault {
	if problem := checkJSON(body); problem != "" {
		return []ParameterFault{{Parameter: "json", Pointer: "#", Problem: problem}}
	}
	var few [16]bool
	w := jsonWalk{parameters: ps, values: v, body: body, met: few[:]}
	if ps.fields > len(few) {
		w.met = make([]bool, ps.fields)
	}
	w.skipSpace()
	w.object(ps.body)
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
	if p := w.asked(f); p != nil && p.declared != nil {
		start := w.pos
		w.skipValue()
		w.declared(f, w.body[start:w.pos])
		w.pos = start // for the fields below it
	}
	switch c := w.body[w.pos]; {
	case c == 'n':
		w.skipValue()
	case c == '{':
		w.wrong(f, "must be a string or a number")
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
		w.wrong(f, "must be a string or a number")
		w.unreachable(f, f.key)
	}
}

// asked returns the parameter whose value f is, or nil.
func (w *jsonWalk) asked(f *jsonField) *parameter {
	if f.param < 0 {
		return nil
	}
	return &w.parameters.list[f.param]
}

// scalar sets the parameter of f, if it is not declared, to a number or to a
// string without its quotes.
func (w *jsonWalk) scalar(f *jsonField, value []byte) {
	w.unreachable(f, f.key)
	if p := w.asked(f); p == nil || p.declared != nil {
		return
	}
	if bytes.IndexByte(value, '\\') >= 0 {
		var ok bool
		if value, ok = unescapeJSON(value); !ok {
			w.wrong(f, halfSurrogate)
			return
		}
	}
	w.values.scalars[f.param].Text = value
}

const halfSurrogate = "has half a surrogate pair, which is no character"

// unreachable reports the parameters below f, since the value of the field key
// is no object.
func (w *jsonWalk) unreachable(f *jsonField, key string) {
	for _, c := range f.below {
		if p := w.asked(c); p != nil {
			w.faults = append(w.faults, p.fault(fmt.Sprintf("%q must be an object", key)))
		}
		w.unreachable(c, key)
	}
}

// wrong reports the value of f where a parameter that is not declared asks for it.
func (w *jsonWalk) wrong(f *jsonField, problem string) {
	if p := w.asked(f); p != nil && p.declared == nil {
		w.faults = append(w.faults, p.fault(problem))
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
