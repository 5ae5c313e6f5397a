package sqlapi

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"zerohop/sqlapi/wire"
)

// maxDrain is how many rows of a result that is not wanted any more are read
// and thrown away, so that the connection can be kept.
const maxDrain = 1000

// appendAnswer reads the answer to the statement and appends it as JSON: the
// rows of its first result with rows, or what a statement without rows did.
// Further results, as a procedure has them, are read and thrown away.
func (p *prepared) appendAnswer(dst []byte, conn *wire.Conn, r *wire.Result) ([]byte, error) {
	start := len(dst)
	answered := false
	for {
		if err := conn.ReadResult(r); err != nil {
			return dst[:start], err
		}
		switch {
		case r.Columns == nil:
			if !answered {
				dst = appendEffect(dst[:start], r)
			}
		case answered:
			if err := drain(conn, -1); err != nil {
				return dst[:start], err
			}
		default:
			var err error
			if dst, err = p.appendRows(dst[:start], conn, r.Columns); err != nil {
				return dst[:start], err
			}
			answered = true
		}
		if !conn.MoreResults() {
			return dst, nil
		}
	}
}

// appendRows reads the rows of a result and appends them in the old stack's
// shape: an array of objects, in the order of the select, nothing in between.
func (p *prepared) appendRows(dst []byte, conn *wire.Conn, columns []wire.Column) ([]byte, error) {
	plan, err := p.plan.of(p.named(columns))
	if err != nil {
		return dst, abandon(conn, err)
	}
	dst = append(dst, '[')
	for n := 0; ; n++ {
		row, err := conn.ReadRow()
		if err == io.EOF {
			return append(dst, ']'), nil
		}
		if err != nil {
			return dst, err
		}
		if n > 0 {
			dst = append(dst, ',')
		}
		if dst, err = plan.appendObject(dst, &row); err != nil {
			return dst, abandon(conn, fmt.Errorf("%w: row %d: %w", ErrStatement, n+1, err))
		}
	}
}

// abandon gives a result up because of err. What is left of a small one is
// read, so that the connection can be kept; a large or malformed one costs it.
func abandon(conn *wire.Conn, err error) error {
	for !errors.Is(err, wire.ErrProtocol) {
		if failure := drain(conn, maxDrain); failure != nil || !conn.MoreResults() {
			return err
		}
		var r wire.Result
		if failure := conn.ReadResult(&r); failure != nil || r.Columns == nil {
			return err
		}
	}
	return err
}

// drain reads the rest of a result's rows, at most so many unless most is negative.
func drain(conn *wire.Conn, most int) error {
	for n := 0; n != most; n++ {
		if _, err := conn.ReadRow(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
	return wire.ErrTooLarge
}

// appendEffect appends what a statement without rows did, as the old stack
// did: zeros are left out.
func appendEffect(dst []byte, r *wire.Result) []byte {
	dst = append(dst, `{"errcode":0`...)
	if len(r.Info) > 0 {
		dst = append(dst, `,"errstr":`...)
		if text, ok := appendJSONString(dst, r.Info); ok {
			dst = text
		} else {
			dst = append(dst, `""`...)
		}
	}
	if r.InsertID != 0 {
		dst = strconv.AppendUint(append(dst, `,"insert_id":`...), r.InsertID, 10)
	}
	if r.AffectedRows != 0 {
		dst = strconv.AppendUint(append(dst, `,"affected_rows":`...), r.AffectedRows, 10)
	}
	return append(dst, '}')
}
