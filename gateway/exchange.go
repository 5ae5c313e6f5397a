package gateway

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/valyala/fasthttp"
)

// exchange answers one request whose header has been read: the way of every
// request through the gateway. Whatever goes wrong on it becomes a response,
// and a line of the access log, here.
func (s *Server) exchange(rc *fasthttp.RequestCtx) {
	client := rc.Conn().(*conn)
	_ = client.flush() // it shows again at the write of this answer
	sc := client.takeExpected()
	if sc == nil {
		sc = s.begin(rc)
	}
	switch err := s.handle(sc, rc); {
	case err == nil:
	case sc.abandoned():
		s.forsake(sc, rc, err)
	default:
		s.refuse(sc, rc, err)
	}
	s.prepare(sc, rc)
	if !sc.leaveBehind() {
		s.finish(sc, rc, true)
	}
	// Others that are as far come first or follow at once: a client process
	// that is woken for one answer finds several. A long one goes out while it
	// is in the processor's cache.
	if !client.gather.expected {
		runtime.Gosched()
	}
}

// begin returns the scope of a request whose header has been read.
func (s *Server) begin(rc *fasthttp.RequestCtx) *scope {
	sc := s.newScope(rc)
	sc.setRequestID(rc.Request.Header.Peek(requestIDHeader))
	sc.resolve(&rc.Request.Header)
	return sc
}

// newScope returns the scope of a request of which nothing is known.
func (s *Server) newScope(rc *fasthttp.RequestCtx) *scope {
	sc := s.scopes.get(rc.Conn().(*conn), time.Now())
	sc.server, sc.rc = s, rc
	return sc
}

// handle takes the request through the chain. It returns an error with the
// response untouched.
func (s *Server) handle(sc *scope, rc *fasthttp.RequestCtx) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = newPanicError(v)
		}
	}()
	if !sc.admitted {
		if redirected, err := s.admit(sc, rc); redirected || err != nil {
			return err
		}
	}
	rt := sc.route
	if rc.Request.IsBodyStream() {
		take := sc.readBody
		if rt.handler == nil {
			take = sc.startBody
		}
		if err := take(rc, rt.bodyBytes); err != nil {
			return err
		}
		sc.start = time.Now() // a slow upload is not the handler's time
	}
	if err := sc.proven(rc); err != nil {
		return err
	}
	// What finding out who is asking had is over; what is passed on has times
	// of its own.
	var deadline time.Time
	if rt.handler != nil {
		deadline = sc.start.Add(rt.timeout)
	}
	if err := sc.rebind(deadline); err != nil {
		return err
	}
	s.departures.add(sc)
	defer s.unwatch(sc)
	return rt.group.Serve(sc, rc, rt.handler)
}

// unwatch ends the watch of a client, unless a body goes on to it. A tunnel
// sees for itself that its client leaves.
func (s *Server) unwatch(sc *scope) {
	if sc.watched = sc.outlives && sc.rc.Response.StatusCode() != fasthttp.StatusSwitchingProtocols; !sc.watched {
		s.departures.remove(sc)
	}
}

// admit decides on all that can be decided before the body: the guard, the
// route, the credentials, who is asking, the declared length. A redirect is a
// response, and not an error.
func (s *Server) admit(sc *scope, rc *fasthttp.RequestCtx) (redirected bool, err error) {
	if sc.client.surplus {
		return false, errConnections
	}
	header := &rc.Request.Header
	if err := guardHeader(header); err != nil {
		return false, err
	}
	raw, err := guardTarget(header.RequestURI(), header.Host())
	if err != nil {
		return false, err
	}
	if err := sc.path.parse(raw); err != nil {
		if errors.Is(err, errNUL) {
			return false, faultNUL
		}
		return false, faultEscape
	}
	redirected, err = s.find(sc, rc)
	if redirected || err != nil {
		return redirected, err
	}
	if sc.route.forwards {
		if err := sc.guardReadings(s.table.Load().routesFor(sc.client), header.Method(), raw); err != nil {
			return false, err
		}
		if err := sc.guardForwarded(rc); err != nil {
			return false, err
		}
	}
	if sc.route.basic {
		if err := sc.readBasic(header.Peek(fasthttp.HeaderAuthorization), sc.route.unescape); err != nil {
			return false, err
		}
	}
	if a := sc.route.access; a != nil {
		if redirected, err = a.enter(sc, rc); redirected || err != nil {
			return redirected, err
		}
	}
	return false, guardLength(header, sc.route.bodyBytes)
}

