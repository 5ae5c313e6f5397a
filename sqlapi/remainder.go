package sqlapi

import (
	"errors"
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
		if failure := p.skip(conn); failure != nil || !conn.MoreResults() {
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
// behind them it does not read many: the result is left open then, which costs
// the connection. The error is the server's or the connection's.
func (p *prepared) skip(conn *wire.Conn) error {
	most := -1
	if q := p.query; q.Reads && !q.Stateful {
		most = maxDrain
	}
	return drain(conn, most)
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
