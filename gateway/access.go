package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/gateway/auth"
	"zerohop/gateway/throttle"
)

var (
	errForbidden = auth.ErrForbidden
	// errUnidentified is the errUnauthorized of a route that has them checked.
	errUnidentified = errors.New("nobody knows who is asking")
	errThrottled    = errors.New("too many failed logins")
)

// access is what a route wants to know of who is asking before its body is
// read, and what it does about it. It is not changed once it is built.
type access struct {
	// verifiers are asked in this order; without any the route is for
	// everybody.
	verifiers []*verifier
	roles     []string
	// sessions are there where the route has to do with them. With needsThem
	// it is of no use while they cannot be reached, whoever is asking.
	sessions  *sessions
	needsThem bool
	// readsBasic: one of the verifiers wants a user and a password.
	readsBasic bool
	// challenge is what the header WWW-Authenticate of a 401 says.
	challenge string
	// loginPath is where browsers are sent that have no session; empty: nowhere.
	loginPath string
	// entrance: the route logs in, and needs no token for that.
	entrance bool
	// guarded: a request that comes from another site is refused even when it
	// has no session, as the answer may give it one, or take it away.
	guarded bool
}

// newAccess returns what a route has to do with who is asking, nil for nothing.
func (t *table) newAccess(cfg *Config, c RouteConfig) *access {
	a := &access{roles: c.Roles, entrance: c.Login != nil}
	var challenges []string
	for _, name := range c.Auth {
		v := t.verifiers.byName[name]
		a.verifiers = append(a.verifiers, v)
		a.readsBasic = a.readsBasic || cfg.Auth[name].Type == auth.TypeBasic
		if v.ofSession {
			a.sessions, a.loginPath = t.sessions, cfg.loginPath()
			challenges = append(challenges, sessionChallenge(cfg.Auth[name].Realm))
			continue
		}
		challenges = append(challenges, v.Challenge())
	}
	a.challenge = strings.Join(challenges, ", ")
	if c.Session != nil || c.Login != nil || c.Logout != nil {
		a.sessions, a.needsThem = t.sessions, true
		a.guarded = c.Login != nil || c.Logout != nil || len(c.Session.Set) > 0
	}
	if a.sessions == nil && len(a.verifiers) == 0 {
		return nil
	}
	return a
}

// sessionChallenge is what a 401 says where a session is missing. Browsers do
// not know the scheme, and so do not ask for a password themselves.
func sessionChallenge(realm string) string { return fmt.Sprintf(`Session realm="%s"`, realm) }

// unauthorizedError is an errUnauthorized with the ways in that there are.
type unauthorizedError struct {
	challenge string
	cause     error // nil: nothing was brought
}

func (e *unauthorizedError) Error() string {
	if e.cause == nil {
		return errUnidentified.Error()
	}
	return e.cause.Error()
}
func (e *unauthorizedError) Is(target error) bool {
	return target == errUnauthorized || target == errUnidentified
}
func (e *unauthorizedError) Unwrap() error { return e.cause }

// enter decides whether a request may come in, before its body is read. A
// redirect to the login is a response, and not an error.
func (a *access) enter(sc *scope, rc *fasthttp.RequestCtx) (redirected bool, err error) {
	header := &rc.Request.Header
	if sc.deadline.IsZero() {
		sc.deadline = sc.start.Add(sc.route.timeout)
	}
	if a.sessions != nil {
		// Whoever logs in is told by the login itself.
		if sc.down = a.sessions.findSession(sc, header); sc.down != nil && a.needsThem && !a.entrance {
			return false, sc.down
		}
	}
	if len(a.verifiers) > 0 {
		if err := a.identify(sc, rc); err != nil {
			return a.turnAway(sc, rc, err)
		}
		if err := sc.who.Allow(a.roles); err != nil {
			return false, err
		}
		sc.dropOthersSession()
	}
	return false, a.proveOrigin(sc, header)
}

// identify asks the verifiers, until one knows who is asking. The error is an
// errUnauthorized unless somebody could not tell, or would not.
func (a *access) identify(sc *scope, rc *fasthttp.RequestCtx) error {
	var brought *auth.Request // what all but sessions look at
	var rejected, worst error
	challenge := a.challenge
	for _, v := range a.verifiers {
		if v.ofSession {
			if sc.session != nil && sc.session.User != "" {
				v.passed.Add(1)
				sc.identify(auth.Identity{User: sc.session.User, Roles: sc.session.Roles}, true)
				return nil
			}
			worst = cmp.Or(worst, sc.down)
			continue
		}
		if brought == nil {
			brought = a.read(sc, rc)
		}
		who, err := v.verify(sc, brought)
		switch {
		case err == nil:
			sc.request = nil
			sc.identify(who, false)
			return nil
		case errors.Is(err, auth.ErrNoCredentials):
		case errors.Is(err, auth.ErrRejected):
			rejected = err
			challenge = strings.Replace(challenge, v.Challenge(), v.ChallengeOfRejected(), 1)
		default:
			worst = cmp.Or(worst, err)
		}
	}
	sc.request = nil
	if worst != nil {
		return worst
	}
	return &unauthorizedError{challenge: challenge, cause: rejected}
}

