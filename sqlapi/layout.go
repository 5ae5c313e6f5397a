package sqlapi

import "zerohop/sqlapi/wire"

// layout makes the rows of a result into a body: JSON in one of its shapes, or
// another format. It is told of the columns, of every row, and of the end.
//
// A layout belongs to one statement on one connection (prepared.layouts) and is
// used for one result at a time, in the goroutine that reads it. What it works
// out of the columns it keeps, see plan.of: then the same request once more
// allocates nothing. It has no say in what stands around the rows (wrapping)
// nor in how many there may be (limits).
//
// An error is about the statement, whose kind it gets elsewhere, unless it
// wraps a kind of its own. dst may then hold anything behind its old length.
type layout interface {
	// begin appends what stands before the first row. columns must not be
	// changed; they are the same slice as long as they are the same columns.
	begin(dst []byte, columns []wire.Column) ([]byte, error)
	// row appends a row, the first with n = 0.
	row(dst []byte, n int, row wire.Row) ([]byte, error)
	// end appends what stands behind the last of n rows.
	end(dst []byte, n int) ([]byte, error)
}

// format is what a body is written in.
type format uint8

const (
	formatJSON format = iota
	formatNDJSON
	formatCSV
	formats // how many there are

	// formatRecord is no body: a Query's first row.
	formatRecord = formats
)

// newLayout returns a layout for rows in a format.
func (a *answer) newLayout(f format) layout {
	plan := plan{types: a.types}
	switch f {
	case formatNDJSON:
		return &ndjsonLayout{plan: plan}
	case formatCSV:
		return &csvLayout{dialect: a.csv, types: a.types}
	case formatRecord:
		return new(recordLayout)
	}
	switch a.shape {
	case shapeCompact:
		return &compactLayout{plan: plan}
	case shapeObject:
		return &objectLayout{plan: plan}
	case shapeValue:
		return &valueLayout{plan: plan}
	}
	return &rowsLayout{plan: plan}
}

// layout returns the layout for rows in a format, the same one every time.
func (p *prepared) layout(f format) layout {
	if p.layouts[f] == nil {
		p.layouts[f] = p.query.answer.newLayout(f)
	}
	return p.layouts[f]
}
