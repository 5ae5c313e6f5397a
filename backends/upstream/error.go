package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Op is what an exchange was about when it failed.
type Op string

// The steps of an exchange.
const (
	OpConnect Op = "connect" // the TLS handshake included
	OpSend    Op = "send"    // the request
	OpRead    Op = "read"    // the answer broke, or did not come in time
	OpHead    Op = "head"    // the answer's head is malformed or too large
	OpStatus  Op = "status"  // the answer has a status that is not wanted
	OpTunnel  Op = "tunnel"  // the server has broken a tunnel: what its client says in there may be why
	OpClient  Op = "client"  // the client has left, or its request could not be read or passed on
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
	// unused: that was seen before the connection was used.
	unused bool
	// Status is the answer's, with OpStatus.
	Status int
	// Err is the cause. It is context.Canceled when the client has left, and
	// the error of Body.Rest when that was it; errors.Is finds both.
	Err error
}

// Error says what failed. What the network has to say names its step itself.
func (e *Error) Error() string {
	if e.Op == OpStatus {
		return fmt.Sprintf("answered %d", e.Status)
	}
	if _, says := errors.AsType[*net.OpError](e.Err); says {
		return e.Err.Error()
	}
	return fmt.Sprintf("%s upstream: %v", e.Op, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Blameless reports whether the failure says nothing about the server: the
// client, or a tunnel, or the Client's own Close was the reason.
func (e *Error) Blameless() bool {
	return e.Op == OpClient || e.Op == OpTunnel || errors.Is(e.Err, context.Canceled) || errors.Is(e.Err, ErrClosed)
}
