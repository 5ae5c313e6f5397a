package probe

import (
	"context"
	"net"
	"time"
)

// Config describes the checks of one group, as backends.Config.Validate passes
// it: either Path or Send is set, and every number and duration is positive.
type Config struct {
	// Path is asked for with GET: "/health", a query may follow.
	Path string
	// Send is sent as it stands instead, for servers that do not speak HTTP,
	// or for a request with a method or header lines of its own.
	Send string
	// Host is the Host line of a check by Path. Empty: the target's own.
	Host string
	// HTTP10 asks with HTTP/1.0 instead of HTTP/1.1 and Connection: close.
	HTTP10 bool

	// Statuses are those of a healthy member. Empty: 200 alone.
	Statuses []int
	// Body is what a healthy member answers, exactly. Nil: whatever it is.
	Body *string

	// Every is the time from the start of a check to that of the next one.
	Every time.Duration
	// Timeout bounds one check, from the connection to the last byte.
	Timeout time.Duration
	// Fails is how many checks in a row must fail before a member that is up
	// is down, Passes how many must succeed before it is up again.
	Fails, Passes int
	// Down makes members down until they have passed their first checks.
	Down bool

	// First returns after which part of Every a member is checked for the
	// first time. Nil: a random one, so that neither the members of a group
	// nor several balancers ask all at once.
	First func(every time.Duration) time.Duration
}

// Target is one member to check.
type Target struct {
	// Name is for the errors, Host the Host line where the Config has none:
	// the member's address, as a client would send it.
	Name, Host string
	// Dial connects to it, TLS included, until ctx ends. Its errors say that
	// they are of connecting.
	Dial func(ctx context.Context) (net.Conn, error)
}

// Result is the outcome of one check, and what it means for the member.
type Result struct {
	// OK: the member answered as expected. Else Err says what happened.
	OK  bool
	Err error
	// At is when the check ended, Took how long it took.
	At   time.Time
	Took time.Duration
	// Since is when the first check ended of all those in a row, this one
	// included, that came out alike.
	Since time.Time
	// Up is what the member counts as now, Changed whether it did not before.
	Up, Changed bool
}
