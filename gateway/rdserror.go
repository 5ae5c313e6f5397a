package gateway

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi"
)

// The values of RouteConfig.Errors.
const (
	errorsProblem = "problem"
	errorsRDS     = "rds"
)

// rdsErrors answers the errors of a route as the old stack did: with its
// statuses, and as {"errcode":410,"errstr":"…"}, the form of its fixed answers.
// Of errors that the old stack did not have the status is that of the problem.
//
// errcode is the HTTP status. errstr is the public detail, never the server's own
// text: that quotes statements and values.
type rdsErrors struct {
	errcode, errstr []byte // {"errcode": and ,"errstr":
}

func newRDSErrors(c RouteConfig) *rdsErrors {
	return &rdsErrors{
		errcode: append(append([]byte{'{'}, quoted(c.errcodeKey())...), ':'),
		errstr:  append(append([]byte{','}, quoted(c.errstrKey())...), ':'),
	}
}

// rdsErrorsFor returns how the old stack would have an error answered, or nil
// where it is not asked for. A request for a method without a route counts to
// the routes of its path, if they are of one mind.
func rdsErrorsFor(s *scope, err error) *rdsErrors {
	if s.route != nil {
		return s.route.rds
	}
	method, ok := errors.AsType[*methodError](err)
	if !ok || slices.ContainsFunc(method.routes, func(rt *route) bool { return rt.rds == nil }) {
		return nil
	}
	return method.routes[0].rds
}

// errNoTable is the server's number of the error that a table does not exist.
const errNoTable = 1146

// rdsStatus returns the status that the old stack had for an error.
func rdsStatus(p problem, err error) int {
	refusal, refused := errors.AsType[*sqlapi.Refusal](err)
	switch {
	case p.status == fasthttp.StatusGatewayTimeout || p.status == statusClientLeft:
		return p.status
	case refused && refusal.Number == errNoTable:
		return fasthttp.StatusGone
	case refused:
		return fasthttp.StatusInternalServerError
	case errors.Is(err, sqlapi.ErrUnavailable):
		return fasthttp.StatusBadGateway
	}
	return p.status
}

// body renders an error. What is wrong with parameters is public, and says more
// than that something is.
func (r *rdsErrors) body(status int, p problem, err error) []byte {
	text := p.detail
	if parameters, ok := errors.AsType[*sqlapi.ParameterError](err); ok {
		text = parameters.Error()
	}
	body := strconv.AppendInt(slices.Clone(r.errcode), int64(status), 10)
	body = append(append(body, r.errstr...), quoted(strings.ToValidUTF8(text, "\uFFFD"))...)
	return append(body, '}')
}
