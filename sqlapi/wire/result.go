package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

// maxColumns is more than any server's limit of columns in a result.
const maxColumns = 1 << 16

// Result is the beginning of the answer to Query or Execute, or the whole of
// it for a statement without rows.
type Result struct {
	// Columns describes the rows that follow; it is nil for a statement that
	// returns none. It may be the same slice for several executions of one
	// statement and must not be changed.
	Columns []Column
	// Of a statement without rows: how many rows it changed, the value it
	// generated for an AUTO_INCREMENT column, and the server's remark, such
	// as "Rows matched: 1  Changed: 0  Warnings: 0", which stays valid until
	// the next read.
	AffectedRows uint64
	InsertID     uint64
	Info         []byte
	// More tells that another result follows: ReadResult reads it next. Of
	// a result with rows it is known once ReadRow has returned io.EOF; see
	// MoreResults.
	More bool
}

// rowState is what reading rows needs between two of them.
type rowState struct {
	open    bool
	binary  bool
	more    bool
	seq     uint8
	answer  answer
	columns int
}

// ReadResult reads the next answer to Query, Execute, Ping or Reset, up to the
// description of its columns; ReadRow reads the rows. A ServerError belongs to
// that one command.
func (c *Conn) ReadResult(r *Result) error {
	a, err := c.resultAnswer()
	if err != nil {
		return err
	}
	p, err := c.readPacket(&a.seq)
	if err != nil {
		return err
	}
	*r = Result{}
	switch p[0] {
	case 0x00:
		return c.readOK(r, p, a)
	case 0xff:
		return c.refused(p)
	case 0xfb:
		return c.refuseFile(a.seq)
	}
	if a.kind == answerPlain {
		return c.malformed("rows where none were asked for")
	}
	return c.readHead(r, p, a)
}

// MoreResults reports, after the last row of a result, whether another result
// follows.
func (c *Conn) MoreResults() bool { return c.row.more }

// resultAnswer returns the answer to read next: the further result of the
// command before, or the answer to the next one.
func (c *Conn) resultAnswer() (answer, error) {
	if c.row.more && c.failure == nil {
		c.row.more = false
		return c.row.answer, nil
	}
	return c.nextAnswer()
}

// readHead reads the description of the columns; p holds their number.
func (c *Conn) readHead(r *Result, p []byte, a answer) error {
	count, p, ok := cutLength(p)
	if !ok || count == 0 || count > maxColumns {
		return c.malformed("number of columns")
	}
	described := true
	if c.server.cachesMetadata {
		if len(p) != 1 {
			return c.malformed("result header")
		}
		described = p[0] != 0
	} else if len(p) != 0 {
		return c.malformed("result header")
	}
	columns, err := c.columnsOf(a, int(count), described, &a.seq)
	if err != nil {
		return err
	}
	r.Columns = columns
	c.row = rowState{
		open: true, binary: a.kind == answerBinary,
		seq: a.seq, answer: a, columns: len(columns),
	}
	return nil
}

// columnsOf returns the columns of a result: those that follow in the stream,
// or those known from the preparation.
func (c *Conn) columnsOf(a answer, n int, described bool, seq *uint8) ([]Column, error) {
	s := a.statement
	if !described {
		if s == nil || len(s.columns) != n {
			return nil, c.malformed("columns left out that were never described")
		}
		return s.columns, c.endOfColumns(seq)
	}
	if s == nil {
		columns, _, err := c.readColumns(n, seq, nil, nil)
		return columns, err
	}
	columns, raw, err := c.readColumns(n, seq, s.columns, s.raw)
	if err == nil {
		s.columns, s.raw = columns, raw
	}
	return columns, err
}

// ReadRow reads the next row of the result, or returns io.EOF behind the last.
// The row stays valid until the next read.
func (c *Conn) ReadRow() (Row, error) {
	if c.failure != nil {
		return Row{}, c.failure
	}
	if !c.row.open {
		panic("bug: no result is open")
	}
	p, err := c.readPacket(&c.row.seq)
	if err != nil {
		return Row{}, err
	}
	if last, err := c.lastPacket(p); last || err != nil {
		if err == nil {
			err = io.EOF
		}
		return Row{}, err
	}
	if !c.row.binary {
		return Row{rest: p}, nil
	}
	bitmap := (c.row.columns + 9) / 8
	if p[0] != 0 || len(p) < 1+bitmap {
		return Row{}, c.malformed("binary row")
	}
	return Row{binary: true, nulls: p[1 : 1+bitmap], rest: p[1+bitmap:]}, nil
}

// lastPacket reports whether p ends the rows, and reads what it says.
func (c *Conn) lastPacket(p []byte) (bool, error) {
	switch {
	case p[0] == 0xff:
		c.row.open = false
		return false, c.refused(p)
	case p[0] != 0xfe || len(p) >= maxPayload:
		return false, nil
	}
	var status uint16
	if c.server.deprecateEOF {
		var r Result
		var err error
		if status, err = parseOK(&r, p); err != nil {
			return false, c.fail(err)
		}
	} else {
		if len(p) != 5 {
			return false, nil // a row that begins with a very long value
		}
		status = binary.LittleEndian.Uint16(p[3:])
	}
	c.row.open = false
	c.setStatus(status, c.row.answer, c.row.seq)
	return true, nil
}

// readOK reads the answer of a statement without rows.
func (c *Conn) readOK(r *Result, p []byte, a answer) error {
	status, err := parseOK(r, p)
	if err != nil {
		return c.fail(err)
	}
	c.row = rowState{}
	c.setStatus(status, a, a.seq)
	r.More = c.row.more
	return nil
}

// setStatus takes note of the server's status flags at the end of a result.
func (c *Conn) setStatus(status uint16, a answer, seq uint8) {
	c.inTransaction = status&statusInTransaction != 0
	c.row.more = status&statusMoreResults != 0
	a.seq = seq
	c.row.answer = a
	c.in.relax()
}

// parseOK reads an OK packet, whichever its first byte.
func parseOK(r *Result, p []byte) (status uint16, err error) {
	var ok bool
	if r.AffectedRows, p, ok = cutLength(p[1:]); !ok {
		return 0, errOK
	}
	if r.InsertID, p, ok = cutLength(p); !ok || len(p) < 4 {
		return 0, errOK
	}
	status = binary.LittleEndian.Uint16(p)
	if p = p[4:]; len(p) > 0 {
		if r.Info, _, ok = cutString(p); !ok {
			r.Info = p // an old server's remark has no length
		}
	}
	return status, nil
}

var errOK = fmt.Errorf("%w: OK packet", ErrProtocol)

// refused reads an error packet: the statement is over, the connection is not.
func (c *Conn) refused(p []byte) error {
	refusal, ok := parseError(p)
	if !ok {
		return c.malformed("error packet")
	}
	c.row = rowState{}
	return refusal
}

// refuseFile answers a server that asks for a file of this machine with an
// empty one, and has the connection fail: nobody was told that it may ask.
func (c *Conn) refuseFile(seq uint8) error {
	_, _ = c.nc.Write([]byte{0, 0, 0, seq})
	return c.malformed("the server asks for a local file")
}
