package sqlapi

import "zerohop/sqlapi/wire"

// rowsLayout is an array of objects: [{"id":2,"name":null},{"id":3,"name":"bob"}].
type rowsLayout struct{ plan plan }

func (l *rowsLayout) begin(dst []byte, columns []wire.Column) ([]byte, error) {
	return append(dst, '['), l.plan.of(columns)
}

func (l *rowsLayout) row(dst []byte, n int, row wire.Row) ([]byte, error) {
	if n > 0 {
		dst = append(dst, ',')
	}
	return l.plan.appendObject(dst, row)
}

func (l *rowsLayout) end(dst []byte, _ int) ([]byte, error) { return append(dst, ']'), nil }

// compactLayout is an array of arrays, the first with the names of the
// columns: [["id","name"],[2,null]].
type compactLayout struct {
	plan  plan
	names []byte // [["id","name"]
	of    *wire.Column
}

func (l *compactLayout) begin(dst []byte, columns []wire.Column) ([]byte, error) {
	if err := l.plan.of(columns); err != nil {
		return dst, err
	}
	if l.of != &columns[0] {
		l.of, l.names = &columns[0], append(l.names[:0], "[["...)
		for i := range l.plan.fields {
			if i > 0 {
				l.names = append(l.names, ',')
			}
			l.names = append(l.names, l.plan.fields[i].name()...)
		}
		l.names = append(l.names, ']')
	}
	return append(dst, l.names...), nil
}

func (l *compactLayout) row(dst []byte, _ int, row wire.Row) ([]byte, error) {
	return l.plan.appendArray(append(dst, ','), row)
}

func (l *compactLayout) end(dst []byte, _ int) ([]byte, error) { return append(dst, ']'), nil }

// objectLayout is a row as an object: {"id":2,"name":null}. That there is one
// row, and no other, is not its concern.
type objectLayout struct{ plan plan }

func (l *objectLayout) begin(dst []byte, columns []wire.Column) ([]byte, error) {
	return dst, l.plan.of(columns)
}

func (l *objectLayout) row(dst []byte, _ int, row wire.Row) ([]byte, error) {
	return l.plan.appendObject(dst, row)
}

func (l *objectLayout) end(dst []byte, _ int) ([]byte, error) { return dst, nil }

// valueLayout is the first column of a row: 2.
type valueLayout struct{ plan plan }

func (l *valueLayout) begin(dst []byte, columns []wire.Column) ([]byte, error) {
	return dst, l.plan.of(columns)
}

func (l *valueLayout) row(dst []byte, _ int, row wire.Row) ([]byte, error) {
	return l.plan.appendNext(dst, &row, 0)
}

func (l *valueLayout) end(dst []byte, _ int) ([]byte, error) { return dst, nil }
