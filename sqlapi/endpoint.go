package sqlapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi/wire"
)

// What a statement that writes is wrapped in: the session is read only. A
// procedure, of which nobody knows whether it writes, is not to do so under GET.
const (
	beginWrite = "START TRANSACTION READ WRITE"
	beginRead  = "START TRANSACTION READ ONLY"
	endWrite   = "COMMIT"
	undoWrite  = "ROLLBACK"
)

// Endpoint is the statement of one route on one database, or several that run
// one after the other. It may be used by any number of goroutines at once.
type Endpoint struct {
	db *Database
	// parameters are what the endpoint takes from a request.
	parameters *parameters
	// query is the only statement, or sequence, if there is one, all of them.
	query    *query
	sequence *sequence
	paging   *paging // nil: every request is given all rows
	status   int     // of an answer that is no error; 0 for 200
	// begin is how the transaction of what does not only read begins.
	begin string
	// choice is what the answers can be written in.
	choice choice

	// boarding decides whether it shares a connection; every format has the same.
	boarding *boarding
}

// Endpoint returns the endpoint of a route. The configuration's faults are
// those of its Validate.
func (db *Database) Endpoint(cfg EndpointConfig) (*Endpoint, error) {
	if err := errors.Join(append(cfg.Validate(), cfg.ValidateOn(&db.cfg)...)...); err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	if zone, err := parseZone(db.cfg.TimeZone); err == nil {
		cfg.location = zone.location
	}
	scripts := cfg.scripts()
	// The configuration is sound: nothing is wrong with the parameters either.
	ps, _ := cfg.parameters(scripts)
	choice, err := newChoice(cfg.FormatConfig)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	answer, err := newAnswer(&cfg, db.cfg.TypesConfig, ps)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	query := newQuery(scripts[0].statement, ps, answer)
	sequence, err := newSequence(&cfg, scripts, ps, answer)
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	begin := beginWrite
	if cfg.ReadOnly {
		begin = beginRead
	}
	if sequence != nil {
		sequence.begin, sequence.watched = begin, !db.cfg.Embedded()
	}
	e := &Endpoint{
		db: db, parameters: ps, choice: choice, query: query, sequence: sequence,
		paging: newPaging(&cfg, ps), status: cfg.Status, begin: begin,
	}
	e.boarding = newBoarding(&cfg.LaneConfig, e)
	return e, nil
}

// Serve answers a request with the statement's result, as JSON or in the format
// that the request accepts. It has the contract of a handler: either it writes
// the response, or it returns an error that wraps one of this package's kinds
// and leaves the response alone.
func (e *Endpoint) Serve(ctx context.Context, rc *fasthttp.RequestCtx) error {
	chosen, err := e.choice.of(&rc.Request.Header)
	if err != nil {
		return err
	}
	c := newCall(ctx, e.db.cfg.Timeout)
	defer c.free()
	c.format = e.choice.formats[chosen]
	if err := e.take(ctx, rc, c); err != nil {
		return err
	}
	// The response's own buffer takes the JSON, so that it is copied nowhere.
	body, err := e.run(c, rc.Response.SwapBody(nil)[:0])
	if err == nil && e.paging != nil {
		err = e.paging.label(rc, c)
	}
	if err != nil {
		e.db.count.note(err)
		rc.Response.SwapBody(body[:0])
		return err
	}
	rc.Response.SwapBody(body)
	e.choice.label(&rc.Response, chosen)
	if c.truncated != "" {
		rc.Response.Header.Set("X-Truncated", c.truncated)
	}
	if e.status != 0 {
		rc.SetStatusCode(e.status)
	}
	if len(c.location) > 0 {
		rc.Response.Header.SetBytesV(fasthttp.HeaderLocation, c.location)
	}
	return nil
}

// take works out the values of a request, all of them checked.
func (e *Endpoint) take(ctx context.Context, rc *fasthttp.RequestCtx, c *call) error {
	err := e.parameters.take(ctx, rc, &c.values)
	if e.paging != nil {
		err = e.paging.take(rc, c, err)
	}
	if err != nil {
		return err
	}
	if err := e.query.answer.prepare(c); err != nil {
		return err
	}
	if e.sequence == nil {
		c.query, c.args = e.query.bind(&c.values, c.args)
	}
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
	c.careful = tried || !e.reads()
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
	result, reached, err := e.exchange(s, c, body)
	e.db.count.statements.Add(max(c.sent, 1))
	c.sent = 0
	switch {
	case s.judge(err):
		e.db.release(res, c.began)
	case !s.broken:
		e.db.discard(res)
	case reached == reachedEffect:
		res.Destroy()
		e.db.gate.leave()
		return body, false, kindOf(err, ErrBroken)
	case reached == reachedUndone:
		res.Destroy()
		e.db.gate.leave()
	default:
		res.Destroy()
		again = true
	}
	err = kindOf(err, ErrUnavailable)
	if reached == reachedUndone && errors.Is(err, ErrUnavailable) {
		err = fmt.Errorf("%w: %w", ErrInterrupted, err)
	}
	return result, again, err
}

// reads reports whether nothing that the endpoint runs changes anything.
func (e *Endpoint) reads() bool {
	if e.sequence != nil {
		return e.sequence.reads
	}
	return e.query.Reads
}

// exchange runs the statement, or the sequence, and appends its answer to body.
func (e *Endpoint) exchange(s *session, c *call, body []byte) (_ []byte, reached reach, err error) {
	if err := s.conn.SetDeadline(c.deadline); err != nil {
		return body, reachedNothing, fmt.Errorf("set deadline: %w", err)
	}
	if err := c.attend(s); err != nil {
		return body, reachedNothing, err
	}
	defer func() { err = c.attended(err) }()
	if e.sequence != nil {
		return e.sequence.run(s, c, body)
	}
	result, sent, err := e.perform(s, c, body)
	if sent && !e.query.Reads {
		reached = reachedEffect
	}
	return result, reached, err
}

// perform sends the statement and appends its answer to body. sent tells
// whether the statement may have reached the server.
func (e *Endpoint) perform(s *session, c *call, body []byte) (_ []byte, sent bool, err error) {
	if e.query.Stateful {
		if err := s.cleanse(); err != nil {
			return body, false, err
		}
	}
	p, err := s.statement(c.query)
	if err != nil {
		return body, false, err
	}
	result, err := e.execute(s, p, c, body)
	if p.Statement != nil && needsPreparing(err) {
		s.forget(c.query)
		if p, err = s.statement(c.query); err != nil {
			return body, true, err
		}
		result, err = e.execute(s, p, c, body)
	}
	return result, true, err
}

// execute sends everything that the statement takes in one write, and reads
// all the answers. A statement that is awaited takes two: where its answer cannot
// be given, what it has done is taken back.
func (e *Endpoint) execute(s *session, p *prepared, c *call, body []byte) ([]byte, error) {
	s.clean = false
	if !e.query.Reads {
		s.conn.Query(e.begin)
	}
	p.send(s.conn, c)
	awaited := e.query.awaited()
	if !awaited {
		e.conclude(s, endWrite)
	}
	if err := s.conn.Flush(); err != nil {
		return body, err
	}
	result, err := e.answer(s, p, c, body)
	if awaited {
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

// send encodes the statement of a call.
func (p *prepared) send(conn *wire.Conn, c *call) {
	if p.Statement != nil {
		conn.Execute(p.Statement, c.args)
	} else {
		conn.Query(c.query.withValues(c.args))
	}
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
		ended = uncommitted(s.conn.ReadResult(&c.result))
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
	result, err := p.appendAnswer(body, s.conn, c)
	return result, cmp.Or(began, err)
}
