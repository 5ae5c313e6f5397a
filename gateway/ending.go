package gateway

import (
	"context"
	"errors"

	"github.com/valyala/fasthttp"

	"zerohop/backends/upstream"
)

// prepare completes the response, before the first byte of it is sent. What is
// left unread of a body could be taken for a next request: its connection is
// closed.
func (s *Server) prepare(sc *scope, rc *fasthttp.RequestCtx) {
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
}

// finish counts and logs a request, and ends its scope.
func (s *Server) finish(sc *scope, rc *fasthttp.RequestCtx, parsed bool) {
	if !sc.behind {
		sc.status, sc.sent = rc.Response.StatusCode(), int64(bodyBytes(rc))
	}
	if sc.watched {
		s.departures.remove(sc)
	}
	s.count(sc, sc.status)
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

// clientsOwn reports whether it was the client's side, or ours, that ended an
// exchange with a server behind.
func clientsOwn(err error) bool {
	e, ok := errors.AsType[*upstream.Error](err)
	return ok && e.Op == upstream.OpClient || errors.Is(err, context.Canceled)
}
