package gateway

import (
	"context"
	"strings"

	"github.com/valyala/fasthttp"

	"zerohop/gateway/auth"
	"zerohop/gateway/memcached"
	"zerohop/gateway/session"
	"zerohop/sqlapi"
)

// asker is what is known of who is asking, on a route that wants to know. It is
// part of the scope, and ends with it.
type asker struct {
	// request is there while verifiers are asked: their statements may take
	// values of it.
	request *fasthttp.RequestCtx
	// known: somebody has been identified, as who; viaSession: by his session,
	// which also has the columns of the verifier that he logged in with.
	known, viaSession bool
	who               auth.Identity
	// session is the request's own, or the one that it was given; nil without.
	session *session.Session
	// down is why nobody knows whether there is one, nil where it is known.
	down error
	// patience is what the request has left for the servers of sessions and of
	// failed logins.
	patience memcached.Patience
	// unproven: nothing in the header proves that a page of ours has sent the
	// request, so the body has to.
	unproven bool
	// cookies are values of Set-Cookie for the answer, whatever that is.
	cookies [][]byte
}

// scopeOf returns the scope that a handler's context is.
func scopeOf(ctx context.Context) *scope { return ctx.Value(sqlapi.LookupKey).(*scope) }

// identify notes who is asking, for the log and the handler.
func (s *scope) identify(who auth.Identity, viaSession bool) {
	s.known, s.viaSession, s.who = true, viaSession, who
	clear(s.secret)
	s.secret = append(s.secret[:0], who.User...)
	s.user, s.password = s.secret, nil
}

// dropOthersSession forgets the session of another user than who is asking.
func (s *scope) dropOthersSession() {
	if s.session != nil && !s.viaSession && s.session.User != "" && s.session.User != s.who.User {
		s.session = nil
	}
}

// sessionTokenName is the name of the source session under which a page finds
// the token for its forms.
const sessionTokenName = "csrf"

// lookupAuth returns what the verifier has told.
func (s *scope) lookupAuth(name string) ([]byte, bool) {
	switch {
	case !s.known:
		return nil, false
	case name == "user":
		return s.user, true
	case s.viaSession && name != "role":
		for i := range s.session.Columns {
			if c := &s.session.Columns[i]; c.Name == name {
				return []byte(c.Value), !c.Null
			}
		}
		return nil, false
	}
	value, ok := s.who.Lookup(name)
	return []byte(value), ok
}

// lookupSession returns a value of the session.
func (s *scope) lookupSession(name string) ([]byte, bool) {
	switch {
	case s.session == nil:
		return nil, false
	case name == sessionTokenName:
		return s.session.AppendToken(nil), true
	}
	return jsonText(s.session.Data, name)
}

// lookupClaim returns a claim of the token by its path. A claim that has the
// whole of it as its name comes first: names that are URLs have dots in them.
func (s *scope) lookupClaim(path string) ([]byte, bool) {
	text, ok := s.who.Claims.Lookup(path)
	if !ok {
		text, ok = s.who.Claims.Lookup(strings.Split(path, ".")...)
	}
	return []byte(text), ok
}

// appendIdentity appends the header lines that tell an upstream who is asking.
// What a client has sent under such names (isIdentityHeader) is not passed on.
func (s *scope) appendIdentity(dst []byte) []byte {
	if !s.known {
		return dst
	}
	return appendIdentity(dst, s.who.User, s.who.Roles)
}
