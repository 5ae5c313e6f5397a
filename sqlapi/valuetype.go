package sqlapi

import (
	"bytes"
	"encoding/json"
	"time"
	"unicode/utf8"

	"zerohop/sqlapi/wire"
)

// valueType is a type that a parameter may be declared as.
type valueType struct {
	name string
	// written is how a JSON body writes its values.
	written jsonNotation
	// read returns the argument for a text, or what is wrong with that. in is the
	// time zone of the sessions, UTC where it is not known.
	read func(text []byte, in *time.Location) (wire.Argument, string)
	// compare orders two values as read has them; nil: they have no order, and
	// cannot be listed one by one either.
	compare func(a, b []byte) int
	// ordered: there may be bounds. textual: there may be lengths and a pattern.
	ordered, textual bool
}

// typeString is the name of the one type that the empty text is a value of.
const typeString = "string"

// typeList is the name of a list of one of the types.
const typeList = "list"

// valueTypes are all types, in the order in which they are spoken of.
var valueTypes = [...]valueType{
	{name: typeString, written: jsonString, read: readString, compare: bytes.Compare, textual: true},
	{name: "integer", written: jsonNumber, read: readInteger, compare: compareNumbers, ordered: true},
	{name: "number", written: jsonNumber, read: readNumber, compare: compareNumbers, ordered: true},
	{name: "boolean", written: jsonBoolean, read: readBoolean},
	{name: "date", written: jsonString, read: readDate, compare: bytes.Compare, ordered: true},
	{name: "datetime", written: jsonString, read: readDatetime, compare: bytes.Compare, ordered: true},
	{name: "uuid", written: jsonString, read: readUUID, compare: bytes.Compare},
	{name: "json", written: jsonAny, read: readDocument},
}

const notUTF8 = "is not valid UTF-8"

func readString(text []byte, _ *time.Location) (wire.Argument, string) {
	if !utf8.Valid(text) {
		return wire.Argument{}, notUTF8
	}
	return wire.Argument{Text: text}, ""
}

var (
	bindTrue  = wire.Argument{Text: []byte("1"), As: wire.BindInteger}
	bindFalse = wire.Argument{Text: []byte("0"), As: wire.BindInteger}
)

func readBoolean(text []byte, _ *time.Location) (wire.Argument, string) {
	switch string(text) {
	case "true", "1":
		return bindTrue, ""
	case "false", "0":
		return bindFalse, ""
	}
	return wire.Argument{}, "must be true or false"
}

// readUUID reads the form of RFC 9562, and returns it in lower case.
func readUUID(text []byte, _ *time.Location) (wire.Argument, string) {
	const form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	ok, upper := len(text) == len(form), false
	for i := 0; ok && i < len(form); i++ {
		c := text[i]
		upper = upper || c >= 'A' && c <= 'F'
		ok = c == '-' && form[i] == '-' || form[i] == 'x' && (isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F')
	}
	if !ok {
		return wire.Argument{}, "must be a UUID: 8-4-4-4-12 hexadecimal digits"
	}
	if upper {
		text = bytes.ToLower(text)
	}
	return wire.Argument{Text: text}, ""
}

func readDocument(text []byte, _ *time.Location) (wire.Argument, string) {
	switch {
	case !utf8.Valid(text):
		return wire.Argument{}, notUTF8
	case !json.Valid(text):
		return wire.Argument{}, "must be valid JSON"
	}
	return wire.Argument{Text: text}, ""
}

// jsonNotation is how values of a type are written in JSON.
type jsonNotation uint8

const (
	jsonString jsonNotation = iota
	jsonNumber
	jsonBoolean
	jsonAny
)

// text returns what a JSON value says, or that it is of another type.
func (n jsonNotation) text(raw []byte) (text []byte, problem string) {
	first := raw[0]
	switch n {
	case jsonString:
		if first != '"' {
			return nil, "must be a string"
		}
		text = raw[1 : len(raw)-1]
		if bytes.IndexByte(text, '\\') >= 0 {
			var ok bool
			if text, ok = unescapeJSON(text); !ok {
				return nil, halfSurrogate
			}
		}
		return text, ""
	case jsonNumber:
		if first != '-' && !isDigit(first) {
			return nil, "must be a number"
		}
	case jsonBoolean:
		if first != 't' && first != 'f' {
			return nil, "must be true or false"
		}
	}
	return raw, ""
}
