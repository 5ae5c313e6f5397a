package upstream

import "fmt"

// Op is what an exchange was about when it failed.
type Op string

// The steps of an exchange.
const (
	OpConnect Op = "connect" // the TLS handshake included
	OpSend    Op = "send"    // the request
	OpRead    Op = "read"    // the answer broke, or did not come in time
	OpHead    Op = "head"    // the answer's head is malformed or too large
	OpStatus  Op = "status"  // the answer has a status that is not wanted
	OpClient  Op = "client"  // the client has left, or its body could not be read: nobody's fault here
)

// Error is why an exchange failed.
type Error struct {
	// Op is the step that failed.
	Op Op
	// Sent: at least a byte of the request went out on the connection that
	// failed.
	Sent bool
	// BodyTaken: something of Body.Rest was consumed, so that nothing can be
	// sent again.
	BodyTaken bool
	// Timeout: one of the Config's times was up; Err names which.
	Timeout bool
	// Stale: a kept connection turned out closed before any byte of an answer.
	Stale bool
	// Status is the answer's, with OpStatus.
	Status int
	// Err is the cause. It is context.Canceled when the client has left, and
	// the error of Body.Rest when that was it; errors.Is finds both.
	Err error
}

func (e *Error) Error() string { return fmt.Sprintf("%s upstream: %v", e.Op, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
