package sqlapi

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"strconv"
	"time"

	"zerohop/sqlapi/wire"
)

// How many digits a DECIMAL of every server has, and how many of them behind
// the point.
const (
	maxDigits   = 65
	maxDecimals = 30
)

const (
	notInteger  = "must be a whole number"
	outOfBIGINT = "is out of range: a whole number is from -9223372036854775808 to 18446744073709551615"
	notNumber   = "must be a number"
)

// readInteger reads a whole number in JSON's notation, without a fraction and
// without an exponent.
func readInteger(text []byte, _ *time.Location) (wire.Argument, string) {
	digits, negative := bytes.CutPrefix(text, []byte{'-'})
	if len(digits) == 0 || len(digits) > 1 && digits[0] == '0' || len(leadingDigits(digits)) != len(digits) {
		return wire.Argument{}, notInteger
	}
	if len(digits) > len("18446744073709551615") {
		return wire.Argument{}, outOfBIGINT
	}
	n, err := strconv.ParseUint(string(digits), 10, 64)
	switch {
	case err != nil || negative && n > -math.MinInt64:
		return wire.Argument{}, outOfBIGINT
	case negative && n == 0:
		text = digits
	case !negative && n > math.MaxInt64:
		return wire.Argument{Text: text, As: wire.BindUnsigned}, ""
	}
	return wire.Argument{Text: text, As: wire.BindInteger}, ""
}

// leadingDigits returns the digits that s begins with.
func leadingDigits(s []byte) []byte {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return s[:n]
}

// numeral is a number in JSON's notation, taken apart.
type numeral struct {
	negative        bool
	whole, fraction []byte // digits; whole has at least one
	exponent        int
}

// parseNumeral takes a number apart. ok is false for what is none, or has an
// exponent that no DECIMAL has room for.
func parseNumeral(text []byte) (d numeral, ok bool) {
	rest, negative := bytes.CutPrefix(text, []byte{'-'})
	d.negative = negative
	d.whole = leadingDigits(rest)
	if len(d.whole) == 0 || len(d.whole) > 1 && d.whole[0] == '0' {
		return d, false
	}
	rest = rest[len(d.whole):]
	if after, found := bytes.CutPrefix(rest, []byte{'.'}); found {
		d.fraction = leadingDigits(after)
		if len(d.fraction) == 0 {
			return d, false
		}
		rest = after[len(d.fraction):]
	}
	if len(rest) == 0 {
		return d, true
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return d, false
	}
	exponent := rest[1:]
	unsigned := bytes.TrimLeft(exponent, "+-")
	if len(exponent)-len(unsigned) > 1 || len(leadingDigits(unsigned)) != len(unsigned) {
		return d, false
	}
	var err error
	d.exponent, err = strconv.Atoi(string(exponent))
	return d, err == nil
}

// readNumber reads a number in JSON's notation. It becomes plain digits, exactly.
func readNumber(text []byte, _ *time.Location) (wire.Argument, string) {
	d, ok := parseNumeral(text)
	if !ok {
		return wire.Argument{}, notNumber
	}
	plain := text
	if d.exponent != 0 || bytes.ContainsAny(text, "eE") || d.negative && d.zero() {
		if plain, ok = d.expand(); !ok {
			return wire.Argument{}, tooManyDigits
		}
	}
	whole, fraction, _ := bytes.Cut(bytes.TrimPrefix(plain, []byte{'-'}), []byte{'.'})
	if len(fraction) > maxDecimals || len(bytes.TrimLeft(whole, "0"))+len(fraction) > maxDigits {
		return wire.Argument{}, tooManyDigits
	}
	return wire.Argument{Text: plain, As: wire.BindDecimal}, ""
}

var tooManyDigits = fmt.Sprintf("has more than %d digits, or more than %d behind the point", maxDigits, maxDecimals)

func (d *numeral) zero() bool {
	return len(bytes.Trim(d.whole, "0"))+len(bytes.Trim(d.fraction, "0")) == 0
}

// expand returns the number without an exponent; ok is false if that would be
// longer than any DECIMAL.
func (d *numeral) expand() (_ []byte, ok bool) {
	digits := append(bytes.Clone(d.whole), d.fraction...)
	point := len(d.whole)
	if !d.zero() {
		if d.exponent < -2*maxDigits || d.exponent > 2*maxDigits || len(digits) > 2*maxDigits {
			return nil, false
		}
		point += d.exponent
	}
	for ; point < 1; point++ {
		digits = append([]byte{'0'}, digits...)
	}
	for len(digits) < point {
		digits = append(digits, '0')
	}
	var plain []byte
	if d.negative && !d.zero() {
		plain = append(plain, '-')
	}
	whole := bytes.TrimLeft(digits[:point], "0")
	if len(whole) == 0 {
		whole = []byte{'0'}
	}
	plain = append(plain, whole...)
	if point < len(digits) {
		plain = append(append(plain, '.'), digits[point:]...)
	}
	return plain, true
}

// compareNumbers compares two numbers in plain digits, exactly.
func compareNumbers(a, b []byte) int {
	a, aNegative := bytes.CutPrefix(a, []byte{'-'})
	b, bNegative := bytes.CutPrefix(b, []byte{'-'})
	switch {
	case aNegative && !bNegative:
		return -1
	case bNegative && !aNegative:
		return 1
	case aNegative:
		a, b = b, a
	}
	aWhole, aFraction, _ := bytes.Cut(a, []byte{'.'})
	bWhole, bFraction, _ := bytes.Cut(b, []byte{'.'})
	return cmp.Or(cmp.Compare(len(aWhole), len(bWhole)), bytes.Compare(aWhole, bWhole),
		bytes.Compare(bytes.TrimRight(aFraction, "0"), bytes.TrimRight(bFraction, "0")))
}
