package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
)

// Row is one row as received. It is read from left to right, once.
type Row struct {
	binary bool
	nulls  []byte
	rest   []byte
	index  int
}

// Value is one field of a row: NULL, the server's text, or a number or time in
// binary form. It stays valid as long as its row.
type Value struct {
	form valueForm
	text []byte
	bits uint64
}

type valueForm uint8

const (
	formNull valueForm = iota
	formText
	formInt
	formUint
	formFloat
	formDouble
	formDate
	formDatetime
	formTime
)

// Next returns the value of the next column, which col describes. The error is
// ErrProtocol for a row that is too short.
func (r *Row) Next(col *Column) (Value, error) {
	if !r.binary {
		return r.nextText()
	}
	bit := r.index + 2
	r.index++
	if r.nulls[bit/8]&(1<<(bit%8)) != 0 {
		return Value{}, nil
	}
	switch col.Type {
	case TypeTiny, TypeShort, TypeYear, TypeInt24, TypeLong, TypeLongLong:
		return r.nextInteger(col)
	case TypeFloat:
		return r.nextFixed(4, formFloat)
	case TypeDouble:
		return r.nextFixed(8, formDouble)
	case TypeDate, TypeNewDate:
		return r.nextTime(formDate)
	case TypeDatetime, TypeTimestamp:
		return r.nextTime(formDatetime)
	case TypeTime:
		return r.nextTime(formTime)
	case TypeNull:
		return Value{}, nil
	}
	text, rest, ok := cutString(r.rest)
	if !ok {
		return Value{}, errRow
	}
	r.rest = rest
	return Value{form: formText, text: text}, nil
}

var errRow = fmt.Errorf("%w: row too short", ErrProtocol)

func (r *Row) nextText() (Value, error) {
	if len(r.rest) > 0 && r.rest[0] == 0xfb {
		r.rest = r.rest[1:]
		return Value{}, nil
	}
	text, rest, ok := cutString(r.rest)
	if !ok {
		return Value{}, errRow
	}
	r.rest = rest
	return Value{form: formText, text: text}, nil
}

func (r *Row) nextInteger(col *Column) (Value, error) {
	size := 4
	switch col.Type {
	case TypeTiny:
		size = 1
	case TypeShort, TypeYear:
		size = 2
	case TypeLongLong:
		size = 8
	}
	form := formInt
	if col.Unsigned() || col.Type == TypeYear {
		form = formUint
	}
	v, err := r.nextFixed(size, form)
	if form == formInt { // extend the sign
		shift := 64 - 8*size
		v.bits = uint64(int64(v.bits<<shift) >> shift)
	}
	return v, err
}

func (r *Row) nextFixed(size int, form valueForm) (Value, error) {
	if len(r.rest) < size {
		return Value{}, errRow
	}
	v := Value{form: form}
	switch p := r.rest; size {
	case 1:
		v.bits = uint64(p[0])
	case 2:
		v.bits = uint64(binary.LittleEndian.Uint16(p))
	case 4:
		v.bits = uint64(binary.LittleEndian.Uint32(p))
	case 8:
		v.bits = binary.LittleEndian.Uint64(p)
	}
	r.rest = r.rest[size:]
	return v, nil
}

func (r *Row) nextTime(form valueForm) (Value, error) {
	if len(r.rest) == 0 {
		return Value{}, errRow
	}
	size := int(r.rest[0])
	if len(r.rest) < 1+size || !timeSize(form, size) {
		return Value{}, errRow
	}
	v := Value{form: form, text: r.rest[1 : 1+size]}
	r.rest = r.rest[1+size:]
	return v, nil
}

// timeSize reports whether a date or time can have this many bytes: trailing
// parts that are zero are left out.
func timeSize(form valueForm, size int) bool {
	if form == formTime {
		return size == 0 || size == 8 || size == 12
	}
	return size == 0 || size == 4 || size == 7 || size == 11
}

// Null reports whether the value is NULL.
func (v Value) Null() bool { return v.form == formNull }

// Text returns the server's text where that is what came over the wire, as it
// does for strings, bytes, DECIMAL and BIT, and for everything in a text row.
func (v Value) Text() (text []byte, ok bool) { return v.text, v.form == formText }

// AppendText appends the text that the server itself would send for the value.
// NULL appends nothing.
func (v Value) AppendText(dst []byte, col *Column) []byte {
	start := len(dst)
	switch v.form {
	case formNull:
		return dst
	case formText:
		return append(dst, v.text...)
	case formInt:
		dst = strconv.AppendInt(dst, int64(v.bits), 10)
	case formUint:
		dst = strconv.AppendUint(dst, v.bits, 10)
		if col.Type == TypeYear {
			return padZeros(dst, start, 4)
		}
	case formFloat:
		dst = appendFloat(dst, float64(math.Float32frombits(uint32(v.bits))), floatDigits, col.Decimals)
	case formDouble:
		dst = appendFloat(dst, math.Float64frombits(v.bits), -1, col.Decimals)
	case formDate:
		return appendDate(dst, v.text)
	case formDatetime:
		return appendDatetime(dst, v.text, col.Decimals)
	case formTime:
		return appendTime(dst, v.text, col.Decimals)
	}
	if col.Zerofill() {
		dst = padZeros(dst, start, int(min(col.Length, 255)))
	}
	return dst
}

// AppendExact is AppendText for a value that is to be sent back: of a FLOAT in
// binary form the server's own text has six digits, this one all of them.
func (v Value) AppendExact(dst []byte, col *Column) []byte {
	if v.form == formFloat {
		return strconv.AppendFloat(dst, float64(math.Float32frombits(uint32(v.bits))), 'g', -1, 64)
	}
	return v.AppendText(dst, col)
}

// padZeros puts zeros in front of dst[start:] until that has width bytes.
func padZeros(dst []byte, start, width int) []byte {
	missing := width - (len(dst) - start)
	if missing <= 0 {
		return dst
	}
	for range missing {
		dst = append(dst, '0')
	}
	copy(dst[start+missing:], dst[start:])
	for i := range missing {
		dst[start+i] = '0'
	}
	return dst
}
