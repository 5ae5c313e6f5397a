package sqlapi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// ErrAbandoned: whoever asked has left before the answer was there. A
// statement that was under way has been ended on the server too; one that
// writes is rolled back, unless its commit had already begun.
var ErrAbandoned = errors.New("request abandoned")

// Abandonable is a request that may be given up while its statement runs. An
// Endpoint finds it under AbandonKey; without one, a statement ends at its
// deadline at the earliest.
type Abandonable interface {
	// Running says what has to be aborted when the request is abandoned from
	// now on; nil is nothing. Once it has returned, what was named before is
	// not aborted any more. It reports whether the request is still wanted;
	// where it is not, nothing is going to be aborted.
	Running(Aborter) (wanted bool)
}

// Aborter is what can be made to end early, from any goroutine and without
// waiting for the end. It is an alias, so that a request may be Abandonable
// and also be watched for others, with one method Running.
type Aborter = interface{ Abort() }

type abandonKey struct{}

// AbandonKey is the context key under which an Endpoint finds the request's
// Abandonable: ctx.Value(AbandonKey).(Abandonable).
var AbandonKey = &abandonKey{}

// Abort has the exchange under way on this connection fail as if its deadline
// had passed: the connection is then killed, and the statement with it.
func (s *session) Abort() { s.conn.SetDeadline(time.Now()) }

// attend has what runs for the request aborted when it is abandoned. Where that
// is a session's exchange it comes behind the setting of the deadline, which
// would undo that.
func (c *call) attend(a Aborter) error {
	request, ok := c.ctx.Value(AbandonKey).(Abandonable)
	if !ok {
		return nil
	}
	if !request.Running(a) {
		return fmt.Errorf("%w: before its statement was sent", ErrAbandoned)
	}
	c.request = request
	return nil
}

// attended ends what attend began, and gives an exchange that was aborted its
// kind.
func (c *call) attended(err error) error {
	if c.request == nil {
		return err
	}
	wanted := c.request.Running(nil)
	c.request = nil
	if !wanted && errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrAbandoned, err)
	}
	return err
}

// waitEnded is the kind of failure of a request that was over before it had a
// connection.
func waitEnded(ctx context.Context, otherwise error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ErrAbandoned
	}
	return otherwise
}
