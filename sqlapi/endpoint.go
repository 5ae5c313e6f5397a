package sqlapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/valyala/fasthttp"
)

// What a statement that writes is wrapped in: the session is read only.
const (
	beginWrite = "START TRANSACTION READ WRITE"
	endWrite   = "COMMIT"
	undoWrite  = "ROLLBACK"
)

// Endpoint is one statement of one route on one database. It may be used by
// any number of goroutines at once.
type Endpoint struct {
	db    *Database
	query *query

	boarding boarding
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
	e := &Endpoint{db: db, query: &query{Statement: statement}}
	e.boarding.set(&cfg, statement)
	return e, nil
}

// Serve answers a request with the statement's result as JSON. It has the
// contract of a handler: either it writes the response, or it returns an error
// that wraps one of this package's kinds and leaves the response alone.
func (e *Endpoint) Serve(ctx context.Context, rc *fasthttp.RequestCtx) error {
	c := newCall(ctx, e.db.cfg.Timeout)
	defer c.free()
	var err error
	if c.args, err = e.query.arguments(ctx, rc, c.args); err != nil {
		return err
	}
	// The response's own buffer takes the JSON, so that it is copied nowhere.
	body, err := e.run(c, rc.Response.SwapBody(nil)[:0])
	if err != nil {
		e.db.count.note(err)
		rc.Response.SwapBody(body[:0])
		return err
	}
	rc.Response.SwapBody(body)
	rc.SetContentType("application/json")
	return nil
}

// run appends the statement's result to body: in a lane, where it may share a
// connection, or on one of its own.
func (e *Endpoint) run(c *call, body []byte) ([]byte, error) {
	if err := e.db.available(); err != nil {
		return body, err
	}
	result, kind, err := e.db.lanes.ride(c, e, body)
	tried := kind == turnRepeat
	if tried {
		// A crowd that has lost its lane needs no more connections than before.
		e.db.lanes.count.reruns.Add(1)
		c.careful = true
		result, kind, err = e.db.lanes.ride(c, e, body)
	}
	if kind == turnAnswered {
		return result, err
	}
	return e.runAlone(c, body, tried)
}

// runAlone runs the statement on a connection of its own. It tries once more
// where that broke and the statement only reads, unless it has been tried before.
func (e *Endpoint) runAlone(c *call, body []byte, tried bool) ([]byte, error) {
	if err := e.db.admit(c); err != nil {
		return body, err
	}
	c.careful = tried || !e.query.Reads
	result, again, err := e.attempt(c, body)
	if again && !tried {
		c.careful = true
		e.db.count.retries.Add(1)
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
			e.db.discard(res)
			panic(p)
		}
	}()
	s := res.Value()
	e.db.count.statements.Add(1)
	result, sent, err := e.exchange(s, c, body)
	uncertain := sent && !e.query.Reads
	switch {
	case s.judge(err):
		e.db.release(res, c.began)
	case !s.broken:
		e.db.discard(res)
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

// exchange sends the statement and appends its answer to body. sent tells
// whether the statement may have reached the server.
func (e *Endpoint) exchange(s *session, c *call, body []byte) (_ []byte, sent bool, err error) {
	if err := s.conn.SetDeadline(c.deadline); err != nil {
		return body, false, fmt.Errorf("set deadline: %w", err)
	}
	if err := c.attend(s); err != nil {
		return body, false, err
	}
	defer func() { err = c.attended(err) }()
	if e.query.Stateful {
		if err := s.cleanse(); err != nil {
			return body, false, err
		}
	}
	p, err := s.statement(e.query)
	if err != nil {
		return body, false, err
	}
	result, err := e.execute(s, p, c, body)
	if p.Statement != nil && needsPreparing(err) {
		s.forget(e.query)
		if p, err = s.statement(e.query); err != nil {
			return body, true, err
		}
		result, err = e.execute(s, p, c, body)
	}
	return result, true, err
}

// execute sends everything that the statement takes in one write, and reads
// all the answers. A procedure takes two: of one that fails half-way, what it
// has done by then is taken back.
func (e *Endpoint) execute(s *session, p *prepared, c *call, body []byte) ([]byte, error) {
	s.clean = false
	if !e.query.Reads {
		s.conn.Query(beginWrite)
	}
	if p.Statement != nil {
		s.conn.Execute(p.Statement, c.args)
	} else {
		s.conn.Query(e.query.withValues(c.args))
	}
	if !e.query.Calls {
		e.conclude(s, endWrite)
	}
	if err := s.conn.Flush(); err != nil {
		return body, err
	}
	result, err := e.answer(s, p, c, body)
	if e.query.Calls {
		end := endWrite
		if err != nil {
			end = undoWrite
		}
		e.conclude(s, end)
		err = cmp.Or(err, s.conn.Flush())
	}
	if err = cmp.Or(err, e.concluded(s, c)); err != nil {
		return body, err
	}
	return result, nil
}

// conclude encodes what ends a statement that writes, and what makes the
// session fit for others; concluded reads the answers.
func (e *Endpoint) conclude(s *session, end string) {
	if !e.query.Reads {
		s.conn.Query(end)
	}
	if e.query.Stateful {
		s.reset()
	}
}

func (e *Endpoint) concluded(s *session, c *call) error {
	var ended, reset error
	if !e.query.Reads {
		ended = s.conn.ReadResult(&c.result)
	}
	if e.query.Stateful {
		reset = s.wasReset()
	}
	return cmp.Or(ended, reset)
}

// answer reads the answer of the statement itself and appends it to body.
func (e *Endpoint) answer(s *session, p *prepared, c *call, body []byte) ([]byte, error) {
	var began error
	if !e.query.Reads {
		began = s.conn.ReadResult(&c.result)
	}
	result, err := p.appendAnswer(body, s.conn, &c.result)
	return result, cmp.Or(began, err)
}
