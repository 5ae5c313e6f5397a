package sqlapi

import (
	"fmt"
	"io"

	"zerohop/sqlapi/wire"
)

// appendResults reads the answer of a statement that has several results and
// appends those with rows as the members of one object, in the order in which
// they come: {"users":[…],"total":[…]}. There have to be as many as names.
func (p *prepared) appendResults(dst []byte, conn *wire.Conn, c *call, names []string) ([]byte, error) {
	start, wrapping := len(dst), p.query.answer.wrapping
	if wrapping != nil {
		dst = append(dst, c.head...)
	}
	dst = append(dst, '{')
	n := 0
	for more := true; more; more = conn.MoreResults() {
		if err := conn.ReadResult(&c.result); err != nil {
			return dst[:start], err
		}
		if c.result.Columns == nil {
			continue
		}
		if n++; n > len(names) {
			return dst[:start], p.abandon(conn, fmt.Errorf("%w: it has more results than the %d with a name", ErrStatement, len(names)))
		}
		if n > 1 {
			dst = append(dst, ',')
		}
		dst = append(dst, quotedKey(names[n-1])...)
		// The columns of one result are not those of the next.
		l := c.before(p.query.answer.newLayout(formatJSON), n == 1)
		var err error
		if dst, err = p.appendRows(dst, conn, c.result.Columns, l, c); err != nil {
			return dst[:start], fmt.Errorf("result %q: %w", names[n-1], err)
		}
	}
	if n < len(names) {
		return dst[:start], fmt.Errorf("%w: it has %d results, and there are %d names", ErrStatement, n, len(names))
	}
	dst = append(dst, '}')
	if wrapping != nil {
		dst = wrapping.end(dst, c.truncated != "")
	}
	return dst, nil
}

// readAside reads the answer of a statement that is not the endpoint's: its
// first result with rows goes to a layout that appends nothing.
func (p *prepared) readAside(conn *wire.Conn, c *call, l layout) error {
	passed := false
	for more := true; more; more = conn.MoreResults() {
		if err := conn.ReadResult(&c.result); err != nil {
			return err
		}
		var err error
		switch {
		case c.result.Columns == nil:
		case passed:
			err = p.skip(conn, true)
		default:
			err = p.pass(conn, c.result.Columns, l)
			passed = true
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pass gives every row of a result to a layout that appends nothing.
func (p *prepared) pass(conn *wire.Conn, columns []wire.Column, l layout) error {
	_, err := l.begin(nil, p.named(columns))
	for n := 0; err == nil; n++ {
		row, failure := conn.ReadRow()
		if failure == io.EOF {
			_, err = l.end(nil, n)
			return err
		}
		if failure != nil {
			return failure
		}
		_, err = l.row(nil, n, row)
	}
	return p.abandon(conn, fmt.Errorf("%w: %w", ErrStatement, err))
}
