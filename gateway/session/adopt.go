package session

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"zerohop/gateway/memcached"
	"zerohop/gateway/tornado"
)

// grace is for how long the old cookies lead to the session that took over: a
// browser that opens a page asks for several things at once.
const grace = time.Minute

// Adopt returns the session that takes the place of one of the old stack, whose
// cookies are in a request's Cookie header. The old one is gone from
// memcached then. It fails with ErrNone, and ErrOld besides where somebody may
// want to know, or ErrUnavailable.
//
// The new id is worked out from the old one, with our key: requests that come
// at the same time, to whichever process, get the same session, and nobody
// else could know it. A minute later the old cookies are of no more use.
//
// Where memcached does not say that the old one is gone, the takeover is an
// error, and the new one stays: whoever comes with the cookies next completes
// it, however late.
func (s *Sessions) Adopt(ctx context.Context, cookies []byte) (*Session, error) {
	if s.old == nil {
		return nil, ErrNone
	}
	oldID, err := s.old.SessionID(cookie(cookies, tornado.SessionCookie), cookie(cookies, tornado.VerificationCookie), s.now())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	as := s.successor(oldID)
	adopted, err := s.adopted(ctx, oldID, as)
	if !errors.Is(err, errNotYet) {
		return adopted, err
	}
	return s.takeOver(ctx, oldID, as)
}

// errNotYet: no session has taken the old one's place.
var errNotYet = fmt.Errorf("%w: not adopted yet", ErrNone)

// adopted returns the session that took the place of an old one, a moment ago or
// without an end of the old one. It fails with errNotYet, ErrNone or
// ErrUnavailable.
func (s *Sessions) adopted(ctx context.Context, oldID string, as id) (*Session, error) {
	session, err := s.read(ctx, as)
	switch {
	case errors.Is(err, ErrNone):
		return nil, errNotYet
	case err != nil:
		return nil, err
	}
	late := s.now().Sub(session.Created) > grace
	switch _, remove, err := s.servers.Find(ctx, oldID); {
	case err == nil:
		if err := remove(); err != nil {
			return nil, storeFailure("end old", err)
		}
	case errors.Is(err, memcached.ErrMiss) && late:
		return nil, fmt.Errorf("%w: the old cookies were used before", ErrNone)
	case !errors.Is(err, memcached.ErrMiss) && late:
		return nil, storeFailure("read old", err)
	}
	return session, nil
}

func (s *Sessions) takeOver(ctx context.Context, oldID string, as id) (*Session, error) {
	item, remove, err := s.servers.Find(ctx, oldID)
	switch {
	case errors.Is(err, memcached.ErrMiss):
		return s.adopted(ctx, oldID, as) // somebody may have been faster
	case err != nil:
		return nil, storeFailure("read old", err)
	}
	user, data, err := s.old.Read(item.Value)
	switch {
	case errors.Is(err, tornado.ErrPickle):
		return nil, fmt.Errorf("%w: %w: %w", ErrNone, ErrOld, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	c := Content{User: user, Data: data}
	if errors.Is(c.check(), ErrTooLarge) {
		c.Data = nil // the login is worth more than what was kept with it
	}
	session, err := s.begin(ctx, as, c)
	if errors.Is(err, memcached.ErrExists) {
		return s.adopted(ctx, oldID, as)
	}
	if err != nil {
		return nil, err
	}
	if err := remove(); err != nil {
		return nil, storeFailure("end old", err)
	}
	return session, nil
}

// successor returns the id of the session that takes an old one's place.
func (s *Sessions) successor(oldID string) (as id) {
	mac := hmac.New(sha256.New, []byte(s.config.Keys[0]))
	mac.Write([]byte("zerohop session adopted\x00"))
	mac.Write([]byte(oldID))
	mac.Sum(as[:0])
	return as
}

// OldCookies are the names of the cookies that Adopt reads. Once it has, they
// should be taken away from the browser.
func (s *Sessions) OldCookies() []string {
	if s.old == nil {
		return nil
	}
	return []string{tornado.SessionCookie, tornado.VerificationCookie}
}

// cookie returns the value of the first cookie with a name.
func cookie(cookies []byte, name string) string {
	for pair := range bytes.SplitSeq(cookies, []byte(";")) {
		if key, value, ok := bytes.Cut(bytes.Trim(pair, " \t"), []byte("=")); ok && string(key) == name {
			return string(value)
		}
	}
	return ""
}
