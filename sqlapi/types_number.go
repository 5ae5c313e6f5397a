package sqlapi

import (
	"bytes"
	"slices"

	"zerohop/sqlapi/wire"
)

// maxSafe is the largest number up to which JavaScript knows every whole one.
const maxSafe = "9007199254740991"

// appendDigits appends a value whose text has no characters that JSON escapes.
func appendDigits(dst []byte, v wire.Value, c *wire.Column, n notation) []byte {
	start := len(dst)
	switch n {
	case notationPlain:
		return append(v.AppendText(append(dst, '"'), c), '"')
	case notationDigits:
		return append(trimZeros(v.AppendText(append(dst, '"'), c), start+1), '"')
	case notationBoolean:
		dst = v.AppendText(dst, c)
		isZero := !bytes.ContainsAny(dst[start:], "123456789")
		return appendBool(dst[:start], !isZero)
	}
	dst = trimZeros(v.AppendText(dst, c), start)
	if n == notationSafe && !isSafe(dst[start:]) {
		dst = append(slices.Insert(dst, start, '"'), '"')
	}
	return dst
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, "true"...)
	}
	return append(dst, "false"...)
}

// isSafe reports whether a whole number without leading zeros is one that
// JavaScript's numbers can tell from its neighbours.
func isSafe(number []byte) bool {
	digits := bytes.TrimPrefix(number, []byte("-"))
	return len(digits) < len(maxSafe) || len(digits) == len(maxSafe) && string(digits) <= maxSafe
}

// trimZeros drops what JSON does not allow in front of the number dst[start:].
func trimZeros(dst []byte, start int) []byte {
	number := dst[start:]
	if len(number) < 2 || number[0] != '0' {
		return dst
	}
	rest := bytes.TrimLeft(number, "0")
	if len(rest) == 0 || rest[0] < '0' || rest[0] > '9' {
		// The number is 0, or begins with 0. or 0e: one zero stays.
		rest = number[len(number)-len(rest)-1:]
	}
	return append(dst[:start], rest...)
}
