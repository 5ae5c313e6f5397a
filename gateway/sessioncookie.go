package gateway

import (
	"bytes"
	"errors"
	"log/slog"
	"sync/atomic"

	"github.com/valyala/fasthttp"

	"zerohop/gateway/session"
)

// sessions are the sessions of a table, with what has become of them.
type sessions struct {
	*session.Sessions
	// started and ended count those that were begun and ended here, adopted
	// the requests with the old stack's cookies that got one, unadopted those
	// whose session could not be read, failures the times that the store gave
	// no answer.
	started, ended, adopted, unadopted, failures atomic.Uint64

	log   *slog.Logger // of what could not be read
	flood flood
}

// newSessions returns the sessions of a configuration that has routes for them.
func newSessions(cfg *Config, log *slog.Logger) (*sessions, error) {
	made, err := session.New(cfg.sessions().Config)
	if err != nil {
		return nil, err
	}
	return &sessions{Sessions: made, log: log}, nil
}

// noted counts an error of the store, and returns it.
func (s *sessions) noted(err error) error {
	if errors.Is(err, session.ErrUnavailable) {
		s.failures.Add(1)
	}
	return err
}

// findSession reads the session that a request brings, once. Without one that
// is alive, the scope's session stays nil. It fails with
// session.ErrUnavailable.
//
// The old stack's cookies are taken over here: the request gets a session of
// ours, and its answer the cookie for it.
func (s *sessions) findSession(sc *scope, h *fasthttp.RequestHeader) error {
	cookies := cookiesOf(h)
	if len(cookies) == 0 {
		return nil
	}
	found, err := s.Find(sc, cookies, sc.secure())
	if errors.Is(err, session.ErrNone) && len(s.OldCookies()) > 0 {
		return s.adopt(sc, cookies)
	}
	if err == nil {
		sc.session = found
	}
	return s.unlessNone(err)
}

// cookiesOf returns the cookies of a request, of all its lines as one: HTTP/2
// spreads them over several, and a proxy may pass them on so.
func cookiesOf(h *fasthttp.RequestHeader) []byte {
	switch lines := h.PeekAll(fasthttp.HeaderCookie); len(lines) {
	case 0:
		return nil
	case 1:
		return lines[0]
	default:
		return bytes.Join(lines, []byte("; "))
	}
}

// adopt takes over the session of the old stack that a request brings.
func (s *sessions) adopt(sc *scope, cookies []byte) error {
	adopted, err := s.Adopt(sc, cookies)
	if errors.Is(err, session.ErrOld) {
		s.unadopted.Add(1)
		if suppressed, ok := s.flood.admit(floodKind{}, sc.start); ok {
			s.log.Warn("session not adopted", "error", err, "suppressed", suppressed)
		}
	}
	if err != nil {
		return s.unlessNone(err)
	}
	s.adopted.Add(1)
	s.give(sc, adopted)
	for _, name := range s.OldCookies() {
		sc.cookies = append(sc.cookies, []byte(name+"=; Max-Age=0; Path=/"))
	}
	return nil
}

// unlessNone counts an error of the store, and returns it. That there is no
// session is none.
func (s *sessions) unlessNone(err error) error {
	if errors.Is(err, session.ErrNone) {
		return nil
	}
	return s.noted(err)
}

// start begins a session in place of the one that the request came with.
func (s *sessions) start(sc *scope, c session.Content) error {
	started, err := s.Start(sc, c, sc.session)
	if err != nil {
		return s.noted(err)
	}
	s.started.Add(1)
	s.give(sc, started)
	return nil
}

// give makes a session that of the request, and has the answer tell the browser.
func (s *sessions) give(sc *scope, started *session.Session) {
	sc.session = started
	sc.cookies = append(sc.cookies, s.AppendCookie(nil, started, sc.secure()))
}

// end ends the request's session, at the store first; or all that it brings,
// where nobody knows which of them is its own.
func (s *sessions) end(sc *scope) error {
	var ended int
	var err error
	if sc.session != nil {
		err = s.End(sc, sc.session)
		ended = 1
	} else {
		ended, err = s.EndAll(sc, cookiesOf(&sc.rc.Request.Header), sc.secure())
	}
	if err != nil {
		return s.noted(err)
	}
	s.ended.Add(uint64(ended))
	sc.session = nil
	sc.cookies = append(sc.cookies, s.AppendRemoval(nil, sc.secure()))
	return nil
}
