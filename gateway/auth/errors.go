package auth

import (
	"errors"
	"fmt"
)

var (
	// ErrNoCredentials: the request brings none, or none that can be read. 401.
	ErrNoCredentials = errors.New("no credentials")
	// ErrRejected: the credentials are wrong. 401, with the same answer as
	// ErrNoCredentials; why it is so is for the log alone.
	ErrRejected = errors.New("credentials rejected")
	// ErrForbidden: it is known who asks, and he may not. 403.
	ErrForbidden = errors.New("forbidden")
	// ErrUnavailable: what the credentials are compared with cannot be had, so
	// nobody can say whether they are right. 503.
	ErrUnavailable = errors.New("verifier unavailable")
)

// FieldError is a fault of one configuration field.
type FieldError struct {
	// Field is the path of the field below the Config: "users_file".
	Field string
	// Problem says what is wrong, Hint what to do; Hint may be empty.
	// Neither holds a secret.
	Problem, Hint string
}

func (e *FieldError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("%s: %s", e.Field, e.Problem)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Field, e.Problem, e.Hint)
}

// FieldFault returns the parts of the fault, for whoever knows where the field
// stands.
func (e *FieldError) FieldFault() (field, problem, hint string, offset int) {
	return e.Field, e.Problem, e.Hint, -1
}

// below puts the faults of a part under the part's own key.
type below struct {
	key string
	error
}

func (b below) Unwrap() error { return b.error }

// FieldFault returns the parts of the fault with the field's whole path.
func (b below) FieldFault() (field, problem, hint string, offset int) {
	f, ok := b.error.(interface {
		FieldFault() (field, problem, hint string, offset int)
	})
	if !ok {
		return b.key, b.Error(), "", -1
	}
	field, problem, hint, offset = f.FieldFault()
	return b.key + "." + field, problem, hint, offset
}
