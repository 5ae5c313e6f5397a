package sqlapi

import (
	"fmt"
	"slices"
	"strconv"

	"zerohop/sqlapi/wire"
)

// keeper keeps of a result what others than the body want: how many rows it
// has, and the values of some columns in the last of them. It is a layout that
// writes nothing itself, and passes everything on to the one that does, if any.
//
// What it keeps stays valid until the next result that it is told of.
type keeper struct {
	names []string // of the columns that are wanted
	inner layout   // nil: the rows are of no use to the body

	sets    int // results with columns so far
	rows    int // of the last of them, as are these:
	columns []wire.Column
	at      []int           // the place of each name among the columns
	values  []wire.Argument // of each name; of the last row
}

// What keeper.at says of names that are not the name of one column.
const (
	columnMissing   = -1
	columnAmbiguous = -2
)

func (k *keeper) begin(dst []byte, columns []wire.Column) ([]byte, error) {
	k.sets, k.rows, k.columns = k.sets+1, 0, columns
	k.at = k.at[:0]
	for _, name := range k.names {
		k.at = append(k.at, columnNamed(columns, name))
	}
	if len(k.values) == 0 {
		k.values = make([]wire.Argument, len(k.names))
	}
	if k.inner == nil {
		return dst, nil
	}
	return k.inner.begin(dst, columns)
}

// before returns the layout with those before it that see the rows first; first
// tells whether the result is the statement's first.
func (c *call) before(l layout, first bool) layout {
	if c.kept != nil && first {
		c.kept.inner = l
		l = c.kept
	}
	if c.page != nil {
		c.page.inner = l
		l = c.page
	}
	return l
}

// columnNamed returns the place of the only column of that name.
func columnNamed(columns []wire.Column, name string) int {
	is := func(c wire.Column) bool { return c.Name == name }
	at := slices.IndexFunc(columns, is)
	if at >= 0 && slices.ContainsFunc(columns[at+1:], is) {
		return columnAmbiguous
	}
	return at
}

func (k *keeper) row(dst []byte, n int, row wire.Row) ([]byte, error) {
	if err := k.see(row); err != nil || k.inner == nil {
		return dst, err
	}
	return k.inner.row(dst, n, row)
}

// see keeps what is wanted of a row, which may be one that the body leaves out.
func (k *keeper) see(row wire.Row) error {
	k.rows++
	if len(k.names) == 0 {
		return nil
	}
	return k.keep(row)
}

// keep takes the wanted values out of a copy of the row.
func (k *keeper) keep(row wire.Row) error {
	for i := range k.columns {
		value, err := row.Next(&k.columns[i])
		if err != nil {
			return err
		}
		for name, at := range k.at {
			if at == i {
				k.values[name] = argumentOf(value, &k.columns[i], k.values[name].Text[:0])
			}
		}
	}
	return nil
}

func (k *keeper) end(dst []byte, n int) ([]byte, error) {
	if k.inner == nil {
		return dst, nil
	}
	return k.inner.end(dst, n)
}

// value returns a column of the last row, ErrNoRow where there was none.
func (k *keeper) value(name string) (wire.Argument, error) {
	i := slices.Index(k.names, name)
	switch {
	case i < 0:
		panic("bug: a column that nobody has said to want")
	case k.sets == 0:
		return wire.Argument{}, fmt.Errorf("%w: no statement before has returned rows for :row.%s", ErrStatement, name)
	case k.at[i] == columnMissing:
		return wire.Argument{}, fmt.Errorf("%w: the rows before have no column %q", ErrStatement, name)
	case k.at[i] == columnAmbiguous:
		return wire.Argument{}, fmt.Errorf("%w: the rows before have two columns %q", ErrStatement, name)
	case k.rows == 0:
		return wire.Argument{}, fmt.Errorf("%w: for :row.%s", ErrNoRow, name)
	}
	return k.values[i], nil
}

// argumentOf returns a value as it has to be bound to be the same value again;
// its text is appended to space. NULL stays NULL.
func argumentOf(v wire.Value, c *wire.Column, space []byte) wire.Argument {
	if v.Null() {
		return wire.Argument{}
	}
	text := v.AppendExact(space, c)
	if text == nil {
		text = []byte{} // the empty string, which is not NULL
	}
	switch c.Type {
	case wire.TypeTiny, wire.TypeShort, wire.TypeInt24, wire.TypeLong, wire.TypeLongLong, wire.TypeYear:
		if c.Unsigned() || c.Type == wire.TypeYear {
			return wire.Argument{Text: text, As: wire.BindUnsigned}
		}
		return wire.Argument{Text: text, As: wire.BindInteger}
	case wire.TypeDecimal, wire.TypeNewDecimal:
		return wire.Argument{Text: text, As: wire.BindDecimal}
	case wire.TypeBit:
		var bits uint64
		for _, b := range text {
			bits = bits<<8 | uint64(b)
		}
		return wire.Argument{Text: strconv.AppendUint(text[:0], bits, 10), As: wire.BindUnsigned}
	}
	return wire.Argument{Text: text}
}
