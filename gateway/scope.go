package gateway

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/backends/upstream"
	"zerohop/gateway/memcached"
	"zerohop/sqlapi"
)

// scope is what belongs to one request: its deadline as a context.Context,
// and the values that only the server in front of a handler knows. It is
// taken from a pool and asks for no allocation, unless a handler asks for
// Done.
//
// It ends with the request: with the handler, or, where the response goes on
// behind that, with Ended. Its methods as a context may be called from several
// goroutines, the rest only from the request's own.
type scope struct {
	start    time.Time
	deadline time.Time
	route    *route // nil until one is found
	client   *conn
	server   *Server
	rc       *fasthttp.RequestCtx
	// id is the request's id; it is a piece of idBuf or of the request.
	id    []byte
	idBuf [32]byte

	path   path
	values []span // of the route's wildcards, in the path's text
	host   []byte

	// user and password are pieces of secret.
	user, password []byte
	secret         []byte

	asker // who that is, where a route has it checked

	// body is what has been read of the body, upload the rest of it.
	body   []byte
	upload upload

	forwarded // who is asking for whom
	// asked is the request's target as it came, where another one is sent on.
	asked []byte
	// admitted: all that can be decided before the body is decided.
	admitted bool

	ending // how the answer goes out

	mu    sync.Mutex
	done  chan struct{} // made when somebody asks for it
	timer *time.Timer   // closes done; nil without done or deadline
	err   error
	left  bool // the client, before the request was answered
	// running is what to abort when it leaves.
	running sqlapi.Aborter
}

// The largest buffers that a scope takes along into the next request, in bytes.
const (
	keptBody   = 64 << 10
	keptSecret = 4 << 10
)

// scopes is a pool of request scopes.
type scopes struct {
	pool  sync.Pool
	inUse atomic.Int64
}

func (p *scopes) get(client *conn, now time.Time) *scope {
	p.inUse.Add(1)
	s, ok := p.pool.Get().(*scope)
	if !ok {
		s = &scope{}
	}
	s.client, s.start = client, now
	return s
}

// put ends a scope. One whose Done was asked for is not used again: whoever
// asked may still hold it.
func (p *scopes) put(s *scope) {
	p.inUse.Add(-1)
	if s.cancel(context.Canceled) {
		return
	}
	clear(s.secret)
	body, secret := s.body, s.secret
	if cap(body) > keptBody {
		body = nil
	}
	if cap(secret) > keptSecret {
		secret = nil
	}
	s.path.text = nil
	s.route, s.client, s.server, s.rc = nil, nil, nil, nil
	s.id, s.user, s.password, s.asked, s.admitted = nil, nil, nil, nil, false
	s.deadline, s.err, s.left, s.running = time.Time{}, nil, false, nil
	s.upload, s.asker, s.ending = upload{}, asker{}, ending{}
	s.forwarded = forwarded{ipBuf: s.ipBuf[:0], hops: s.hops[:0]}
	s.body, s.secret = body[:0], secret[:0]
	p.pool.Put(s)
}

// cancel ends the scope early, with the error that Err returns from then on;
// a scope that has ended already keeps its own. It reports whether somebody
// asked for Done.
func (s *scope) cancel(err error) (observed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancelLocked(err)
	return s.done != nil
}

func (s *scope) cancelLocked(err error) {
	if s.err != nil {
		return
	}
	s.err = err
	if s.done != nil {
		if s.timer != nil {
			s.timer.Stop()
		}
		close(s.done)
	}
}

// abandon ends the scope because its client has left, and aborts what runs for
// it. A request whose time was up before ends for that reason.
func (s *scope) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.cancelLocked(context.Canceled)
	s.left = true
	if s.running != nil {
		s.running.Abort()
	}
}

// abandoned reports whether the client has left before the request's end.
func (s *scope) abandoned() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left
}

// Running is sqlapi.Abandonable's and upstream.Inbound's.
func (s *scope) Running(a sqlapi.Aborter) (wanted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = a
	return !s.left
}

// Deadline returns when the request's time is up.
func (s *scope) Deadline() (time.Time, bool) { return s.deadline, !s.deadline.IsZero() }

// rebind gives the request another deadline, or with the zero time none, in
// place of the one that it had so far: that one has not ended it, even where it
// has passed in the meantime. It returns why the request is over, if it is by
// now. It is for the request's own goroutine, while nobody else looks at the
// scope as a context.
func (s *scope) rebind(deadline time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = deadline
	if errors.Is(s.err, context.DeadlineExceeded) {
		s.err = nil
		if s.done != nil {
			s.done = make(chan struct{})
		}
	}
	if s.done != nil {
		s.armLocked()
	}
	return s.err
}

// armLocked has done closed at the deadline, and not before.
func (s *scope) armLocked() {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	if s.err == nil && !s.deadline.IsZero() {
		// Err looks at the deadline that stands by then.
		s.timer = time.AfterFunc(time.Until(s.deadline), func() { _ = s.Err() })
	}
}

// Done returns a channel that is closed when the request's time is up, or
// when it has ended.
func (s *scope) Done() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done == nil {
		s.done = make(chan struct{})
		if s.err != nil {
			close(s.done)
			return s.done
		}
		s.armLocked()
	}
	return s.done
}

// Err returns why the request is over, or nil while it is not. It knows of a
// deadline that has passed without anybody asking for Done.
func (s *scope) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && !s.deadline.IsZero() && !time.Now().Before(s.deadline) {
		s.cancelLocked(context.DeadlineExceeded)
	}
	return s.err
}

// Value returns the scope itself: as a sqlapi.Lookuper for sqlapi.LookupKey, as
// a sqlapi.Abandonable for sqlapi.AbandonKey, and as an upstream.Inbound for
// upstream.InboundKey; and its patience for memcached.PatienceKey.
func (s *scope) Value(key any) any {
	switch key {
	case any(sqlapi.LookupKey), any(sqlapi.AbandonKey), any(upstream.InboundKey):
		return s
	case any(memcached.PatienceKey):
		return &s.patience
	}
	return nil
}

// Lookup returns a wildcard's value, what is known of who is asking, or the
// other end of the connection.
func (s *scope) Lookup(source sqlapi.Source, name string) ([]byte, bool) {
	switch source {
	case sqlapi.SourcePath:
		return s.wildcard(name)
	case sqlapi.SourceAuth:
		switch {
		case s.route != nil && s.route.access != nil:
			return s.lookupAuth(name)
		case s.user == nil:
		case name == "user":
			return s.user, true
		case name == "password":
			return s.password, true
		}
	case sqlapi.SourceSession:
		return s.lookupSession(name)
	case sqlapi.SourceClaims:
		return s.lookupClaim(name)
	case sqlapi.SourceClient:
		switch name {
		case "ip":
			return s.address(), true
		case "port":
			if s.ip != nil {
				return s.port, true
			}
			return s.client.port, true
		}
	}
	return nil, false
}

func (s *scope) wildcard(name string) ([]byte, bool) {
	if s.route == nil {
		return nil, false
	}
	for i, n := range s.route.names {
		if n == name {
			return s.path.slice(s.values[i]), true
		}
	}
	return nil, false
}
