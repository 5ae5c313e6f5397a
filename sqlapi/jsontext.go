package sqlapi

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// One byte, eight times over: the scan below looks at eight bytes at once.
const (
	eachOne       = 0x0101010101010101
	eachHighBit   = 0x80 * eachOne
	eachSpace     = ' ' * eachOne
	eachQuote     = '"' * eachOne
	eachBackslash = '\\' * eachOne
)

const hexDigits = "0123456789abcdef"

// appendJSONString appends s to dst as a JSON string, quotes included. It
// escapes what the old stack escaped: \r \n \\ \" \f \b \t, every other byte
// below 0x20 as \u00xx; the rest passes as it is, U+2028 and / too.
//
// ok is false when s is not valid UTF-8, which no JSON can hold; the slice
// returned then has dst's length. s must not overlap the free part of dst.
func appendJSONString(dst, s []byte) (_ []byte, ok bool) {
	begin := len(dst)
	dst, ok = appendJSONInside(append(dst, '"'), s)
	if !ok {
		return dst[:begin], false
	}
	return append(dst, '"'), true
}

// appendJSONInside is appendJSONString without the quotes.
func appendJSONInside(dst, s []byte) (_ []byte, ok bool) {
	begin := len(dst)
	copied := 0                 // s[:copied] is in dst
	stop := uint64(eachHighBit) // bits that stop the scan at a byte >= 0x80
	for i := nextSpecial(s, 0, stop); i < len(s); {
		if s[i] >= utf8.RuneSelf {
			// Once is enough: the scan passes what follows from here on.
			if !utf8.Valid(s[i:]) {
				return dst[:begin], false
			}
			stop = 0
		} else {
			dst = append(dst, s[copied:i]...)
			dst = appendEscape(dst, s[i])
			i++
			copied = i
		}
		i = nextSpecial(s, i, stop)
	}
	return append(dst, s[copied:]...), true
}

// nextSpecial returns the first index from i on of a byte that JSON escapes,
// or that has its high bit set and stop asks for those, or len(s).
func nextSpecial(s []byte, i int, stop uint64) int {
	for ; i+8 <= len(s); i += 8 {
		x := binary.LittleEndian.Uint64(s[i:])
		// A subtraction borrows into a byte's high bit exactly when the byte
		// is below the bound. It may then spoil the bytes above, never the
		// lowest one found, and that is the one wanted.
		found := (x - eachSpace) | ((x ^ eachQuote) - eachOne) | ((x ^ eachBackslash) - eachOne)
		if found = found&^x&eachHighBit | x&stop; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf && stop != 0 {
			return i
		}
	}
	return i
}

// appendEscape appends the escape of c, one of the bytes that need one.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	case '\f':
		return append(dst, '\\', 'f')
	case '\b':
		return append(dst, '\\', 'b')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
