package wire

import (
	"bytes"
	"strconv"
)

const (
	// floatDigits is how many significant digits the server shows of a FLOAT.
	floatDigits = 6
	// plainDigits is how far the point may be from the first digit, on either
	// side, before the server writes an exponent; a number with digits behind
	// the point never gets one for being large.
	plainDigits = 15
)

// appendFloat appends a number as the server's own my_gcvt and my_fcvt write
// it: with a fixed number of decimals where the column has one; else with
// the given number of significant digits, or the fewest that tell the number
// apart (-1), no trailing zeros, and an exponent such as 1e20 or 1.5e-20 only
// far away from zero.
func appendFloat(dst []byte, f float64, digits int, decimals uint8) []byte {
	if decimals < floating {
		return strconv.AppendFloat(dst, f, 'f', int(decimals), 64)
	}
	if f == 0 {
		// A negative zero keeps its sign.
		return strconv.AppendFloat(dst, f, 'f', 0, 64)
	}
	precision := digits
	if precision > 0 {
		precision--
	}
	var space [32]byte
	text := strconv.AppendFloat(space[:0], f, 'e', precision, 64)
	if text[0] == '-' {
		dst = append(dst, '-')
		text = text[1:]
	}
	e := bytes.IndexByte(text, 'e')
	exponent, err := strconv.Atoi(string(text[e+1:]))
	if err != nil {
		panic("bug: number without an exponent: " + string(text))
	}
	if e > 1 { // the digits alone are wanted, without the point behind the first
		text[1], text = text[0], text[1:]
		e--
	}
	return appendDigits(dst, bytes.TrimRight(text[:e], "0"), exponent+1)
}

// appendDigits appends 0.digits × 10^point.
func appendDigits(dst, digits []byte, point int) []byte {
	switch {
	case point > plainDigits && point >= len(digits), point < 1-plainDigits:
		dst = append(dst, digits[0])
		if len(digits) > 1 {
			dst = append(append(dst, '.'), digits[1:]...)
		}
		return strconv.AppendInt(append(dst, 'e'), int64(point-1), 10)
	case point <= 0:
		dst = append(dst, "0."...)
		dst = appendZeros(dst, -point)
		return append(dst, digits...)
	case point >= len(digits):
		dst = append(dst, digits...)
		return appendZeros(dst, point-len(digits))
	}
	dst = append(append(dst, digits[:point]...), '.')
	return append(dst, digits[point:]...)
}

func appendZeros(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, '0')
	}
	return dst
}
