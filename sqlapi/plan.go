package sqlapi

import (
	"fmt"

	"zerohop/sqlapi/wire"
)

// plan is what writing the rows of one set of columns as JSON takes: keys are
// quoted, and ways to write values chosen, once and not once a row.
type plan struct {
	// types says how values are written; nil is as the old stack did.
	types   *types
	columns []wire.Column
	fields  []field
}

// field is one member of the objects.
type field struct {
	key      []byte // {"name": or ,"name":
	notation notation
}

// name returns the quoted name.
func (f *field) name() []byte { return f.key[1 : len(f.key)-1] }

// of makes p the plan for columns, which it may be already.
func (p *plan) of(columns []wire.Column) error {
	if len(p.columns) == len(columns) && len(columns) > 0 && &p.columns[0] == &columns[0] {
		return nil
	}
	fields := make([]field, len(columns))
	for i := range columns {
		name := []byte(columns[i].Name)
		separator := byte(',')
		if i == 0 {
			separator = '{'
		}
		key, ok := appendJSONString([]byte{separator}, name)
		if !ok {
			return fmt.Errorf("the name of column %d is not valid UTF-8", i+1)
		}
		fields[i] = field{key: append(key, ':'), notation: p.types.notation(&columns[i])}
	}
	if missing := p.types.missing(columns); missing != "" {
		return fmt.Errorf("json names the column %q, which the result does not have", missing)
	}
	p.columns, p.fields = columns, fields
	return nil
}

// appendObject appends a row as a JSON object. The error names the column.
func (p *plan) appendObject(dst []byte, row wire.Row) ([]byte, error) {
	for i := range p.fields {
		var err error
		if dst, err = p.appendNext(append(dst, p.fields[i].key...), &row, i); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendArray appends a row as a JSON array. The error names the column.
func (p *plan) appendArray(dst []byte, row wire.Row) ([]byte, error) {
	dst = append(dst, '[')
	for i := range p.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = p.appendNext(dst, &row, i); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// appendNext appends the next value of a row, that of column i. The error names
// the column.
func (p *plan) appendNext(dst []byte, row *wire.Row, i int) ([]byte, error) {
	column := &p.columns[i]
	value, err := row.Next(column)
	if err == nil {
		dst, err = p.types.append(dst, value, column, p.fields[i].notation)
	}
	if err != nil {
		return dst, fmt.Errorf("column %q: %w", column.Name, err)
	}
	return dst, nil
}
