package gateway

import (
	"bytes"
	"errors"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/backends/upstream"
)

// ending is how the answer of a request goes out. Until the handler has returned
// only its own goroutine uses it, and then only the one that the rest of the
// answer is left to.
type ending struct {
	// outlives: the response goes on behind the handler; behind: it does so now.
	outlives, behind bool
	// watched: departures know of the request.
	watched bool
	// events: the answer is a stream of events, and the connection knows of it.
	events bool
	// status and sent are the response's, sent without its header; took is how
	// long the request took until its answer began to go out.
	status int
	sent   int64
	took   time.Duration
}

// leaveBehind notes that the handler is over. It reports whether the response
// is not: whoever called Outlive then calls Ended, which ends the request.
func (s *scope) leaveBehind() bool {
	if s.outlives {
		s.behind, s.status, s.took = true, s.rc.Response.StatusCode(), time.Since(s.start)
		if s.events = bytes.HasPrefix(s.rc.Response.Header.ContentType(), []byte(eventStream)); s.events {
			s.client.streams(s)
		}
	}
	return s.behind
}

// eventStream is the type of answers that go on for as long as the client
// stays. When the server drains they end: their clients come again by
// themselves, and find the next server.
const eventStream = "text/event-stream"

// interrupt ends what runs for the request, which is not abandoned by that.
func (s *scope) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		s.running.Abort()
	}
}

// prepare completes the response, before the first byte of it is sent. What is
// left unread of a body could be taken for a next request: its connection is
// closed.
func (s *Server) prepare(sc *scope, rc *fasthttp.RequestCtx) {
	sc.client.gather.expect(0)
	rc.Response.Header.SetBytesV(requestIDHeader, sc.id)
	if sc.route != nil && sc.route.access != nil {
		sc.label(&rc.Response)
	}
	draining := sc.client.owner.draining.Load()
	if rc.Hijacked() {
		if draining {
			sc.client.stopReading()
		}
		return
	}
	if draining || sc.upload.pending() {
		rc.SetConnectionClose()
		sc.client.linger = true
	}
	if !sc.outlives && !isBodiless(rc.Response.StatusCode()) {
		sc.client.gather.expect(bodyBytes(rc))
	}
}

// finish counts and logs a request, and ends its scope.
func (s *Server) finish(sc *scope, rc *fasthttp.RequestCtx, parsed bool) {
	if !sc.behind {
		sc.status, sc.sent, sc.took = rc.Response.StatusCode(), int64(bodyBytes(rc)), time.Since(sc.start)
		if sc.upload.abandoned() {
			sc.status = statusClientLeft
		}
	}
	if sc.watched {
		s.departures.remove(sc)
	}
	if sc.events {
		sc.client.streams(nil)
	}
	s.count(sc)
	s.access.add(rc, sc, parsed)
	s.scopes.put(sc)
}

// outlived ends a request whose response has gone on behind its handler, after
// sent bytes of its body. Its status has gone out before anything could break
// it, so that is what is logged; what broke it is logged besides, unless that
// was the client.
func (s *Server) outlived(sc *scope, sent int64, err error) {
	sc.sent = sent
	if err != nil && !sc.abandoned() && !clientsOwn(err) {
		s.problems.broken(sc.rc, sc, err)
	}
	s.finish(sc, sc.rc, true)
}

// clientsOwn reports whether it was the client's side, or ours, or the talk in a
// tunnel, that ended an exchange with a server behind.
func clientsOwn(err error) bool {
	e, ok := errors.AsType[*upstream.Error](err)
	return ok && e.Blameless()
}
