package sqlapi

import (
	"errors"
	"fmt"
	"io"

	"zerohop/sqlapi/wire"
)

// maxDrain is how many rows of a result that is not wanted any more are read
// and thrown away, so that the connection can be kept.
const maxDrain = 1000

// abandon gives a result up because of err. What is left of a small one is
// read, so that the connection can be kept; a large or malformed one costs it.
func (p *prepared) abandon(conn *wire.Conn, err error) error {
	for !errors.Is(err, wire.ErrProtocol) {
		if failure := p.skip(conn, false); failure != nil || !conn.MoreResults() {
			return err
		}
		var r wire.Result
		if failure := conn.ReadResult(&r); failure != nil || r.Columns == nil {
			return err
		}
	}
	return err
}

// skip reads the rest of a result's rows. Where nobody waits for what comes
// behind them it does not read many, unless awaited says so: the result is left
// open then, which costs the connection. The error is the server's or the
// connection's.
func (p *prepared) skip(conn *wire.Conn, awaited bool) error {
	most := -1
	if q := p.query; q.Reads && !q.Stateful && !awaited {
		most = maxDrain
	}
	return drain(conn, most)
}

// leaveOut reads the rows of a result from the n-th on, which is row: the body,
// written by l, does not have them. A keeper in front of it sees them all the
// same.
func (p *prepared) leaveOut(conn *wire.Conn, l layout, c *call, n int, row wire.Row) error {
	k, keeps := l.(*keeper)
	if !keeps || !c.awaited {
		return p.skip(conn, c.awaited)
	}
	var err error
	if k.rows > n { // it has seen this one, which the body had no room for
		row, err = conn.ReadRow()
	}
	for ; err == nil; row, err = conn.ReadRow() {
		if err := k.see(row); err != nil {
			return p.abandon(conn, fmt.Errorf("%w: %w", ErrStatement, err))
		}
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// passOver reads the call's result for a body without rows. A keeper is told of
// the statement's first.
func (p *prepared) passOver(conn *wire.Conn, c *call, first bool) error {
	if c.kept == nil || !first {
		return drain(conn, -1)
	}
	c.kept.inner = nil
	return p.pass(conn, c.result.Columns, c.kept)
}

// drain reads the rest of a result's rows, at most so many unless most is
// negative.
func drain(conn *wire.Conn, most int) error {
	for n := 0; n != most; n++ {
		if _, err := conn.ReadRow(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}
