package sqlapi

import (
	"cmp"
	"fmt"
)

// sequence is the statements of an endpoint that run one after the other on
// one connection, each once what the one before has done is known. Unless all
// of them only read, that is in one transaction: whatever goes wrong, up to and
// including the header of the answer, nothing of it stays. It is not changed
// once the endpoint is built.
type sequence struct {
	steps []step
	// answers is the place of the statement whose answer is the endpoint's,
	// results are the names of its results if it has several.
	answers int
	results []string
	// location is the header that the statements have a say in, or nil.
	location *location
	// reads: there is no transaction. begin is how one begins.
	reads, stateful bool
	begin           string
	// retries: a deadlock has all of it run again.
	retries bool
	// watched: the server says whether a transaction is open.
	watched bool
	// columns are what some parameter or the header wants of rows.
	columns []string
}

// newSequence returns the statements of a sound configuration that run one
// after the other; nil where one statement is all there is to it. The
// parameters of all of them are in ps.
func newSequence(c *EndpointConfig, scripts []script, ps *parameters, a *answer) (*sequence, error) {
	where, err := newLocation(c.Location, ps)
	if err != nil {
		return nil, err
	}
	if len(scripts) == 1 && len(c.Statements) == 0 && where == nil && len(c.Retry) == 0 && len(c.Results) == 0 {
		return nil, nil
	}
	q := &sequence{answers: c.answering(), results: c.Results, location: where, reads: len(c.Statements) == 0, retries: len(c.Retry) > 0}
	for i, s := range scripts {
		st := step{query: newQuery(s.statement, ps, a), counts: s.field == totalField}
		st.fills = ps.fillsOf(st.query.from)
		if i < len(c.Statements) {
			st.status = c.Statements[i].status()
			if st.affected, err = parseCount(c.Statements[i].Expect.Affected); err != nil {
				return nil, err
			}
			if st.rows, err = parseCount(c.Statements[i].Expect.Rows); err != nil {
				return nil, err
			}
		}
		q.steps = append(q.steps, st)
		q.reads = q.reads && s.statement.Reads
		q.stateful = q.stateful || s.statement.Stateful
	}
	for _, p := range ps.list {
		if p.source == SourceRow {
			q.columns = append(q.columns, p.name)
		}
	}
	return q, nil
}

// run runs the sequence and appends its answer to body. A deadlock has it begin
// again, if it may, and so has a statement that the server wants prepared again.
func (q *sequence) run(s *session, c *call, body []byte) (result []byte, reached reach, err error) {
	prepared := false
	for try := 1; ; try++ {
		result, reached, err = q.runOnce(s, c, body)
		switch {
		case err == nil || s.conn.Failed():
			return result, reached, err
		case needsPreparing(err) && !prepared:
			prepared = true
			for i := range q.steps {
				variant, _ := q.steps[i].query.bind(&c.values, nil)
				s.forget(variant)
			}
		case !q.retries || !contended(err) || !c.pause(try):
			return body, reached, err
		}
	}
}

// runOnce runs every statement once. An error leaves no transaction open,
// unless the connection is of no further use.
func (q *sequence) runOnce(s *session, c *call, body []byte) ([]byte, reach, error) {
	c.last, c.location, c.truncated = effect{}, nil, ""
	if c.kept == nil { // pages have their own
		c.kept = &keeper{names: q.columns}
	}
	c.kept.sets = 0
	if q.stateful {
		if err := s.cleanse(); err != nil {
			return body, reachedNothing, err
		}
	}
	prepared, err := q.prepare(s, c)
	if err != nil {
		return body, reachedNothing, err
	}
	s.clean = false
	result := body
	for i := range q.steps {
		if result, err = q.step(i, prepared[i], s, c, result); err != nil {
			return body, q.reached(reachedUndone), q.undo(s, c, fmt.Errorf("statement %d: %w", i+1, err))
		}
	}
	if q.location != nil {
		if err := q.location.fill(c); err != nil {
			return body, q.reached(reachedUndone), q.undo(s, c, fmt.Errorf("location: %w", err))
		}
	}
	return result, q.reached(reachedEffect), q.end(s, c, endWrite)
}

// reached is how far the sequence has got; one that only reads has no effect.
func (q *sequence) reached(r reach) reach {
	if q.reads {
		return reachedNothing
	}
	return r
}

// prepare prepares every statement: not one that writes can be once the
// transaction has begun, since preparing it begins one.
func (q *sequence) prepare(s *session, c *call) ([]*prepared, error) {
	all := make([]*prepared, len(q.steps))
	for i := range q.steps {
		variant, _ := q.steps[i].query.bind(&c.values, nil)
		var err error
		if all[i], err = s.statement(variant); err != nil {
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
	}
	return all, nil
}

// undo takes back what has been done, because of err, which it returns.
func (q *sequence) undo(s *session, c *call, err error) error {
	if s.conn.Failed() || !s.conn.Idle() {
		return err // the connection ends, and the transaction with it
	}
	if failure := q.end(s, c, undoWrite); failure != nil {
		return fmt.Errorf("%w; take back: %w", err, failure)
	}
	return err
}

// end ends the transaction, and makes the session fit for others.
func (q *sequence) end(s *session, c *call, how string) error {
	if (!q.reads || q.stateful) && !s.conn.Idle() {
		panic("bug: the transaction would end before the last answer is read")
	}
	if !q.reads {
		s.conn.Query(how)
	}
	if q.stateful {
		s.reset()
	}
	if err := s.conn.Flush(); err != nil {
		return err
	}
	var ended, reset error
	if !q.reads {
		ended = s.conn.ReadResult(&c.result)
	}
	if q.stateful {
		reset = s.wasReset()
	}
	if how == endWrite {
		ended = uncommitted(ended)
	}
	return cmp.Or(ended, reset)
}

// uncommitted gives the server's refusal to commit its kind: who knows how far
// it got. That of a deadlock it does know.
func uncommitted(err error) error {
	if refusal(err) == 0 || contended(err) {
		return err
	}
	return fmt.Errorf("%w: commit: %w", ErrBroken, err)
}
