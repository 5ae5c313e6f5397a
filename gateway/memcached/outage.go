package memcached

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

const (
	// pause is how long a server that is down is left alone, and then until
	// each next try.
	pause = 250 * time.Millisecond
	// patience is how many calls in a row may go wrong until a server is down.
	// One may be a machine that was busy for a moment.
	patience = 3
)

// errDown: the server did not answer a moment ago, and was not asked.
var errDown = errors.New("the server is down")

// outage remembers that a server is down. The zero value is a server that is
// not. It may be used by several goroutines at once.
type outage struct {
	failures atomic.Int32 // in a row
	// until is when the next call may try, in nanoseconds since 1970; 0 while
	// the server is up.
	until atomic.Int64
}

// admits reports whether a call may be sent. While the server is down that is
// one in a pause.
func (o *outage) admits() bool {
	until := o.until.Load()
	if until == 0 {
		return true
	}
	now := time.Now().UnixNano()
	return now >= until && o.until.CompareAndSwap(until, now+int64(pause))
}

func (o *outage) lasts() bool { return o.until.Load() != 0 }

// note takes into account how a call went, and reports whether the server is
// down. An answer that makes no sense is one of a server that is there.
func (o *outage) note(err error, answered bool) (down bool) {
	switch {
	case answered || !isSilence(err) && !isRefusal(err):
		o.failures.Store(0)
		if o.lasts() {
			o.until.Store(0)
		}
	case isRefusal(err) || o.failures.Add(1) >= patience || o.lasts():
		o.until.Store(time.Now().Add(pause).UnixNano())
		return true
	}
	return false
}

// isSilence reports whether the failure is one of nobody answering.
func isSilence(err error) bool {
	if _, late := errors.AsType[*memcache.ConnectTimeoutError](err); late {
		return true
	}
	if dial, ok := errors.AsType[*dialError](err); ok && dial.Timeout() {
		return true
	}
	return errors.Is(err, os.ErrDeadlineExceeded) || isStale(err)
}

// isRefusal reports whether there was no connection to be had.
func isRefusal(err error) bool {
	dial, ok := errors.AsType[*dialError](err)
	return ok && !dial.Timeout()
}

// dialError is a connection that did not come to be.
type dialError struct{ error }

func (e *dialError) Unwrap() error { return e.error }

// Timeout is net.Error's.
func (e *dialError) Timeout() bool {
	late, ok := errors.AsType[net.Error](e.error)
	return ok && late.Timeout()
}

// Temporary is net.Error's.
func (e *dialError) Temporary() bool { return false }
