package tornado

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"unicode/utf8"
)

// number reads an int, a bool as protocols 0 and 1 have it, or a float.
func (m *machine) number(code byte) (any, error) {
	switch code {
	case opInt, opLong, opFloat:
		line, err := m.line()
		if err != nil {
			return nil, err
		}
		return textNumber(code, line)
	case opBinInt:
		n, err := m.unsigned(4)
		return int64(int32(n)), err
	case opBinInt1:
		n, err := m.unsigned(1)
		return int64(n), err
	case opBinInt2:
		n, err := m.unsigned(2)
		return int64(n), err
	case opBinFloat:
		b, err := m.bytes(8)
		if err != nil {
			return nil, err
		}
		return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
	}
	size := uint64(1)
	if code == opLong4 {
		size = 4
	}
	b, err := m.counted(size)
	if err != nil {
		return nil, err
	}
	return long(b)
}

// textNumber reads a number as protocol 0 writes it. True and False are I01
// and I00 there.
func textNumber(code byte, line []byte) (any, error) {
	if code == opFloat {
		f, err := strconv.ParseFloat(string(line), 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return nil, fmt.Errorf("%.20q is no float", line)
		}
		return f, nil
	}
	if text := string(line); code == opInt && (text == "00" || text == "01") {
		return text == "01", nil
	}
	digits := line
	if code == opLong {
		digits = bytes.TrimSuffix(line, []byte("L"))
	}
	if len(digits) > maxDigits {
		return nil, fmt.Errorf("an int of %d digits", len(digits))
	}
	n, ok := new(big.Int).SetString(string(digits), 10)
	if !ok {
		return nil, fmt.Errorf("%.20q is no int", line)
	}
	return plain(n), nil
}

// long reads an int in two's complement, the lowest byte first.
func long(b []byte) (any, error) {
	if len(b) > maxDigits*2/5 { // some 2.4 digits a byte
		return nil, fmt.Errorf("an int of %d bytes", len(b))
	}
	big1 := slices.Clone(b)
	slices.Reverse(big1)
	n := new(big.Int).SetBytes(big1)
	if len(b) > 0 && b[len(b)-1]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return plain(n), nil
}

func plain(n *big.Int) any {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

// text reads a str or bytes.
func (m *machine) text(code byte) (any, error) {
	var (
		b   []byte
		err error
	)
	switch code {
	case opString, opUnicode:
		b, err = m.line()
	case opShortBinString, opShortBinBytes, opShortBinUnicode:
		b, err = m.counted(1)
	case opBinString, opBinBytes, opBinUnicode:
		b, err = m.counted(4)
	default:
		b, err = m.counted(8)
	}
	if err != nil {
		return nil, err
	}
	switch code {
	case opString:
		return quoted(b)
	case opUnicode:
		return rawUnicode(b)
	case opBinUnicode, opShortBinUnicode, opBinUnicode8:
		if !utf8.Valid(b) {
			return nil, errors.New("a str that is not UTF-8") // Python allows halves of surrogates
		}
		return string(b), nil
	}
	return bytestring(b), nil
}

var errQuotes = errors.New("a str whose quotes do not fit")

// quoted reads a str as Python 2 wrote it: in quotes, with escapes.
func quoted(b []byte) (any, error) {
	b = bytes.TrimRight(b, " \t\r")
	if len(b) < 2 || b[0] != b[len(b)-1] || b[0] != '\'' && b[0] != '"' {
		return nil, errQuotes
	}
	b = b[1 : len(b)-1]
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			out = append(out, b[i])
			continue
		}
		c, n := escaped(b[i+1:])
		if n == 0 {
			return nil, fmt.Errorf("a str with the escape %.4q", b[i:])
		}
		out = append(out, c)
		i += n
	}
	return bytestring(out), nil
}

// escaped reads what stands behind a backslash, in n bytes; 0 if it is not one
// of the escapes that Python writes.
func escaped(b []byte) (c byte, n int) {
	if len(b) == 0 {
		return 0, 0
	}
	switch b[0] {
	case '\\', '\'', '"':
		return b[0], 1
	case 'n':
		return '\n', 1
	case 'r':
		return '\r', 1
	case 't':
		return '\t', 1
	case 'x':
		if code, ok := hexDigits(b[1:], 2); ok {
			return byte(code), 3
		}
	}
	return 0, 0
}

// rawUnicode reads a str as protocol 0 has it: in Latin-1, what is not in it as
// \uXXXX or \UXXXXXXXX, and no other escapes.
func rawUnicode(b []byte) (any, error) {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		digits := 0
		if b[i] == '\\' && i+1 < len(b) {
			switch b[i+1] {
			case 'u':
				digits = 4
			case 'U':
				digits = 8
			}
		}
		if digits == 0 {
			out = utf8.AppendRune(out, rune(b[i]))
			continue
		}
		code, ok := hexDigits(b[i+2:], digits)
		if !ok || !utf8.ValidRune(rune(code)) {
			return nil, fmt.Errorf("a str with the escape %.10q", b[i:])
		}
		out = utf8.AppendRune(out, rune(code))
		i += 1 + digits
	}
	return string(out), nil
}

func hexDigits(b []byte, n int) (uint32, bool) {
	if len(b) < n {
		return 0, false
	}
	code, err := strconv.ParseUint(string(b[:n]), 16, 32)
	return uint32(code), err == nil
}
