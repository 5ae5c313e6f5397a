package sqlapi

import "zerohop/sqlapi/wire"

// ndjsonLayout writes every row as a line of its own, a JSON object.
type ndjsonLayout struct{ plan plan }

func (l *ndjsonLayout) begin(dst []byte, columns []wire.Column) ([]byte, error) {
	return dst, l.plan.of(columns)
}

func (l *ndjsonLayout) row(dst []byte, _ int, row wire.Row) ([]byte, error) {
	dst, err := l.plan.appendObject(dst, row)
	if err != nil {
		return dst, err
	}
	return append(dst, '\n'), nil
}

func (l *ndjsonLayout) end(dst []byte, _ int) ([]byte, error) { return dst, nil }
