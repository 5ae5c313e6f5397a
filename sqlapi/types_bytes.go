package sqlapi

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"
)

var errNotJSON = errors.New("the value is not valid JSON")

// appendBytes appends a text, or bytes that are none.
func appendBytes(dst, text []byte, n notation) ([]byte, error) {
	switch n {
	case notationBits:
		return appendBits(dst, text), nil
	case notationBitCount:
		return strconv.AppendUint(dst, bitCount(text), 10), nil
	case notationBitFlag:
		return appendBool(dst, bitCount(text) != 0), nil
	case notationBase64:
		return append(base64.StdEncoding.AppendEncode(append(dst, '"'), text), '"'), nil
	case notationHex:
		return append(hex.AppendEncode(append(dst, '"'), text), '"'), nil
	case notationEmbedded:
		return appendEmbedded(dst, text)
	}
	dst, ok := appendJSONString(dst, text)
	if !ok {
		return dst, errNotUTF8
	}
	return dst, nil
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

// bitCount returns a BIT value as a number: it has 64 bits at most.
func bitCount(bits []byte) uint64 {
	var n uint64
	for _, b := range bits {
		n = n<<8 | uint64(b)
	}
	return n
}

// appendEmbedded appends JSON without the white space around its parts, which
// would break a line where every row is one.
func appendEmbedded(dst, text []byte) ([]byte, error) {
	if !json.Valid(text) || !utf8.Valid(text) {
		return dst, errNotJSON
	}
	inString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			inString = !inString
		case c == '\\': // only strings have any: what it escapes ends none
			dst = append(dst, c)
			i++
		case !inString && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			continue
		}
		dst = append(dst, text[i])
	}
	return dst, nil
}
