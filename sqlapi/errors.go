package sqlapi

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds of failure of an endpoint, for errors.Is. An error that Endpoint
// returns wraps exactly one of them, but for ErrInterrupted, and the cause beside it; the cause is for
// the log and may name addresses and SQL text.
var (
	// ErrParameter: a parameter is missing or malformed; see ParameterError.
	ErrParameter = errors.New("bad parameter")
	// ErrMediaType: the request's body is of another type than the one that
	// the statement's parameters are taken from, or encoded.
	ErrMediaType = errors.New("unsupported media type")
	// ErrNotAcceptable: the request accepts none of the route's formats.
	// Nothing was done for it.
	ErrNotAcceptable = errors.New("not acceptable")
	// ErrNoRow: the result has no row where the answer is one.
	ErrNoRow = errors.New("no row")
	// ErrTooLong: the result has more rows or bytes than there may be.
	ErrTooLong = errors.New("result too long")
	// ErrPoolFull: every connection that the pool may open is busy.
	ErrPoolFull = errors.New("connection pool full")
	// ErrUnavailable: the database cannot be reached, or a connection broke
	// before a statement could have had an effect.
	ErrUnavailable = errors.New("database unavailable")
	// ErrInterrupted: the database broke off a transaction, all of which it
	// takes back. It is wrapped beside ErrUnavailable.
	ErrInterrupted = errors.New("transaction interrupted")
	// ErrBroken: the connection broke after a write was sent, so nobody
	// knows whether it took effect. It was not repeated.
	ErrBroken = errors.New("connection broke during a write")
	// ErrTimeout: the statement's deadline, or the request's, has passed.
	ErrTimeout = errors.New("statement deadline passed")
	// ErrConflict: a duplicate key or a foreign key stands in the way.
	ErrConflict = errors.New("conflict")
	// ErrContended: other requests hold the rows that a statement needs, and
	// neither waiting nor trying again has helped. Nothing was done.
	ErrContended = errors.New("rows are locked by others")
	// ErrUnmet: a statement has not done what is expected of it; see
	// UnmetError. Everything was taken back.
	ErrUnmet = errors.New("expectation not met")
	// ErrUnprocessable: a value is out of range, null where it must not be,
	// or refused by a check.
	ErrUnprocessable = errors.New("unprocessable value")
	// ErrStatement: everything else that is wrong with our own SQL or with
	// what it returned.
	ErrStatement = errors.New("statement failed")
)

// ParameterError lists every parameter fault of a request. Its texts are
// public: they name the parameter, never its value.
type ParameterError struct {
	Faults []ParameterFault
}

// ParameterFault is one parameter that a request left out or got wrong.
type ParameterFault struct {
	// Parameter is the name as it stands in the SQL, without the colon:
	// "query.page". For a body that cannot be read at all it is "json" or "form".
	Parameter string
	// Pointer is the JSON pointer to the value in a JSON body, as the fragment
	// of a URI: "#/user/name". It is empty for every other value.
	Pointer string
	// Problem says what is wrong with it.
	Problem string
}

func (e *ParameterError) Error() string {
	var b strings.Builder
	b.WriteString("bad parameter")
	for i, f := range e.Faults {
		if i == 0 {
			b.WriteString(": ")
		} else {
			b.WriteString("; ")
		}
		b.WriteString(f.Parameter + ": " + f.Problem)
	}
	return b.String()
}

// Is reports that every ParameterError is an ErrParameter.
func (e *ParameterError) Is(target error) bool { return target == ErrParameter }

// FieldError is a fault of one configuration field.
type FieldError struct {
	// Field is the path of the field below its configuration, as written in
	// the file: "dsn".
	Field string
	// Problem says what is wrong, Hint what to do; Hint may be empty.
	// Neither holds a secret.
	Problem, Hint string
	// Offset is the byte in the field's string at which the fault begins,
	// or -1 for the whole value.
	Offset int
}

func (e *FieldError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("%s: %s", e.Field, e.Problem)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Field, e.Problem, e.Hint)
}

// FieldFault returns the parts of the fault, for whoever knows where the
// field stands.
func (e *FieldError) FieldFault() (field, problem, hint string, offset int) {
	return e.Field, e.Problem, e.Hint, e.Offset
}
