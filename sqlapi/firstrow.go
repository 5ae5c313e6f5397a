package sqlapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"
)

// maxRecord is how many bytes the first row of a Query may have, with the names
// of its columns.
const maxRecord = 256 << 10

// QueryConfig describes a statement whose first row is for the program itself,
// and no answer to a client: one that looks a user up.
type QueryConfig struct {
	// Field is the key that holds the SQL, below the part of the configuration
	// that it belongs to: "sql_hash". Faults are put there.
	Field string
	// SQL is the statement. It may take values of the request's path, query
	// string, headers and cookies, of its client and of :auth, never of its
	// body, which has not been read yet.
	SQL string
	// AuthNames are the values of :auth that there are: "user", "password".
	AuthNames []string
	// Needs are those of AuthNames that the statement has to take: without
	// them it would say the same of everybody.
	Needs []string
	// Writes: it changes something and returns nothing of interest. Otherwise
	// it is to read, and to return rows.
	Writes bool
}

// Validate returns everything that is wrong, as *FieldError.
func (c QueryConfig) Validate() []error {
	s := newScript(c.Field, c.SQL)
	var faults []error
	for _, f := range s.syntax {
		faults = append(faults, s.fault(f.Offset, f.Problem, f.Hint))
	}
	for _, p := range s.parameters() {
		if problem, hint := c.refuses(&p); problem != "" {
			faults = append(faults, s.fault(p.Offset, problem, hint))
		}
	}
	if !s.understood() {
		return faults
	}
	if len(faults) == 0 { // a misspelt one has its fault
		faults = c.missing(&s)
	}
	switch reads := s.statement.Reads && s.statement.Yields; {
	case c.Writes && reads:
		faults = append(faults, s.faultAtVerb("a statement that changes nothing", "write an UPDATE"))
	case !c.Writes && !reads:
		faults = append(faults, s.faultAtVerb("a statement that writes or locks, where one is to look something up", "write a SELECT"))
	}
	return faults
}

// missing returns the faults of values that the statement does not take.
func (c QueryConfig) missing(s *script) []error {
	var faults []error
	for _, name := range c.Needs {
		if !s.reads(SourceAuth, name) {
			faults = append(faults, s.faultAtVerb("the statement does not take :auth."+name, "without it the statement does the same for everybody"))
		}
	}
	return faults
}

// refuses returns why there is no value for p, or "".
func (c QueryConfig) refuses(p *Param) (problem, hint string) {
	switch p.Source {
	case SourceQuery, SourceHeader, SourceCookie, SourceClient:
		return "", ""
	case SourceAuth:
		if slices.Contains(c.AuthNames, p.Name) {
			return "", ""
		}
		return "there is no :" + p.written + " here", "there is :auth." + strings.Join(c.AuthNames, ", :auth.")
	case SourceForm, SourceJSON:
		return "the body has not been read yet, so there is no :" + p.written, "take the value from :auth, :header or :query"
	}
	return "there is no :" + p.written + " here", "take the value from :auth, :header, :query, :cookie or :client"
}

// Query is a statement whose first row is for the program itself. It has the
// connections, the lanes and the retries of an Endpoint, and may be used by any
// number of goroutines at once.
type Query struct{ endpoint *Endpoint }

// Query returns the query of a configuration that Validate finds no fault with.
func (db *Database) Query(cfg QueryConfig) (*Query, error) {
	if err := errors.Join(cfg.Validate()...); err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	statement := newScript(cfg.Field, cfg.SQL).statement
	ps := &parameters{}
	for i := range statement.Params {
		ps.add(&statement.Params[i])
	}
	e := &Endpoint{db: db, parameters: ps, begin: beginWrite, choice: choice{formats: []format{formatRecord}}}
	e.query = newQuery(statement, ps, &answer{
		rows:  limit{most: 1, name: "rows"},
		bytes: limit{most: maxRecord, err: fmt.Errorf("%w: its first row has more than %d bytes", ErrTooLong, maxRecord)},
	})
	e.boarding = newBoarding(&LaneConfig{Lane: LaneAuto}, e)
	return &Query{endpoint: e}, nil
}

// Row runs the statement for a request and sets row to its first row. lookup
// gives the values of :auth, :client and :path, which are bound as text, like
// all others; those that it has not are the empty string. The errors are those
// of Endpoint.Serve; one of a value that is not UTF-8 is a *ParameterError.
//
// A row that is used again takes no allocation.
func (q *Query) Row(ctx context.Context, rc *fasthttp.RequestCtx, lookup Lookuper, row *Row) error {
	e := q.endpoint
	c := newCall(ctx, e.db.cfg.Timeout)
	defer c.free()
	c.format = formatRecord
	row.reset()
	if err := e.parameters.takeFrom(lookup, rc, &c.values); err != nil {
		return err
	}
	c.query, c.args = e.query.bind(&c.values, c.args)
	record, err := e.run(c, row.record)
	row.record = record[:0]
	if err != nil {
		e.db.count.note(err)
		return err
	}
	row.parse(record, c.truncated != "")
	return nil
}