// read takes what verifiers look at from a request, which the scope holds for
// their statements.
func (a *access) read(sc *scope, rc *fasthttp.RequestCtx) *auth.Request {
	sc.request = rc
	r := &auth.Request{Header: onlyHeader(&rc.Request.Header), Address: sc.netAddress()}
	if a.readsBasic && sc.readBasic(r.Header(fasthttp.HeaderAuthorization), false) == nil {
		r.User, r.Password = sc.user, sc.password
	}
	return r
}

// onlyHeader returns how to look a header up that must not be there twice: two
// servers might believe different ones.
func onlyHeader(h *fasthttp.RequestHeader) func(name string) []byte {
	return func(name string) []byte {
		if all := h.PeekAll(name); len(all) == 1 {
			return all[0]
		}
		return nil
	}
}

// netAddress returns the client's address, the zero value where it has none.
func (s *scope) netAddress() netip.Addr {
	address, err := netip.ParseAddr(string(s.address()))
	if err != nil {
		return netip.Addr{}
	}
	return address
}

// turnAway sends a browser that wants a page and has brought nothing to the
// login. Whoever else is turned away gets the error.
func (a *access) turnAway(sc *scope, rc *fasthttp.RequestCtx, err error) (redirected bool, _ error) {
	refusal, ok := errors.AsType[*unauthorizedError](err)
	header := &rc.Request.Header
	if !ok || refusal.cause != nil || a.loginPath == "" || !header.IsGet() && !header.IsHead() || !wantsPage(header) {
		return false, err
	}
	next := string(sc.path.appendLocation(nil))
	if !sc.path.slash {
		next = strings.TrimSuffix(next, "/")
	}
	if query := rc.URI().QueryString(); len(query) > 0 {
		next += "?" + string(query)
	}
	location := a.loginPath
	if isLocalPath(next) {
		separator := "?"
		if strings.Contains(location, "?") {
			separator = "&"
		}
		location += separator + "next=" + url.QueryEscape(next)
	}
	rc.Response.Header.Set(fasthttp.HeaderLocation, location)
	rc.SetStatusCode(fasthttp.StatusSeeOther)
	return true, nil
}

// proveOrigin refuses a request that changes something, or begins a tunnel, and
// that a page of another site may have sent with the session's cookie.
func (a *access) proveOrigin(sc *scope, header *fasthttp.RequestHeader) error {
	bySession := sc.session != nil && a.sessions != nil && (sc.viaSession || len(a.verifiers) == 0)
	changes := !changesNothing(header.Method())
	if !changes && !upgrades(header) || !bySession && !a.guarded {
		return nil
	}
	scheme := sc.scheme()
	if a.sessions.Secure(sc.secure()) { // so browsers are at https, whatever we are told
		scheme = "https"
	}
	switch originOf(header, scheme, sc.forwardedHost()) {
	case originForeign:
		return errCrossSite
	case originUnknown:
		// Every browser names the origin of a WebSocket: this is none.
		sc.unproven = changes && bySession && !a.entrance
	}
	return nil
}

// proven is the second half of proveOrigin, once the body has been read.
func (s *scope) proven(rc *fasthttp.RequestCtx) error {
	if s.unproven && !bringsToken(rc, s.session, !s.upload.pending()) {
		return errCrossSite
	}
	return nil
}

// label has the answer, whatever it is, tell the browser of its session, and
// caches that it is nobody else's. What it says of caches itself stays as far as
// that goes: with a session no shared cache may keep it.
//
// What was asked for with Authorization no shared cache keeps anyway (RFC 9111,
// section 3.5); of another header with a key none knows that.
func (s *scope) label(resp *fasthttp.Response) {
	for _, cookie := range s.cookies {
		resp.Header.AddBytesV(fasthttp.HeaderSetCookie, cookie)
	}
	control := "private"
	if s.route.access.sessions != nil {
		control = noStore
		resp.Header.Add(fasthttp.HeaderVary, fasthttp.HeaderCookie)
	}
	switch said := resp.Header.Peek(fasthttp.HeaderCacheControl); {
	case len(s.cookies) > 0: // whoever kept the answer would hand them on
		resp.Header.Set(fasthttp.HeaderCacheControl, noStore)
	case len(said) == 0:
		resp.Header.Set(fasthttp.HeaderCacheControl, control)
	case s.session != nil:
		resp.Header.Set(fasthttp.HeaderCacheControl, privately(string(said)))
	}
}

// privately returns a Cache-Control without what allows shared caches to keep
// the answer, and with what forbids it.
func privately(control string) string {
	kept := []string{"private"}
	for directive := range strings.SplitSeq(control, ",") {
		directive = strings.TrimSpace(directive)
		name, _, _ := strings.Cut(strings.ToLower(directive), "=")
		switch name {
		case "", "public", "private", "s-maxage":
		default:
			kept = append(kept, directive)
		}
	}
	return strings.Join(kept, ", ")
}

// challengeOf returns what a 401 says of the ways in.
func challengeOf(err error) string {
	if refusal, ok := errors.AsType[*unauthorizedError](err); ok {
		return refusal.challenge
	}
	return basicChallenge
}

// retryAfter returns the seconds until a login may be tried again, rounded up.
func retryAfter(err error) string {
	seconds := 1
	if throttled, ok := errors.AsType[*throttle.Error](err); ok {
		seconds = int((throttled.RetryAfter + time.Second - 1) / time.Second)
	}
	return strconv.Itoa(seconds)
}
