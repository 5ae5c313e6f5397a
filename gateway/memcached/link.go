package memcached

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"zerohop/socket"
)

// link is one connection, with the gomemcache client that speaks on it and on
// no other. It stands between the two: it gives every call its own deadline,
// watches the answers, and knows how far a call that failed has come. It
// belongs to one call at a time.
type link struct {
	net.Conn // nil until it is dialled
	server   *server
	client   *memcache.Client
	watch    watch

	deadline time.Time // of the call under way
	armed    time.Time // the deadline that Conn has
	sent     bool      // whether the call wrote anything
	kept     bool      // whether an earlier call has put it back
	closed   bool
}

func newLink(to *server) *link {
	l := &link{server: to}
	l.client = memcache.NewFromSelector(to.address)
	l.client.Timeout = to.timeout
	l.client.MaxIdleConns = 1
	l.client.DialContext = l.dial
	return l
}

// PickServer is memcache.ServerSelector's: a link has one server.
func (a address) PickServer(string) (net.Addr, error) { return a, nil }

// Each is memcache.ServerSelector's.
func (a address) Each(f func(net.Addr) error) error { return f(a) }

// ask sends a request and reads the answer, until the deadline.
func (l *link) ask(r *request, deadline time.Time) (reply, error) {
	l.deadline, l.sent = deadline, false
	l.watch.reset()
	answer, err := r.send(l.client)
	if errors.Is(err, errOtherKey) {
		l.drop() // nobody knows whose answer the next one would be
	}
	return answer, err
}

// sound reports whether the next call may use the link: it is connected, and
// the server has said all that it had to, and nothing besides.
func (l *link) sound() bool { return l.Conn != nil && !l.closed && l.watch.complete() }

func (l *link) dial(context.Context, string, string) (net.Conn, error) {
	conn, err := l.server.dial(l.deadline)
	if err != nil {
		return nil, err
	}
	l.Conn = conn
	return l, nil
}

// SetDeadline sets the call's own deadline, whatever gomemcache asks for: it
// would begin anew with every line.
func (l *link) SetDeadline(time.Time) error {
	if l.armed.Equal(l.deadline) {
		return nil
	}
	l.armed = l.deadline
	return l.Conn.SetDeadline(l.deadline)
}

func (l *link) Write(p []byte) (int, error) {
	n, err := l.Conn.Write(p)
	l.sent = l.sent || n > 0
	return n, err
}

func (l *link) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if fault := l.watch.see(p[:n]); fault != nil {
		return 0, fault
	}
	return n, err
}

// drop ends the link. It may be called more than once.
func (l *link) drop() { _ = l.Close() }

// Close is gomemcache's way to end it, after a failure.
func (l *link) Close() error {
	if l.closed || l.Conn == nil {
		return nil
	}
	l.closed = true
	return l.Conn.Close()
}

// silent reports whether the server has neither closed the idle connection nor
// said anything on it.
func (l *link) silent() bool {
	s, ok := l.Conn.(*socket.Conn)
	return !ok || s.Silent()
}