// find looks the route up.
func (s *Server) find(sc *scope, rc *fasthttp.RequestCtx) (redirected bool, err error) {
	routes := s.table.Load().routesFor(sc.client)
	sc.host = hostname(sc.host[:0], rc.Request.Header.Host())
	method := rc.Request.Header.Method()
	sc.route, sc.values, redirected = routes.find(sc.host, method, &sc.path, sc.values[:0])
	switch {
	case redirected:
		location := sc.path.appendLocation(nil)
		if query := rc.URI().QueryString(); len(query) > 0 {
			location = append(append(location, '?'), query...)
		}
		rc.Response.Header.SetBytesV(fasthttp.HeaderLocation, location)
		rc.SetStatusCode(fasthttp.StatusTemporaryRedirect)
		return true, nil
	case sc.route != nil:
		return false, nil
	}
	if allow, others := routes.allowed(sc.host, &sc.path); allow != "" {
		return false, &methodError{allow, others}
	}
	return false, errNotFound
}

// expect decides on a request that asks whether its body is welcome. What
// would be refused anyway is refused before the body is sent, and what is let in
// is not asked about again: a login may be throttled, or an old session be taken
// over, but once.
func (s *Server) expect(rc *fasthttp.RequestCtx) int {
	sc := s.begin(rc)
	redirected, err := s.admit(sc, rc)
	if err == nil && !redirected {
		sc.admitted = true
		sc.client.expected = sc
		sc.client.enter(phaseBody)
		return fasthttp.StatusContinue
	}
	if err != nil {
		s.refuse(sc, rc, err)
	}
	sc.client.linger = true // the server closes, and the body may be under way
	s.prepare(sc, rc)
	s.finish(sc, rc, true)
	return rc.Response.StatusCode()
}

// takeExpected returns the scope of the request that expect has let in, or nil.
func (c *conn) takeExpected() *scope {
	sc := c.expected
	c.expected = nil
	return sc
}

// unexpect ends a request whose body never began to come.
func (c *conn) unexpect() {
	if sc := c.takeExpected(); sc != nil {
		sc.server.scopes.put(sc)
	}
}

// parseError answers a request that could not be read to its end. Its
// connection is closed by the server.
func (s *Server) parseError(rc *fasthttp.RequestCtx, err error) {
	sc := s.newScope(rc)
	sc.setRequestID(nil)
	sc.client.linger = true
	s.problems.answer(rc, sc, parseFailure(err))
	s.prepare(sc, rc)
	// The parser forgets a header that it could not read to its end.
	s.finish(sc, rc, len(rc.Request.Header.RawHeaders()) > 0)
}

// refuse writes the response for an error. Where the bytes themselves are at
// fault, nobody knows where the next request begins: the connection is closed.
func (s *Server) refuse(sc *scope, rc *fasthttp.RequestCtx, err error) {
	s.problems.answer(rc, sc, err)
	var f fault
	if errors.As(err, &f) || errors.Is(err, errBodyTooLarge) || errors.Is(err, errClientTimeout) || errors.Is(err, errConnections) {
		rc.SetConnectionClose()
		sc.client.linger = true
	}
}

// forsake ends a request that came to nothing because its client has left. It
// is logged as nginx does, and nothing is sent: one who has only closed half of
// the connection sees the end of it.
func (s *Server) forsake(sc *scope, rc *fasthttp.RequestCtx, err error) {
	s.problems.answer(rc, sc, fmt.Errorf("%w: %w", errClientLeft, err))
	rc.Response.ResetBody()
	rc.SetConnectionClose()
	sc.client.forsaken = true
}
