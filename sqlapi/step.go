package sqlapi

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"zerohop/sqlapi/wire"
)

// UnmetError: a statement has not done what is expected of it, so everything
// was taken back.
type UnmetError struct {
	// Statement is its place among the endpoint's statements, from 1 on.
	Statement int
	// Status is that of the answer, from 400 to 599.
	Status int
	// What is wrong: "2 rows affected, want 1". It is for the log.
	Problem string
}

func (e *UnmetError) Error() string {
	return fmt.Sprintf("statement %d: expectation not met: %s", e.Statement, e.Problem)
}

// Is reports that every UnmetError is an ErrUnmet.
func (e *UnmetError) Is(target error) bool { return target == ErrUnmet }

// step is one statement of a sequence.
type step struct {
	query *query
	// affected and rows are what is expected of it, status is that of the
	// answer when they are not met.
	affected, rows count
	status         int
	fills          []fill
	// counts: the first column of its row is how many rows all pages have.
	counts bool
}

// fill is a value of the endpoint's that earlier statements give.
type fill struct {
	source Source
	name   string
	at     int // its place among the values
}

// effect is what a statement without rows did.
type effect struct{ affected, insertID uint64 }

// step runs one statement, the first together with the beginning of the
// transaction. If its answer is the endpoint's it is appended to dst.
func (q *sequence) step(i int, p *prepared, s *session, c *call, dst []byte) ([]byte, error) {
	st := &q.steps[i]
	if err := c.fill(st.fills); err != nil {
		return dst, err
	}
	c.awaited = !q.reads || q.stateful || i+1 < len(q.steps) || len(q.columns) > 0
	begins := i == 0 && !q.reads
	if begins {
		s.conn.Query(q.begin)
	}
	c.query, c.args = st.query.bind(&c.values, c.args[:0])
	p.send(s.conn, c)
	c.sent++
	if err := s.conn.Flush(); err != nil {
		return dst, err
	}
	var began error
	if begins {
		began = s.conn.ReadResult(&c.result)
	}
	sets := c.kept.sets
	dst, err := q.read(i, p, s.conn, c, dst)
	if err = cmp.Or(began, err); err != nil {
		return dst, err
	}
	if c.result.Columns == nil {
		c.last = effect{c.result.AffectedRows, c.result.InsertID}
	}
	rows := 0
	if c.kept.sets > sets {
		rows = c.kept.rows
	}
	if err := st.met(i, c, uint64(rows)); err != nil {
		return dst, err
	}
	if q.watched && !q.reads && !s.conn.InTransaction() {
		return dst, fmt.Errorf("%w: it has ended the transaction, and what came before it with that", ErrStatement)
	}
	return dst, nil
}

// read reads the answer of a statement.
func (q *sequence) read(i int, p *prepared, conn *wire.Conn, c *call, dst []byte) ([]byte, error) {
	switch {
	case q.steps[i].counts:
		return dst, p.readAside(conn, c, &c.page.total)
	case i != q.answers:
		c.kept.inner = nil
		return dst, p.readAside(conn, c, c.kept)
	case q.results != nil:
		return p.appendResults(dst, conn, c, q.results)
	}
	return p.appendAnswer(dst, conn, c)
}

// met returns an UnmetError unless the statement has done what is expected.
func (st *step) met(i int, c *call, rows uint64) error {
	problem := ""
	if want := st.affected; !want.met(c.last.affected) {
		problem = fmt.Sprintf("%d rows affected, want %s", c.last.affected, want)
	}
	if want := st.rows; !want.met(rows) {
		problem = fmt.Sprintf("%d rows, want %s", rows, want)
	}
	if problem == "" {
		return nil
	}
	return &UnmetError{Statement: i + 1, Status: st.status, Problem: problem}
}

// fill sets values that earlier statements give.
func (c *call) fill(fills []fill) error {
	for _, f := range fills {
		value := wire.Argument{As: wire.BindUnsigned}
		switch {
		case f.source == SourceRow:
			var err error
			if value, err = c.kept.value(f.name); err != nil {
				return err
			}
		case f.name == "insert_id":
			value.Text = strconv.AppendUint(nil, c.last.insertID, 10)
		default:
			value.Text = strconv.AppendUint(nil, c.last.affected, 10)
		}
		c.values.scalars[f.at] = value
	}
	return nil
}

// fillsOf returns those of an endpoint's parameters that earlier statements
// give, as far as they are at places.
func (ps *parameters) fillsOf(places []int) []fill {
	var fills []fill
	for i, p := range ps.list {
		if (p.source == SourceLast || p.source == SourceRow) && slices.Contains(places, i) {
			fills = append(fills, fill{p.source, p.name, i})
		}
	}
	return fills
}
