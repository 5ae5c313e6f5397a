package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"zerohop/backends"
	"zerohop/gateway/auth"
	"zerohop/gateway/session"
	"zerohop/sqlapi"
)

// What the gateway itself refuses; see also fault.
var (
	errNotFound       = errors.New("no route")
	errMethod         = errors.New("method not allowed")
	errUnauthorized   = errors.New("no or malformed credentials")
	errHeaderTooLarge = errors.New("request header too large")
	errBodyTooLarge   = errors.New("request body too large")
	errClientTimeout  = errors.New("client too slow")
	errConnections    = errors.New("too many connections")
	errClientLeft     = errors.New("client left")
	errPanic          = errors.New("handler panicked")
)

// methodError is an errMethod that knows the routes of the path.
type methodError struct {
	allow  string
	routes []*route
}

func (e *methodError) Error() string        { return "method not allowed, only " + e.allow }
func (e *methodError) Is(target error) bool { return target == errMethod }

// panicError is what a handler panicked with, and where.
type panicError struct {
	value any
	stack []byte
}

func newPanicError(v any) *panicError { return &panicError{value: v, stack: debug.Stack()} }

func (e *panicError) Error() string        { return fmt.Sprint("panic: ", e.value) }
func (e *panicError) Is(target error) bool { return target == errPanic }

// problem is the public side of an error.
type problem struct {
	cause  error // the kind of error that it stands for
	status int
	// code names the kind of problem for programs, and does not change.
	code string
	// detail is for people. It never holds SQL, addresses or credentials.
	detail string
}

// knownProblems are what clients can meet, by status. The first whose cause an
// error is counts. A fault is a 400 with its own sentence, and everything that
// is not here is our mistake: a 500.
var knownProblems = []problem{
	{errClientLeft, statusClientLeft, "client_left", "Nobody is there to read this."},
	{sqlapi.ErrParameter, 400, "bad_parameter", "Parameters are missing or malformed."},
	{errUnidentified, 401, "unauthorized", "Credentials are needed, or those that came are wrong."},
	{errUnauthorized, 401, "unauthorized", "A user and a password are needed."},
	{errForbidden, 403, "forbidden", "This is not allowed."},
	{errCrossSite, 403, "forbidden", "Nothing shows that this request comes from a page of this site."},
	{errNotFound, 404, "not_found", "Nothing is served at this path."},
	{sqlapi.ErrNoRow, 404, "not_found", "There is no such row."},
	{errMethod, 405, "method_not_allowed", "This path is not served for this method."},
	{sqlapi.ErrNotAcceptable, 406, "not_acceptable", "No format of this answer is one that the request accepts."},
	{errClientTimeout, 408, "client_timeout", "The request did not arrive in time."},
	{sqlapi.ErrConflict, 409, "conflict", "Another row stands in the way."},
	{errBodyTooLarge, 413, "body_too_large", "The request body is too large."},
	{sqlapi.ErrMediaType, 415, "unsupported_media_type", "A body of this type is not read here; see Content-Type and Content-Encoding."},
	{sqlapi.ErrUnprocessable, 422, "unprocessable", "A value is not acceptable."},
	{session.ErrTooLarge, 422, "unprocessable", "The session has no room for that."},
	{errThrottled, 429, "rate_limited", "There were too many failed logins."},
	{errHeaderTooLarge, 431, "header_too_large", "The request line and the header are too large."},
	{errPanic, 500, "internal", internalDetail},
	{sqlapi.ErrTooLong, 500, "result_too_long", "The result is longer than an answer may be here."},
	{backends.ErrBadGateway, 502, "bad_gateway", "The server behind this one gave no usable answer."},
	{sqlapi.ErrBroken, 502, "bad_gateway", "The database went away; the change may or may not have been made."},
	{sqlapi.ErrContended, 503, "contended", "Other requests hold the same rows; try again."},
	{session.ErrContended, 503, "contended", "Other requests change the same session; try again."},
	{sqlapi.ErrPoolFull, 503, "pool_full", "Every database connection is busy."},
	{backends.ErrFull, 503, "pool_full", "All that could answer this is busy."},
	{backends.ErrDown, 503, "unavailable", "No server behind this one is up."},
	{errConnections, 503, "too_many_connections", "Too many connections are open."},
	{sqlapi.ErrInterrupted, 503, "unavailable", "The database broke the transaction off; all of it was taken back."},
	{sqlapi.ErrUnavailable, 503, "unavailable", "The database cannot be reached."},
	{session.ErrUnavailable, 503, "unavailable", "The sessions cannot be reached."},
	{auth.ErrUnavailable, 503, "unavailable", "Nobody can say right now whether the credentials are right."},
	{backends.ErrClosed, 503, "unavailable", "The server is shutting down."},
	{sqlapi.ErrTimeout, 504, "timeout", "The answer was not ready in time."},
	{backends.ErrTimeout, 504, "timeout", "The server behind this one did not answer in time."},
	{context.DeadlineExceeded, 504, "timeout", "The answer was not ready in time."},
}

// statusClientLeft is nginx's, for its log: it is never sent.
const statusClientLeft = 499

// badRequest is the code of every fault.
const badRequest = "bad_request"

const internalDetail = "Something went wrong here; the log knows more."

// classify says what a client may know of an error.
func classify(err error) problem {
	var f fault
	if errors.As(err, &f) {
		return problem{f, 400, badRequest, string(f)}
	}
	if unmet, ok := errors.AsType[*sqlapi.UnmetError](err); ok {
		return unmetProblem(unmet)
	}
	for _, p := range knownProblems {
		if errors.Is(err, p.cause) {
			return p
		}
	}
	return problem{err, 500, "internal", internalDetail}
}

