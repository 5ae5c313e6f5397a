package tornado

import "math/big"

// What a pickle may hold is, in Go:
//
//	None, True, 7, 7<<70, 7.5    nil, bool, int64, *big.Int, float64
//	"text", b"bytes"             string, bytestring
//	(1, 2), [1, 2], {"a": 1}     tuple, *list, *dict
//	everything else              *object

// bytestring is Python's bytes, and the str of Python 2.
type bytestring string

type tuple []any

// list and dict are pointers, because a pickle may name one of them again, and
// add to it later.
type list struct{ items []any }

// dict has its pairs in the order in which they were set; a key that is set
// again is there twice, and the last one counts.
type dict struct{ pairs []pair }

type pair struct{ key, value any }

// text returns the text under a key.
func (d *dict) text(key string) (string, bool) {
	for i := len(d.pairs) - 1; i >= 0; i-- {
		if p := d.pairs[i]; p.key == any(key) || p.key == any(bytestring(key)) {
			return textOf(p.value)
		}
	}
	return "", false
}

// textOf returns a text, which in Python 2 was bytes more often than not.
func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bytestring:
		return string(v), isText(v)
	}
	return "", false
}

// kindOf names a value's type as Python does, for an error.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "None"
	case bool:
		return "a bool"
	case int64, *big.Int:
		return "an int"
	case float64:
		return "a float"
	case string:
		return "a str"
	case bytestring:
		return "bytes"
	case tuple:
		return "a tuple"
	case *list:
		return "a list"
	case *dict:
		return "a dict"
	case *object:
		return "an object"
	}
	panic("bug: a value that no pickle can hold")
}
