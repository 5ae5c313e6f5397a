package sqlapi

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/puddle/v2"
	"github.com/valyala/fasthttp"
)

// What a statement that writes is wrapped in: the session is read only.
const (
	beginWrite = "START TRANSACTION READ WRITE"
	endWrite   = "COMMIT"
)

// Endpoint is one statement of one route on one database. It may be used by
// any number of goroutines at once.
type Endpoint struct {
	db        *Database
	statement *Statement
}

// Endpoint returns the endpoint of a route. The configuration's faults are
// those of its Validate.
func (db *Database) Endpoint(cfg EndpointConfig) (*Endpoint, error) {
	if err := errors.Join(cfg.Validate()...); err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	statement, err := ParseStatement(cfg.SQL)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	return &Endpoint{db: db, statement: statement}, nil
}

// Serve answers a request with the statement's result as JSON. It has the
// contract of a handler: either it writes the response, or it returns an error
// that wraps one of this package's kinds and leaves the response alone.
func (e *Endpoint) Serve(ctx context.Context, rc *fasthttp.RequestCtx) error {
	if !e.statement.Reads && (rc.IsGet() || rc.IsHead()) {
		return fmt.Errorf("%w: a statement that writes does not answer %s", ErrStatement, rc.Method())
	}
	c := newCall(ctx, e.db.cfg.Timeout)
	defer c.free()
	var err error
	if c.args, err = e.statement.arguments(ctx, rc, c.args); err != nil {
		return err
	}
	// The response's own buffer takes the JSON, so that it is copied nowhere.
	body, err := e.run(c, rc.Response.SwapBody(nil)[:0])
	if err != nil {
		rc.Response.SwapBody(body[:0])
		return err
	}
	rc.Response.SwapBody(body)
	rc.SetContentType("application/json")
	return nil
}

// run appends the statement's result to body. It tries once more where a
// connection broke and the statement only reads.
func (e *Endpoint) run(c *call, body []byte) ([]byte, error) {
	if !e.db.gate.enter() {
		return body, ErrPoolFull
	}
	c.careful = !e.statement.Reads
	result, again, err := e.attempt(c, body)
	if again {
		c.careful = true
		result, again, err = e.attempt(c, body)
	}
	if again { // the connection is gone, and the slot still ours
		e.db.gate.leave()
	}
	return result, err
}

// attempt runs the statement on one connection. Where that broke before the
// statement can have had an effect, again is true and the slot of the gate
// still the caller's; otherwise the slot has been taken care of.
func (e *Endpoint) attempt(c *call, body []byte) (result []byte, again bool, err error) {
	res, err := e.db.acquire(c)
	if err != nil {
		e.db.gate.leave()
		return body, false, err
	}
	defer func() {
		if p := recover(); p != nil {
			// Nobody knows how far the exchange got.
			e.discard(res)
			panic(p)
		}
	}()
	s := res.Value()
	result, sent, err := e.exchange(s, c, body)
	uncertain := sent && !e.statement.Reads
	switch {
	case s.judge(err):
		res.Release()
		e.db.gate.leave()
	case !s.broken:
		e.discard(res)
	case uncertain:
		res.Destroy()
		e.db.gate.leave()
		return body, false, kindOf(err, ErrBroken)
	default:
		res.Destroy()
		again = true
	}
	return result, again, kindOf(err, ErrUnavailable)
}

// discard has a connection that may still be busy killed; its slot of the gate
// comes back when the server has let go of it.
func (e *Endpoint) discard(res *puddle.Resource[*session]) {
	s := res.Value()
	s.overdue, s.slot = true, true
	res.Destroy()
}

// exchange sends the statement and appends its answer to body. sent tells
// whether the statement may have reached the server.
func (e *Endpoint) exchange(s *session, c *call, body []byte) (_ []byte, sent bool, err error) {
	if err := s.conn.SetDeadline(c.deadline); err != nil {
		return body, false, fmt.Errorf("set deadline: %w", err)
	}
	if e.statement.Stateful {
		if err := s.cleanse(); err != nil {
			return body, false, err
		}
	}
	p, err := s.statement(e)
	if err != nil {
		return body, false, err
	}
	result, err := e.execute(s, p, c, body)
	if needsPreparing(err) {
		s.forget(e)
		if p, err = s.statement(e); err != nil {
			return body, true, err
		}
		result, err = e.execute(s, p, c, body)
	}
	return result, true, err
}

// execute sends everything that the statement takes in one write, and reads
// all the answers.
func (e *Endpoint) execute(s *session, p *prepared, c *call, body []byte) ([]byte, error) {
	s.clean = false
	if !e.statement.Reads {
		s.conn.Query(beginWrite)
	}
	s.conn.Execute(p.Statement, c.args)
	if !e.statement.Reads {
		s.conn.Query(endWrite)
	}
	if e.statement.Stateful {
		s.reset()
	}
	if err := s.conn.Flush(); err != nil {
		return body, err
	}
	return e.answers(s, p, c, body)
}

// answers reads the answers in the order of execute; the first error counts.
func (e *Endpoint) answers(s *session, p *prepared, c *call, body []byte) ([]byte, error) {
	var failure error
	note := func(err error) {
		if failure == nil {
			failure = err
		}
	}
	if !e.statement.Reads {
		note(s.conn.ReadResult(&c.result))
	}
	result, err := p.appendAnswer(body, s.conn, &c.result)
	note(err)
	if !e.statement.Reads {
		note(s.conn.ReadResult(&c.result))
	}
	if e.statement.Stateful {
		note(s.wasReset())
	}
	if failure != nil {
		return body, failure
	}
	return result, nil
}
