package tornado

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"unicode/utf8"
)

// maxJSON is how large the JSON of a pickle may be, in bytes.
const maxJSON = 64 << 10

// appendJSON appends a value as JSON, as Python's json.dumps does: tuples are
// arrays, and keys that are numbers, booleans or None become texts. Bytes are
// text, if they are UTF-8.
//
// It fails with ErrPickle for what JSON has no form for, and for what would
// become too large or too deep: lists in themselves, or in each other so often
// that a short pickle stands for a long text.
func appendJSON(dst []byte, v any) ([]byte, error) {
	e := encoder{dst: dst, start: len(dst)}
	e.value(v, 0)
	return e.dst, e.err
}

// appendMembers appends what JSON has a form for of a dict, and reports how many
// members were left out: those that hold an object, a float that is no number,
// bytes that are no text, or too much.
func appendMembers(dst []byte, d *dict) (_ []byte, left int) {
	e := encoder{dst: append(dst, '{'), start: len(dst)}
	last := map[string]int{}
	for i, p := range d.pairs {
		if name, ok := keyText(p.key); ok {
			last[name] = i
		}
	}
	begin := len(e.dst)
	for i, p := range d.pairs {
		name, ok := keyText(p.key)
		if ok && last[name] != i {
			continue
		}
		if !ok || !e.member(name, p.value, len(e.dst) == begin) {
			left++
		}
	}
	return append(e.dst, '}'), left
}

// member appends one member as a whole, or nothing of it.
func (e *encoder) member(name string, value any, first bool) bool {
	before := len(e.dst)
	if !first {
		e.dst = append(e.dst, ',')
	}
	e.text(name)
	e.dst = append(e.dst, ':')
	if e.err == nil {
		e.value(value, 1)
	}
	if e.err == nil && len(e.dst)-e.start < maxJSON {
		return true
	}
	e.dst, e.err = e.dst[:before], nil
	return false
}

// encoder appends one value. Its steps are bounded as well as its bytes: a dict
// that has one key a thousand times, in a list that names it a thousand times,
// is a short text and a long way.
type encoder struct {
	dst   []byte
	start int
	steps int
	err   error
}

// stepBytes is how many bytes of a text are worth a step.
const stepBytes = 64

func (e *encoder) step(n int) {
	if e.steps += n; e.steps > maxValues {
		e.fail("more than %d values in all", maxValues)
	}
}

func (e *encoder) fail(format string, arguments ...any) {
	if e.err == nil {
		e.err = fmt.Errorf("%w: "+format, append([]any{ErrPickle}, arguments...)...)
	}
}

func (e *encoder) value(v any, depth int) {
	e.step(1)
	switch {
	case e.err != nil:
		return
	case len(e.dst)-e.start > maxJSON:
		e.fail("its JSON has more than %d bytes", maxJSON)
		return
	case depth > maxDepth:
		e.fail("more than %d values inside each other", maxDepth)
		return
	}
	switch v := v.(type) {
	case nil:
		e.dst = append(e.dst, "null"...)
	case bool:
		e.dst = strconv.AppendBool(e.dst, v)
	case int64:
		e.dst = strconv.AppendInt(e.dst, v, 10)
	case *big.Int:
		e.dst = v.Append(e.dst, 10)
	case float64:
		e.float(v)
	case string, bytestring:
		e.text(v)
	case tuple:
		e.array(v, depth)
	case *list:
		e.array(v.items, depth)
	case *dict:
		e.object(v, depth)
	default:
		e.fail("JSON has no form for %s", kindOf(v))
	}
}

func (e *encoder) float(f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		e.fail("JSON has no %v", f)
		return
	}
	text, _ := json.Marshal(f) // it fails for the two above
	e.dst = append(e.dst, text...)
}

func (e *encoder) text(v any) {
	text, ok := textOf(v)
	if !ok {
		e.fail("bytes that are not UTF-8")
		return
	}
	if e.step(len(text) / stepBytes); e.err != nil {
		return
	}
	quoted, _ := json.Marshal(text) // a text cannot fail
	e.dst = append(e.dst, quoted...)
}

func (e *encoder) array(items []any, depth int) {
	e.dst = append(e.dst, '[')
	for i, item := range items {
		if i > 0 {
			e.dst = append(e.dst, ',')
		}
		if e.value(item, depth+1); e.err != nil {
			return
		}
	}
	e.dst = append(e.dst, ']')
}

// object writes a dict in its order, each name once.
func (e *encoder) object(d *dict, depth int) {
	last := map[string]int{}
	names := make([]string, len(d.pairs))
	for i, p := range d.pairs {
		name, ok := keyText(p.key)
		if !ok {
			e.fail("a key that is %s", kindOf(p.key))
			return
		}
		if e.step(1 + len(name)/stepBytes); e.err != nil {
			return
		}
		names[i], last[name] = name, i
	}
	e.dst = append(e.dst, '{')
	first := true
	for i, p := range d.pairs {
		if last[names[i]] != i {
			continue
		}
		if !first {
			e.dst = append(e.dst, ',')
		}
		first = false
		e.text(names[i])
		e.dst = append(e.dst, ':')
		if e.value(p.value, depth+1); e.err != nil {
			return
		}
	}
	e.dst = append(e.dst, '}')
}

// keyText returns a dict's key as the name in an object.
func keyText(key any) (string, bool) {
	switch key := key.(type) {
	case nil:
		return "null", true
	case bool:
		return strconv.FormatBool(key), true
	case int64:
		return strconv.FormatInt(key, 10), true
	case *big.Int:
		return key.String(), true
	}
	return textOf(key)
}

func isText(b bytestring) bool { return utf8.ValidString(string(b)) }
