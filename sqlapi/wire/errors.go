package wire

import (
	"errors"
	"fmt"
)

var (
	// ErrProtocol: the server sent something that the protocol does not
	// allow. The connection is of no further use.
	ErrProtocol = errors.New("malformed packet from the database")
	// ErrTooLarge: an answer has more bytes than the connection's limit. The
	// connection is of no further use, as the rest is still under way.
	ErrTooLarge = errors.New("result too large")
	// ErrClosed: the connection was closed or has failed before.
	ErrClosed = errors.New("connection closed")
)

// ServerError is an error packet: the server refuses one statement, and the
// connection goes on.
type ServerError struct {
	// Number is the server's error number, State the five characters of the
	// SQLSTATE, or empty.
	Number uint16
	State  string
	// Message is the server's text. It may quote values of the statement.
	Message string
}

func (e *ServerError) Error() string {
	if e.State == "" {
		return fmt.Sprintf("error %d: %s", e.Number, e.Message)
	}
	return fmt.Sprintf("error %d (%s): %s", e.Number, e.State, e.Message)
}

// parseError reads an error packet, its 0xff included; ok is false for one
// that is too short to have a number.
func parseError(p []byte) (e *ServerError, ok bool) {
	if len(p) < 3 {
		return nil, false
	}
	e = &ServerError{Number: uint16(p[1]) | uint16(p[2])<<8}
	p = p[3:]
	if len(p) >= 6 && p[0] == '#' {
		e.State = string(p[1:6])
		p = p[6:]
	}
	e.Message = string(p)
	return e, true
}
