package session

import (
	"bytes"
	"context"
	"errors"
)

// hostPrefix makes browsers refuse a cookie that is not for TLS, not for this
// host alone, or not for all paths.
const hostPrefix = "__Host-"

// CookieName returns the name of the cookie, for a request that came over TLS
// or not.
func (s *Sessions) CookieName(tls bool) string {
	if s.Secure(tls) {
		return hostPrefix + s.config.Cookie
	}
	return s.config.Cookie
}

// Secure reports whether the cookie is for TLS alone, for a request that came
// over TLS or not.
func (s *Sessions) Secure(tls bool) bool {
	return s.config.Secure == SecureAlways || s.config.Secure == SecureAuto && tls
}

// AppendCookie appends the value of the Set-Cookie header that gives a session
// to the browser. It is gone when the browser is closed; when it is over is
// for the store to say.
func (s *Sessions) AppendCookie(dst []byte, of *Session, tls bool) []byte {
	dst = append(append(dst, s.CookieName(tls)...), '=')
	return s.appendAttributes(of.id.appendText(dst), tls)
}

// AppendRemoval appends the value of the Set-Cookie header that takes the
// session away from the browser.
func (s *Sessions) AppendRemoval(dst []byte, tls bool) []byte {
	dst = append(append(dst, s.CookieName(tls)...), "=; Max-Age=0"...)
	return s.appendAttributes(dst, tls)
}

func (s *Sessions) appendAttributes(dst []byte, tls bool) []byte {
	dst = append(dst, "; Path=/; HttpOnly; SameSite=Lax"...)
	if s.Secure(tls) {
		dst = append(dst, "; Secure"...)
	}
	return dst
}

// maxCandidates is how many cookies of the same name are looked up.
const maxCandidates = 4

// Find returns the session of a request's Cookie header; several of those are
// given as one, with "; " between. The session lasts for the idle time from
// now on. It fails with ErrNone or ErrUnavailable.
//
// A browser may send several cookies of one name, when another host of the
// domain, or a page over plain HTTP, has set one as well. What they are worth
// the store says; if two are sessions, one of them was slipped in, and nobody
// knows which: then there is none. So there is with more than four.
func (s *Sessions) Find(ctx context.Context, cookies []byte, tls bool) (*Session, error) {
	var buf [maxCandidates]id
	candidates, ok := s.candidates(buf[:0], cookies, tls)
	if !ok {
		return nil, ErrNone
	}
	var found *Session
	for _, candidate := range candidates {
		switch session, err := s.read(ctx, candidate); {
		case err == nil && found != nil:
			return nil, ErrNone
		case err == nil:
			found = session
		case !errors.Is(err, ErrNone):
			return nil, err
		case len(candidates) == 1:
			return nil, err // it says why
		}
	}
	if found == nil {
		return nil, ErrNone
	}
	return found, nil
}

// EndAll ends every session of a request's Cookie header, which is as that of
// Find, and returns how many there were: of several Find would return none, and
// whoever logs out means all of them. It fails with ErrUnavailable; then some may
// go on.
func (s *Sessions) EndAll(ctx context.Context, cookies []byte, tls bool) (ended int, err error) {
	var buf [maxCandidates]id
	candidates, _ := s.candidates(buf[:0], cookies, tls)
	for _, candidate := range candidates {
		switch _, err := s.read(ctx, candidate); {
		case errors.Is(err, ErrNone):
			continue
		case err != nil:
			return ended, err
		}
		if err := s.End(ctx, &Session{id: candidate}); err != nil {
			return ended, err
		}
		ended++
	}
	return ended, nil
}

// candidates appends the different ids in a Cookie header. It reports false
// for more of them than there may be, with those up to there.
func (s *Sessions) candidates(dst []id, cookies []byte, tls bool) (ids []id, ok bool) {
	secure := s.Secure(tls)
	for len(cookies) > 0 {
		var pair []byte
		pair, cookies, _ = bytes.Cut(cookies, []byte(";"))
		token, ok := s.tokenOf(pair, secure)
		if !ok {
			continue
		}
		candidate, ok := parseID(token)
		if !ok || contains(dst, candidate) {
			continue
		}
		if len(dst) == maxCandidates {
			return dst, false
		}
		dst = append(dst, candidate)
	}
	return dst, true
}

// tokenOf returns the value of a pair NAME=VALUE, if the name is ours.
func (s *Sessions) tokenOf(pair []byte, secure bool) (token []byte, ok bool) {
	pair = bytes.Trim(pair, " \t")
	if secure {
		if pair, ok = bytes.CutPrefix(pair, []byte(hostPrefix)); !ok {
			return nil, false
		}
	}
	name, token, ok := bytes.Cut(pair, []byte("="))
	return token, ok && string(name) == s.config.Cookie
}

func contains(ids []id, wanted id) bool {
	for i := range ids {
		if ids[i] == wanted {
			return true
		}
	}
	return false
}
