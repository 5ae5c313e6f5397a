package wire

import (
	"encoding/binary"
	"fmt"
)

// Type is a column's type on the wire.
type Type uint8

// The types of the protocol.
const (
	TypeDecimal    Type = 0x00
	TypeTiny       Type = 0x01
	TypeShort      Type = 0x02
	TypeLong       Type = 0x03
	TypeFloat      Type = 0x04
	TypeDouble     Type = 0x05
	TypeNull       Type = 0x06
	TypeTimestamp  Type = 0x07
	TypeLongLong   Type = 0x08
	TypeInt24      Type = 0x09
	TypeDate       Type = 0x0a
	TypeTime       Type = 0x0b
	TypeDatetime   Type = 0x0c
	TypeYear       Type = 0x0d
	TypeNewDate    Type = 0x0e
	TypeVarchar    Type = 0x0f
	TypeBit        Type = 0x10
	TypeJSON       Type = 0xf5
	TypeNewDecimal Type = 0xf6
	TypeEnum       Type = 0xf7
	TypeSet        Type = 0xf8
	TypeTinyBlob   Type = 0xf9
	TypeMediumBlob Type = 0xfa
	TypeLongBlob   Type = 0xfb
	TypeBlob       Type = 0xfc
	TypeVarString  Type = 0xfd
	TypeString     Type = 0xfe
	TypeGeometry   Type = 0xff
)

// CharsetBinary is the character set of bytes that are no text.
const CharsetBinary = 63

const (
	flagUnsigned = 1 << 5
	flagZerofill = 1 << 6
	// floating is the number of decimals that means "as many as it takes".
	floating = 31
)

// Column describes one column of a result.
type Column struct {
	// Name is the column's name or alias.
	Name string
	Type Type
	// Charset tells text from bytes: CharsetBinary is bytes.
	Charset uint16
	// Length is the display width, in bytes.
	Length uint32
	// Decimals is the number of digits behind the point, of fractions of a
	// second for times; 31 where the number has as many as it takes.
	Decimals uint8
	Flags    uint16
}

// Unsigned reports whether an integer column has no sign.
func (c *Column) Unsigned() bool { return c.Flags&flagUnsigned != 0 }

// Zerofill reports whether the server pads the column's text with zeros to Length.
func (c *Column) Zerofill() bool { return c.Flags&flagZerofill != 0 }

// Numeric reports whether the column's text is a number.
func (c *Column) Numeric() bool {
	switch c.Type {
	case TypeTiny, TypeShort, TypeInt24, TypeLong, TypeLongLong, TypeYear,
		TypeFloat, TypeDouble, TypeDecimal, TypeNewDecimal:
		return true
	}
	return false
}

// Bytes reports whether the column's values are bytes of no character set. BIT
// is not among them.
func (c *Column) Bytes() bool {
	switch c.Type {
	case TypeVarchar, TypeVarString, TypeString, TypeTinyBlob, TypeMediumBlob, TypeLongBlob, TypeBlob, TypeGeometry:
		return c.Charset == CharsetBinary
	}
	return false
}

// parseColumn reads a column definition.
func parseColumn(p []byte) (Column, error) {
	var c Column
	for range 4 { // catalog, schema, table, original table
		var ok bool
		if _, p, ok = cutString(p); !ok {
			return c, errColumn
		}
	}
	name, p, ok := cutString(p)
	if !ok {
		return c, errColumn
	}
	c.Name = string(name)
	if _, p, ok = cutString(p); !ok { // original name
		return c, errColumn
	}
	size, p, ok := cutLength(p)
	if !ok || size < 10 || len(p) < 10 {
		return c, errColumn
	}
	c.Charset = binary.LittleEndian.Uint16(p)
	c.Length = binary.LittleEndian.Uint32(p[2:])
	c.Type = Type(p[6])
	c.Flags = binary.LittleEndian.Uint16(p[7:])
	c.Decimals = p[9]
	return c, nil
}

var errColumn = fmt.Errorf("%w: column definition", ErrProtocol)
