package wire

import (
	"encoding/binary"
	"strconv"
)

// Argument is a value for a parameter of a prepared statement. A nil Text is
// NULL, and so is the zero value.
type Argument struct {
	// Text is the value as text, whatever it is bound as.
	Text []byte
	// As is what the server takes it for.
	As Binding
}

// Binding is the type that an argument is bound as.
type Binding uint8

const (
	// BindText binds the bytes as they are.
	BindText Binding = iota
	// BindInteger binds a BIGINT: Text is an int64 in decimal digits.
	BindInteger
	// BindUnsigned binds a BIGINT UNSIGNED: Text is a uint64 in decimal digits.
	BindUnsigned
	// BindDecimal binds a DECIMAL: Text is digits, with a sign and a point if
	// need be, and without an exponent.
	BindDecimal
)

const unsignedArgument = 0x80

// bindingTypes are the bindings on the wire: a type, and a flag.
var bindingTypes = [...][2]byte{
	BindText:     {byte(TypeVarString), 0},
	BindInteger:  {byte(TypeLongLong), 0},
	BindUnsigned: {byte(TypeLongLong), unsignedArgument},
	BindDecimal:  {byte(TypeNewDecimal), 0},
}

// appendArguments appends which arguments are NULL, their types, and those that
// are not NULL.
func appendArguments(dst []byte, args []Argument) []byte {
	nulls := len(dst)
	for range (len(args) + 7) / 8 {
		dst = append(dst, 0)
	}
	dst = append(dst, 1) // the types follow
	for i := range args {
		if args[i].Text == nil {
			dst[nulls+i/8] |= 1 << (i % 8)
		}
		kind := &bindingTypes[args[i].As]
		dst = append(dst, kind[0], kind[1])
	}
	for i := range args {
		arg := &args[i]
		switch {
		case arg.Text == nil:
		case arg.As == BindInteger || arg.As == BindUnsigned:
			dst = binary.LittleEndian.AppendUint64(dst, arg.integer())
		default:
			dst = appendLength(dst, uint64(len(arg.Text)))
			dst = append(dst, arg.Text...)
		}
	}
	return dst
}

// integer returns the bits of an integer.
func (a *Argument) integer() uint64 {
	if a.As == BindUnsigned {
		if n, err := strconv.ParseUint(string(a.Text), 10, 64); err == nil {
			return n
		}
	} else if n, err := strconv.ParseInt(string(a.Text), 10, 64); err == nil {
		return uint64(n)
	}
	panic("bug: an argument that is bound as an integer is none")
}
