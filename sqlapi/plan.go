package sqlapi

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"zerohop/sqlapi/wire"
)

var errNotUTF8 = errors.New("the value is not valid UTF-8")

// plan is what writing the rows of one set of columns as JSON objects takes:
// the keys are quoted once, not once a row.
type plan struct {
	columns []wire.Column
	fields  []field
}

// field is one member of the objects.
type field struct {
	key      []byte // {"name": or ,"name":
	notation notation
}

// notation is how a value is written in JSON.
type notation uint8

const (
	notationString notation = iota // the text, quoted and escaped
	notationPlain                  // the text, quoted; nothing in it needs escaping
	notationNumber                 // the text as it is
	notationPadded                 // a number whose leading zeros have to go
	notationBits                   // every byte a character, U+0000 to U+00FF
)

// of returns the plan for columns: p itself, made new if it was for others.
func (p *plan) of(columns []wire.Column) (*plan, error) {
	if len(p.columns) == len(columns) && len(columns) > 0 && &p.columns[0] == &columns[0] {
		return p, nil
	}
	fields := make([]field, len(columns))
	for i := range columns {
		name := []byte(columns[i].Name)
		separator := byte(',')
		if i == 0 {
			separator = '{'
		}
		key, ok := appendJSONString([]byte{separator}, name)
		if !ok {
			return nil, fmt.Errorf("%w: the name of column %d is not valid UTF-8", ErrStatement, i+1)
		}
		fields[i] = field{key: append(key, ':'), notation: notationOf(&columns[i])}
	}
	p.columns, p.fields = columns, fields
	return p, nil
}

func notationOf(c *wire.Column) notation {
	switch {
	case c.Type == wire.TypeBit:
		return notationBits
	case c.Numeric() && (c.Zerofill() || c.Type == wire.TypeYear):
		return notationPadded
	case c.Numeric():
		return notationNumber
	}
	switch c.Type {
	case wire.TypeDate, wire.TypeNewDate, wire.TypeTime, wire.TypeDatetime, wire.TypeTimestamp:
		return notationPlain
	}
	return notationString
}

// appendObject appends a row as a JSON object. The error names the column.
func (p *plan) appendObject(dst []byte, row *wire.Row) ([]byte, error) {
	for i := range p.fields {
		column := &p.columns[i]
		dst = append(dst, p.fields[i].key...)
		value, err := row.Next(column)
		if err == nil {
			dst, err = appendValue(dst, value, column, p.fields[i].notation)
		}
		if err != nil {
			return dst, fmt.Errorf("column %q: %w", column.Name, err)
		}
	}
	return append(dst, '}'), nil
}

// appendValue appends a value as JSON. As in the old stack, a value of no
// length is "" whatever its type.
func appendValue(dst []byte, v wire.Value, c *wire.Column, n notation) ([]byte, error) {
	if v.Null() {
		return append(dst, "null"...), nil
	}
	text, isText := v.Text()
	if isText && len(text) == 0 {
		return append(dst, `""`...), nil
	}
	switch n {
	case notationNumber:
		return v.AppendText(dst, c), nil
	case notationPadded:
		start := len(dst)
		return trimZeros(v.AppendText(dst, c), start), nil
	case notationPlain:
		dst = v.AppendText(append(dst, '"'), c)
		return append(dst, '"'), nil
	case notationBits:
		return appendBits(dst, text), nil
	}
	dst, ok := appendJSONString(dst, text)
	if !ok {
		return dst, errNotUTF8
	}
	return dst, nil
}

// trimZeros drops what JSON does not allow in front of the number dst[start:].
func trimZeros(dst []byte, start int) []byte {
	number := dst[start:]
	rest := bytes.TrimLeft(number, "0")
	if len(rest) == 0 || rest[0] < '0' || rest[0] > '9' {
		// The number is 0, or begins with 0. or 0e: one zero stays.
		rest = number[len(number)-len(rest)-1:]
	}
	return append(dst[:start], rest...)
}

// appendBits appends a BIT value, as the old stack did: its bytes are the
// characters of a string. From 0x80 on they are U+0080 to U+00FF.
func appendBits(dst, bits []byte) []byte {
	var space [64]byte
	text := space[:0]
	for _, b := range bits {
		text = utf8.AppendRune(text, rune(b))
	}
	dst, ok := appendJSONString(dst, text)
	if !ok {
		panic("bug: characters that are not valid UTF-8")
	}
	return dst
}
