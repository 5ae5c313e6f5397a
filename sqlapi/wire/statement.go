package wire

import (
	"bytes"
	"encoding/binary"
)

// Statement is a statement prepared on one connection. It is of use on that
// connection only, and until the connection is reset.
type Statement struct {
	id         uint32
	parameters int
	columns    []Column
	// raw holds the packets that columns was read from, where the server
	// repeats them with every result: as long as they are the same bytes,
	// columns is still right.
	raw []byte
}

// Parameters returns how many arguments an execution takes.
func (s *Statement) Parameters() int { return s.parameters }

// Columns returns the columns that the server promised at the preparation, or
// at the last execution if they have changed since.
func (s *Statement) Columns() []Column { return s.columns }

// ReadPrepared reads the answer to Prepare.
func (c *Conn) ReadPrepared() (*Statement, error) {
	a, err := c.nextAnswer()
	if err != nil {
		return nil, err
	}
	if a.kind != answerPrepared {
		panic("bug: the next answer is none of Prepare")
	}
	p, err := c.readPacket(&a.seq)
	if err != nil {
		return nil, err
	}
	if p[0] == 0xff {
		return nil, c.refused(p)
	}
	if p[0] != 0 || len(p) < 12 {
		return nil, c.malformed("answer to a preparation")
	}
	s := &Statement{id: binary.LittleEndian.Uint32(p[1:])}
	columns := int(binary.LittleEndian.Uint16(p[5:]))
	s.parameters = int(binary.LittleEndian.Uint16(p[7:]))
	if err := c.skipColumns(s.parameters, &a.seq); err != nil {
		return nil, err
	}
	if columns == 0 {
		return s, nil
	}
	s.columns, s.raw, err = c.readColumns(columns, &a.seq, nil, nil)
	return s, err
}

// skipColumns reads the definitions of n parameters, which say nothing of use.
func (c *Conn) skipColumns(n int, seq *uint8) error {
	for range n {
		if _, err := c.readPacket(seq); err != nil {
			return err
		}
	}
	if n == 0 {
		return nil
	}
	return c.endOfColumns(seq)
}

// readColumns reads n column definitions. Where their packets are the bytes of
// known, the columns read from those are returned as they are.
func (c *Conn) readColumns(n int, seq *uint8, columns []Column, known []byte) ([]Column, []byte, error) {
	same := len(columns) == n
	rest := known
	var fresh []Column
	var raw []byte
	for i := range n {
		p, err := c.readPacket(seq)
		if err != nil {
			return nil, nil, err
		}
		if same && bytes.HasPrefix(rest, p) {
			rest = rest[len(p):]
			continue
		}
		if same { // up to here they were
			same = false
			fresh = append(make([]Column, 0, n), columns[:i]...)
			raw = append(raw, known[:len(known)-len(rest)]...)
		}
		column, err := parseColumn(p)
		if err != nil {
			return nil, nil, c.fail(err)
		}
		fresh = append(fresh, column)
		raw = append(raw, p...)
	}
	if err := c.endOfColumns(seq); err != nil {
		return nil, nil, err
	}
	if same {
		return columns, known, nil
	}
	return fresh, raw, nil
}

// endOfColumns reads the EOF packet behind column definitions, where there is one.
func (c *Conn) endOfColumns(seq *uint8) error {
	if c.server.deprecateEOF {
		return nil
	}
	p, err := c.readPacket(seq)
	if err != nil {
		return err
	}
	if p[0] != 0xfe || len(p) > 5 {
		return c.malformed("end of column definitions")
	}
	return nil
}
