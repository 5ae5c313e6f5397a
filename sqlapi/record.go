package sqlapi

import (
	"encoding/binary"

	"zerohop/sqlapi/wire"
)

// Row is the first row of a Query's result. Its zero value is ready for use,
// and may be used for one result after the other, which keeps its memory; what
// its methods return is valid until then. It belongs to one goroutine.
type Row struct {
	record  []byte // as a recordLayout has written it
	columns []Column
	rows    int
}

// Column is one column of a Row.
type Column struct {
	// Name is as the statement has it, Value the server's text, which is nil
	// for NULL and otherwise not.
	Name, Value []byte
}

// Rows returns how many rows the result has: 0, 1, or 2 for more than one.
func (r *Row) Rows() int { return r.rows }

// Columns returns the columns of the first row, in the statement's order; none
// where there is no row.
func (r *Row) Columns() []Column { return r.columns }

// Value returns the first column of a name. ok is false where there is none.
func (r *Row) Value(name string) (value []byte, ok bool) {
	for i := range r.columns {
		if string(r.columns[i].Name) == name {
			return r.columns[i].Value, true
		}
	}
	return nil, false
}

// reset forgets the row, and what was in it: it may have been a password's hash.
func (r *Row) reset() {
	clear(r.record[:cap(r.record)])
	clear(r.columns)
	r.record, r.columns, r.rows = r.record[:0], r.columns[:0], 0
}

// parse reads a record; more tells that the result had further rows.
func (r *Row) parse(record []byte, more bool) {
	if len(record) == 0 { // a statement without rows
		return
	}
	r.record = record
	columns, rest := cutCount(record)
	for range columns {
		var name []byte
		name, rest = cutField(rest)
		r.columns = append(r.columns, Column{Name: name})
	}
	if len(rest) == 0 {
		r.columns = r.columns[:0]
		return
	}
	for i := range r.columns {
		r.columns[i].Value, rest = cutField(rest)
	}
	r.rows = 1
	if more {
		r.rows = 2
	}
}

// recordLayout writes a row for Row.parse: how many columns it has, their names,
// their values. A field is its length and one, in front of its bytes, NULL a 0.
type recordLayout struct {
	columns []wire.Column
	number  []byte // the text of what is no text on the wire
}

func (l *recordLayout) begin(dst []byte, columns []wire.Column) ([]byte, error) {
	l.columns = columns
	dst = binary.AppendUvarint(dst, uint64(len(columns)))
	for i := range columns {
		dst = appendField(dst, columns[i].Name)
	}
	return dst, nil
}

func (l *recordLayout) row(dst []byte, _ int, row wire.Row) ([]byte, error) {
	for i := range l.columns {
		col := &l.columns[i]
		value, err := row.Next(col)
		if err != nil {
			return dst, err
		}
		if value.Null() {
			dst = append(dst, 0)
			continue
		}
		if text, ok := value.Text(); ok {
			dst = appendField(dst, text)
			continue
		}
		l.number = value.AppendText(l.number[:0], col)
		dst = appendField(dst, l.number)
	}
	return dst, nil
}

func (l *recordLayout) end(dst []byte, _ int) ([]byte, error) { return dst, nil }

func appendField[T string | []byte](dst []byte, field T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(field))+1), field...)
}

// cutField takes a field off the front of a record that was written here.
func cutField(p []byte) (field, rest []byte) {
	n, p := cutCount(p)
	if n == 0 {
		return nil, p
	}
	return p[: n-1 : n-1], p[n-1:]
}

func cutCount(p []byte) (n uint64, rest []byte) {
	n, size := binary.Uvarint(p)
	if size <= 0 {
		panic("bug: a record that is cut short")
	}
	return n, p[size:]
}