// parseFailure turns what the parser stopped with into an error of ours. The
// parser's own words are dropped: they quote the request, secrets included.
func parseFailure(err error) error {
	var small *fasthttp.ErrSmallBuffer
	switch {
	case errors.As(err, &small):
		return errHeaderTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, fasthttp.ErrTimeout):
		return errClientTimeout
	}
	return faultSyntax
}

// problems turns errors into responses and log lines. It is the only place
// that does either.
type problems struct {
	log   *slog.Logger
	flood flood

	counts map[string]*atomic.Uint64 // by code; the map itself does not change
}

// newCounts returns a count for every code that there is.
func newCounts() map[string]*atomic.Uint64 {
	counts := map[string]*atomic.Uint64{badRequest: {}}
	for _, known := range slices.Concat(knownProblems, unmetProblems) {
		counts[known.code] = new(atomic.Uint64)
	}
	return counts
}

// answer writes the response for an error, counts it, and logs the cause.
// Whatever a handler left in the response is dropped.
func (p *problems) answer(rc *fasthttp.RequestCtx, s *scope, err error) {
	public := classify(err)
	p.counts[public.code].Add(1)
	rds, status := rdsErrorsFor(s, err), public.status
	if rds != nil {
		status = rdsStatus(public, err)
	}
	p.record(rc, s, public, status, err)

	resp := &rc.Response
	resp.Reset()
	resp.Header.SetNoDefaultContentType(true) // Reset undoes the server's setting
	resp.SetStatusCode(status)
	page, onPage := errors.AsType[*pageError](err)
	switch {
	case onPage:
		page.show(resp, status)
	case rds != nil:
		resp.Header.SetContentType("application/json")
		resp.SetBodyRaw(rds.body(status, public, err))
	default:
		resp.Header.SetContentType("application/problem+json")
		resp.SetBodyRaw(public.body(s.id, err))
	}
	if status == fasthttp.StatusServiceUnavailable {
		resp.Header.Set("Retry-After", "1")
	}
	var method *methodError
	switch {
	case errors.Is(err, errUnauthorized):
		resp.Header.Set("WWW-Authenticate", challengeOf(err))
	case errors.Is(err, errThrottled):
		resp.Header.Set("Retry-After", retryAfter(err))
	case errors.As(err, &method):
		resp.Header.Set("Allow", method.allow)
	}
	if s.route != nil && s.route.negotiated {
		resp.Header.Set("Vary", "Accept")
	}
}

// body renders the problem as RFC 9457 wants it.
func (p problem) body(requestID []byte, err error) []byte {
	type entry struct {
		Parameter string `json:"parameter"`
		Pointer   string `json:"pointer,omitempty"` // as in the example of RFC 9457
		Detail    string `json:"detail"`
	}
	doc := struct {
		Type      string  `json:"type"`
		Title     string  `json:"title"`
		Status    int     `json:"status"`
		Code      string  `json:"code"`
		Detail    string  `json:"detail"`
		RequestID string  `json:"request_id"`
		Errors    []entry `json:"errors,omitempty"`
	}{"about:blank", fasthttp.StatusMessage(p.status), p.status, p.code, p.detail, string(requestID), nil}
	var parameters *sqlapi.ParameterError
	if errors.As(err, &parameters) {
		for _, f := range parameters.Faults {
			doc.Errors = append(doc.Errors, entry{f.Parameter, f.Pointer, f.Problem})
		}
	}
	body, err := json.Marshal(doc)
	if err != nil {
		panic(fmt.Sprint("bug: problem cannot be encoded: ", err))
	}
	return body
}

// record logs the cause of a problem: at error level when it is ours, for
// debugging when it is the client's. What is ours may come in floods, at a
// client's will even: of one code one line a second and route is written.
func (p *problems) record(rc *fasthttp.RequestCtx, s *scope, public problem, status int, err error) {
	level := slog.LevelError
	if public.status < 500 {
		level = slog.LevelDebug
	}
	if !p.log.Enabled(context.Background(), level) {
		return
	}
	suppressed := 0
	if level == slog.LevelError {
		kind := floodKind{code: public.code}
		if s.route != nil {
			kind.route = s.route.pattern.text
		}
		var ok bool
		if suppressed, ok = p.flood.admit(kind, s.start); !ok {
			return
		}
	}
	attrs := []slog.Attr{
		slog.String("request_id", string(s.id)),
		slog.String("method", string(rc.Method())),
		slog.Int("status", status),
		slog.String("code", public.code),
		slog.String("error", err.Error()),
	}
	if s.route != nil {
		attrs = append(attrs, slog.String("route", s.route.pattern.text))
	}
	if suppressed > 0 {
		attrs = append(attrs, slog.Int("suppressed", suppressed))
	}
	var panicked *panicError
	if errors.As(err, &panicked) {
		attrs = append(attrs, slog.String("stack", string(panicked.stack)))
	}
	p.log.LogAttrs(context.Background(), level, "request failed", attrs...)
}

// broken logs what ended an answer early whose beginning had gone out.
func (p *problems) broken(rc *fasthttp.RequestCtx, s *scope, err error) {
	public := problem{err, 502, "bad_gateway", ""}
	p.counts[public.code].Add(1)
	p.record(rc, s, public, s.status, err)
}

// serverLog passes what the HTTP server itself has to say to the log, for
// debugging: errors that concern a request come to answer anyway.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Printf(format string, args ...any) {
	l.log.Debug(strings.TrimSpace(fmt.Sprintf(format, args...)), "from", "fasthttp")
}
