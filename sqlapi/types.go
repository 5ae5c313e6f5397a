package sqlapi

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"zerohop/sqlapi/wire"
)

var errNotUTF8 = errors.New("the value is not valid UTF-8")

// types is how values become JSON: a TypesConfig, made ready. Nil is how the
// old stack wrote them. It is not changed once it is made.
type types struct {
	config TypesConfig
	// json are the names of the columns that hold JSON. Those that a result
	// does not have may be in another one where there are several.
	json    []string
	several bool
	// calendar writes times as RFC 3339 does.
	calendar *calendar
}

// newTypes returns a sound configuration's types. stored is the database's
// time zone.
func newTypes(c TypesConfig, stored string, json []string) (*types, error) {
	t := &types{config: c, json: json}
	if c.Datetime != asRFC3339 {
		return t, nil
	}
	from, err := parseZone(stored)
	if err != nil {
		return nil, fmt.Errorf("time zone of the database: %w", err)
	}
	to, err := parseZone(cmp.Or(c.TimeZone, stored))
	if err != nil {
		return nil, fmt.Errorf("time zone: %w", err)
	}
	t.calendar = &calendar{stored: from, shown: to}
	return t, nil
}

// notation is how the values of one column are written.
type notation uint8

const (
	notationString   notation = iota // the text, quoted and escaped
	notationPlain                    // the text, quoted; nothing in it needs escaping
	notationNumber                   // the text as it is
	notationPadded                   // a number whose leading zeros have to go
	notationDigits                   // such a number, in quotes
	notationSafe                     // in quotes where JavaScript's numbers are too small for it
	notationBoolean                  // whether it is not zero
	notationBits                     // every byte a character, U+0000 to U+00FF
	notationBitCount                 // the bytes as one number
	notationBitFlag                  // whether they are not zero
	notationBase64                   // the bytes in base64
	notationHex                      // the bytes in lower-case hex digits
	notationInstant                  // a date and time as RFC 3339 has it
	notationDate                     // the text, quoted; null where no calendar has that date
	notationEmbedded                 // the text is JSON itself
)

// notation returns how a column's values are written.
func (t *types) notation(c *wire.Column) notation {
	var config TypesConfig
	if t != nil {
		if slices.Contains(t.json, c.Name) {
			return notationEmbedded
		}
		config = t.config
	}
	switch c.Type {
	case wire.TypeBit:
		return config.bitNotation(c)
	case wire.TypeDate, wire.TypeNewDate, wire.TypeTime, wire.TypeDatetime, wire.TypeTimestamp:
		return config.timeNotation(c)
	}
	if c.Numeric() {
		return config.numberNotation(c)
	}
	if c.Bytes() {
		switch config.Blob {
		case asBase64:
			return notationBase64
		case asHex:
			return notationHex
		}
	}
	return notationString
}

func (c *TypesConfig) numberNotation(column *wire.Column) notation {
	switch column.Type {
	case wire.TypeLongLong:
		if c.BigInt == asString {
			return notationDigits
		}
		if c.BigInt == asSafe {
			return notationSafe
		}
	case wire.TypeDecimal, wire.TypeNewDecimal:
		if c.Decimal == asString {
			return notationDigits
		}
	case wire.TypeTiny:
		if c.TinyInt1 == asBoolean && column.Length == 1 {
			return notationBoolean
		}
	}
	if column.Zerofill() || column.Type == wire.TypeYear {
		return notationPadded
	}
	return notationNumber
}

func (c *TypesConfig) bitNotation(column *wire.Column) notation {
	switch {
	case c.Bit == asBoolean && column.Length == 1:
		return notationBitFlag
	case c.Bit == asBoolean, c.Bit == asNumber:
		return notationBitCount
	}
	return notationBits
}

func (c *TypesConfig) timeNotation(column *wire.Column) notation {
	if c.Datetime != asRFC3339 {
		return notationPlain
	}
	switch column.Type {
	case wire.TypeDatetime, wire.TypeTimestamp:
		return notationInstant
	case wire.TypeDate, wire.TypeNewDate:
		return notationDate
	}
	return notationPlain
}

// missing returns the name of a column that was said to hold JSON, and is not
// there, or "".
func (t *types) missing(columns []wire.Column) string {
	if t == nil || t.several {
		return ""
	}
	for _, name := range t.json {
		if !slices.ContainsFunc(columns, func(c wire.Column) bool { return c.Name == name }) {
			return name
		}
	}
	return ""
}

// append appends a value as JSON. As in the old stack, a value of no length is
// "" whatever its type, unless that were to be JSON.
func (t *types) append(dst []byte, v wire.Value, c *wire.Column, n notation) ([]byte, error) {
	if v.Null() {
		return append(dst, "null"...), nil
	}
	text, isText := v.Text()
	if isText && len(text) == 0 && n != notationEmbedded {
		return append(dst, `""`...), nil
	}
	switch n {
	case notationNumber:
		return v.AppendText(dst, c), nil
	case notationPlain, notationPadded, notationDigits, notationSafe, notationBoolean:
		return appendDigits(dst, v, c, n), nil
	case notationInstant, notationDate:
		return t.calendar.append(dst, v, c, n)
	}
	if !isText {
		text = v.AppendText(nil, c) // a number that was said to be JSON
	}
	return appendBytes(dst, text, n)
}
