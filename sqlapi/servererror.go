package sqlapi

import (
	"errors"
	"fmt"
	"os"

	"zerohop/sqlapi/wire"
)

// serverErrors gives the server's error numbers that are not our SQL's fault
// their kind. The numbers are those of MariaDB's and MySQL's error references.
var serverErrors = map[uint16]error{
	1022: ErrConflict, // duplicate key
	1062: ErrConflict,
	1169: ErrConflict,
	1586: ErrConflict,
	1216: ErrConflict, // foreign keys
	1217: ErrConflict,
	1451: ErrConflict,
	1452: ErrConflict,
	1761: ErrConflict,
	1762: ErrConflict,

	1048: ErrUnprocessable, // null where it must not be
	1263: ErrUnprocessable,
	1364: ErrUnprocessable,
	1264: ErrUnprocessable, // out of range
	1690: ErrUnprocessable,
	1265: ErrUnprocessable, // truncated
	1292: ErrUnprocessable,
	1366: ErrUnprocessable,
	1406: ErrUnprocessable,
	1411: ErrUnprocessable,
	3819: ErrUnprocessable, // checks
	4025: ErrUnprocessable,

	1969: ErrTimeout, // max_statement_time, max_execution_time
	3024: ErrTimeout,

	1040: ErrUnavailable, // too many connections
	1203: ErrUnavailable,
	1226: ErrUnavailable,
	1205: ErrContended,   // lock wait timeout
	1213: ErrContended,   // deadlock
	1290: ErrUnavailable, // the server runs read only
	1836: ErrUnavailable,
	1053: ErrUnavailable, // shutdown, killed
	1077: ErrUnavailable,
	1079: ErrUnavailable,
	1152: ErrUnavailable,
	1158: ErrUnavailable,
	1159: ErrUnavailable,
	1160: ErrUnavailable,
	1161: ErrUnavailable,
	1317: ErrUnavailable,
	1927: ErrUnavailable,
	4031: ErrUnavailable,
}

// Refusal is what the server said when it refused a statement, within the error
// of an endpoint. A connection that it refused is none. The text may quote the
// statement and its values.
type Refusal struct {
	// Number is that of MariaDB's and MySQL's error references.
	Number uint16
	Cause  error
}

func (e *Refusal) Error() string { return e.Cause.Error() }
func (e *Refusal) Unwrap() error { return e.Cause }

// refusal returns the number of the server's error, or 0 for another one or none.
func refusal(err error) uint16 {
	if refused, ok := errors.AsType[*wire.ServerError](err); ok {
		return refused.Number
	}
	return 0
}

// endsConnection reports whether err is an error packet behind which the
// server closes the connection.
func endsConnection(err error) bool {
	switch refusal(err) {
	case 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1927, 4031:
		return true
	}
	return false
}

// needsPreparing reports whether the server no longer knows a prepared
// statement, or wants it prepared again.
func needsPreparing(err error) bool {
	number := refusal(err)
	return number == 1243 || number == 1615
}

// kindOf gives a statement's failure its kind. broke is the kind of a
// connection that broke.
func kindOf(err, broke error) error {
	if err == nil || errors.Is(err, ErrStatement) || errors.Is(err, ErrAbandoned) || errors.Is(err, ErrNoRow) || errors.Is(err, ErrTooLong) ||
		errors.Is(err, ErrUnmet) || errors.Is(err, ErrBroken) {
		return err
	}
	kind := broke
	if refused, ok := errors.AsType[*wire.ServerError](err); ok {
		if kind = serverErrors[refused.Number]; kind == nil {
			kind = ErrStatement
		}
		err = &Refusal{refused.Number, err}
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		kind = ErrTimeout
	} else if errors.Is(err, wire.ErrTooLarge) {
		kind = ErrTooLong
	}
	return fmt.Errorf("%w: %w", kind, err)
}
