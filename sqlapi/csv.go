package sqlapi

import (
	"bytes"
	"fmt"
	"strconv"

	"zerohop/sqlapi/wire"
)

// csvLayout writes rows as CSV, byte for byte as the old stack's rds-csv: a
// field is quoted only where it holds a quote, CR, LF or the separator; NULL and
// the empty string are both an empty field. Values are the server's own text,
// and bytes that are not UTF-8 pass as they are, but for the types that the
// configuration has written in another way.
type csvLayout struct {
	dialect *CSVConfig
	types   *types
	columns []wire.Column
	// header is the row of the names, notations how the values are written.
	header    []byte
	notations []notation
}

// begin appends the names of the columns, which are written out once.
func (l *csvLayout) begin(dst []byte, columns []wire.Column) ([]byte, error) {
	if len(l.columns) != len(columns) || len(columns) > 0 && &l.columns[0] != &columns[0] {
		l.learn(columns)
	}
	return append(dst, l.header...), nil
}

// learn works out of the columns what does not change from row to row.
func (l *csvLayout) learn(columns []wire.Column) {
	l.columns, l.header, l.notations = columns, l.header[:0], l.notations[:0]
	for i := range columns {
		l.notations = append(l.notations, l.types.notation(&columns[i]))
		if i > 0 {
			l.header = append(l.header, l.dialect.Separator...)
		}
		l.header = l.dialect.appendField(l.header, []byte(columns[i].Name))
	}
	l.header = append(l.header, l.dialect.Terminator...)
	if !l.dialect.Header {
		l.header = l.header[:0]
	}
}

func (l *csvLayout) row(dst []byte, _ int, row wire.Row) ([]byte, error) {
	for i := range l.columns {
		if i > 0 {
			dst = append(dst, l.dialect.Separator...)
		}
		column := &l.columns[i]
		value, err := row.Next(column)
		if err == nil {
			dst, err = l.appendValue(dst, value, column, l.notations[i])
		}
		if err != nil {
			return dst, fmt.Errorf("column %q: %w", column.Name, err)
		}
	}
	return append(dst, l.dialect.Terminator...), nil
}

func (l *csvLayout) end(dst []byte, _ int) ([]byte, error) { return dst, nil }

// appendValue appends a value; NULL appends nothing.
func (l *csvLayout) appendValue(dst []byte, v wire.Value, column *wire.Column, n notation) ([]byte, error) {
	switch n {
	case notationBoolean, notationBitCount, notationBitFlag, notationBase64, notationHex, notationInstant, notationDate:
		start := len(dst)
		dst, err := l.types.append(dst, v, column, n)
		return append(dst[:start], unquotedJSON(dst[start:])...), err
	}
	if text, isText := v.Text(); isText && !column.Numeric() {
		return l.dialect.appendField(dst, text), nil
	}
	return v.AppendText(dst, column), nil
}

// unquotedJSON returns what a JSON value says that has no escapes: nothing for
// null, the text of a string, anything else as it is.
func unquotedJSON(value []byte) []byte {
	switch {
	case string(value) == "null":
		return nil
	case len(value) >= 2 && value[0] == '"':
		return value[1 : len(value)-1]
	}
	return value
}

// appendField appends a field, quoted where it has to be.
func (c *CSVConfig) appendField(dst, text []byte) []byte {
	quoted := c.quotes(text)
	if quoted {
		dst = append(dst, '"')
	}
	if c.EscapeFormulas && isFormula(text) {
		dst = append(dst, '\'')
	}
	if !quoted {
		return append(dst, text...)
	}
	for {
		i := bytes.IndexByte(text, '"')
		if i < 0 {
			return append(append(dst, text...), '"')
		}
		dst = append(append(dst, text[:i+1]...), '"')
		text = text[i+1:]
	}
}

// quotes reports whether a field has to be quoted.
func (c *CSVConfig) quotes(text []byte) bool {
	separator := c.Separator[0]
	for _, b := range text {
		if b == separator || b == '"' || b == '\n' || b == '\r' {
			return true
		}
	}
	return false
}

// isFormula reports whether a spreadsheet might take a text for more than
// that, as OWASP has it.
func isFormula(text []byte) bool {
	return len(text) > 0 && bytes.IndexByte([]byte("=+-@\t\r\n"), text[0]) >= 0
}

// appendEffect appends what a statement without rows did.
func (c *CSVConfig) appendEffect(dst []byte, r *wire.Result) []byte {
	if c.Header {
		for i, name := range []string{"errcode", "errstr", "insert_id", "affected_rows"} {
			if i > 0 {
				dst = append(dst, c.Separator...)
			}
			dst = append(dst, name...)
		}
		dst = append(dst, c.Terminator...)
	}
	dst = append(append(dst, '0'), c.Separator...)
	dst = append(c.appendField(dst, r.Info), c.Separator...)
	dst = append(strconv.AppendUint(dst, r.InsertID, 10), c.Separator...)
	return append(strconv.AppendUint(dst, r.AffectedRows, 10), c.Terminator...)
}
