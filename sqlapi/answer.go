package sqlapi

import (
	"fmt"
	"io"
	"strconv"

	"zerohop/sqlapi/wire"
)

// answer is how an endpoint's results become bodies: its configuration, made
// ready. It is never changed afterwards.
type answer struct {
	shape    string
	types    *types
	wrapping *wrapping // nil where rows stand bare
	csv      *CSVConfig
	// errcode and errstr are the keys of what a statement without rows did.
	errcode, errstr []byte
	rows            limit // of the rows of a result
	bytes           limit // of the body
	single          bool  // there has to be a row
}

// newAnswer returns the answer of a sound configuration on a database that
// writes types as base has it. It has parameters make places for the values
// around the rows.
func newAnswer(c *EndpointConfig, base TypesConfig, ps *parameters) (*answer, error) {
	types, err := newTypes(c.TypesConfig.over(base), base.TimeZone, c.JSON)
	if err != nil {
		return nil, err
	}
	types.several = len(c.Results) > 0
	wrapping, err := newWrapping(&c.AnswerConfig, ps)
	if err != nil {
		return nil, err
	}
	a := &answer{
		shape: c.Shape, types: types, wrapping: wrapping, csv: c.dialect(),
		errcode: quotedKey(c.errcodeKey()), errstr: quotedKey(c.errstrKey()),
		rows: c.limitRows(), bytes: c.limitBytes(), single: c.Single(),
	}
	if a.single {
		a.rows = oneRow(c.First)
	}
	return a, nil
}

// prepare readies what of the answer depends on the request alone. It comes
// before the statement is sent, which must not be in vain. The error is a
// *ParameterError.
func (a *answer) prepare(c *call) error {
	if a.wrapping == nil || c.format != formatJSON {
		return nil
	}
	var err error
	c.head, err = a.wrapping.begin(c.head[:0], &c.values)
	return err
}

// appendAnswer reads the answer to the statement and appends it to dst: the
// rows of its first result with rows, or what a statement without rows did.
// Further results, as a procedure has them, are read and thrown away.
func (p *prepared) appendAnswer(dst []byte, conn *wire.Conn, c *call) ([]byte, error) {
	start, r, a := len(dst), &c.result, p.query.answer
	first, answered := true, false // first: no result has had rows yet
	c.truncated = ""
	for {
		if err := conn.ReadResult(r); err != nil {
			return dst[:start], err
		}
		switch {
		case r.Columns == nil:
			if !answered {
				dst = a.appendEffect(dst[:start], r, c.format)
			}
		case answered || a.shape == shapeExec:
			if err := p.passOver(conn, c, first); err != nil {
				return dst[:start], err
			}
			if !answered {
				dst = a.appendEffect(dst[:start], &wire.Result{}, c.format)
			}
			first = false
		default:
			var err error
			if dst, err = p.appendWrapped(dst[:start], conn, c); err != nil {
				return dst[:start], err
			}
			first, answered = false, true
		}
		if !conn.MoreResults() {
			return dst, nil
		}
	}
}

// appendWrapped reads the rows of the call's result and appends them with what
// stands around them.
func (p *prepared) appendWrapped(dst []byte, conn *wire.Conn, c *call) ([]byte, error) {
	w := p.query.answer.wrapping
	if w == nil || c.format != formatJSON {
		return p.appendRows(dst, conn, c.result.Columns, c.before(p.layout(c.format), true), c)
	}
	dst, err := p.appendRows(append(dst, c.head...), conn, c.result.Columns, c.before(p.layout(c.format), true), c)
	return w.end(dst, c.truncated != ""), err
}

// appendRows reads the rows of a result and appends them to a body as the layout
// has it, as many as there may be. Where it leaves some out it notes in
// c.truncated what for.
func (p *prepared) appendRows(dst []byte, conn *wire.Conn, columns []wire.Column, l layout, c *call) ([]byte, error) {
	a := p.query.answer
	dst, err := l.begin(dst, p.named(columns))
	if err != nil {
		return dst, p.abandon(conn, fmt.Errorf("%w: %w", ErrStatement, err))
	}
	for n := 0; ; n++ {
		row, err := conn.ReadRow()
		if err == io.EOF {
			if a.single && n == 0 {
				return dst, ErrNoRow
			}
			return l.end(dst, n)
		}
		if err != nil {
			return dst, err
		}
		passed, whole := &a.rows, len(dst)
		if a.rows.allows(n + 1) {
			if dst, err = l.row(dst, n, row); err != nil {
				return dst, p.abandon(conn, fmt.Errorf("%w: row %d: %w", ErrStatement, n+1, err))
			}
			if passed = &a.bytes; passed.allows(len(dst) + closing) {
				continue
			}
		}
		if passed.err != nil {
			return dst, p.abandon(conn, passed.err)
		}
		c.truncated = passed.name
		if err := p.leaveOut(conn, l, c, n, row); err != nil {
			return dst, err
		}
		return l.end(dst[:whole], n)
	}
}

// appendEffect appends what a statement without rows did, in a format. As in the
// old stack zeros are left out, and the server's remark where it has none.
func (a *answer) appendEffect(dst []byte, r *wire.Result, f format) []byte {
	switch f {
	case formatCSV:
		return a.csv.appendEffect(dst, r)
	case formatRecord:
		return dst
	}
	dst = append(append(append(dst, '{'), a.errcode...), '0')
	if len(r.Info) > 0 {
		var ok bool
		dst = append(append(dst, ','), a.errstr...)
		if dst, ok = appendJSONString(dst, r.Info); !ok {
			dst = append(dst, `""`...)
		}
	}
	if r.InsertID != 0 {
		dst = strconv.AppendUint(append(dst, `,"insert_id":`...), r.InsertID, 10)
	}
	if r.AffectedRows != 0 {
		dst = strconv.AppendUint(append(dst, `,"affected_rows":`...), r.AffectedRows, 10)
	}
	dst = append(dst, '}')
	if f == formatNDJSON {
		dst = append(dst, '\n')
	}
	return dst
}
