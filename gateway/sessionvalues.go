package gateway

import (
	"context"
	"errors"

	"github.com/valyala/fasthttp"

	"zerohop/backends"
	"zerohop/gateway/session"
	"zerohop/sqlapi"
)

// sessionValues are what a route sets in the session.
type sessionValues struct {
	names []string
	texts *sqlapi.Texts
}

// newSessionValues returns the values of a route, nil where it sets none.
func newSessionValues(c *RouteSessionConfig) (*sessionValues, error) {
	if c == nil || len(c.Set) == 0 {
		return nil, nil
	}
	texts, names := c.texts()
	made, err := sqlapi.NewTexts(texts)
	if err != nil {
		return nil, err
	}
	return &sessionValues{names: names, texts: made}, nil
}

// fill returns the values of a request, in the order of their names.
func (v *sessionValues) fill(ctx context.Context, rc *fasthttp.RequestCtx) ([]string, error) {
	filled, err := v.texts.Fill(ctx, rc)
	if err != nil {
		return nil, err
	}
	defer filled.Free()
	values := make([]string, len(v.names))
	for i := range v.names {
		text, err := filled.Append(nil, i)
		if err != nil {
			return nil, err
		}
		values[i] = string(text)
	}
	return values, nil
}

// data returns the data of a session with the values of a request in it.
func (v *sessionValues) data(ctx context.Context, rc *fasthttp.RequestCtx, before []byte) ([]byte, error) {
	if v == nil {
		return before, nil
	}
	values, err := v.fill(ctx, rc)
	if err != nil {
		return nil, err
	}
	return withMembers(before, v.names, values)
}

// sessionSetter is the handler of a route that sets something in the session,
// once its own handler has answered.
type sessionSetter struct {
	values   *sessionValues
	sessions *sessions
	handler  backends.Handler
}

// serve is the handler. The session is the last to change: what the statement
// refuses is not set. Where its store fails then, the answer is an error, though
// the statement has run.
func (s *sessionSetter) serve(ctx context.Context, rc *fasthttp.RequestCtx) error {
	values, err := s.values.fill(ctx, rc)
	if err != nil {
		return err
	}
	if err := s.handler(ctx, rc); err != nil || rc.Response.StatusCode() >= fasthttp.StatusBadRequest {
		return err
	}
	if err := s.set(scopeOf(ctx), values); err != nil {
		rc.Response.Reset() // an error comes with an untouched response
		return err
	}
	return nil
}

// set changes the request's session, or begins one for somebody unknown.
func (s *sessionSetter) set(sc *scope, values []string) error {
	if sc.session != nil {
		err := s.sessions.Update(sc, sc.session, func(c *session.Content) (err error) {
			c.Data, err = withMembers(c.Data, s.values.names, values)
			return err
		})
		switch {
		case !errors.Is(err, session.ErrNone):
			return s.sessions.noted(err)
		case sc.viaSession: // it has ended in the meantime, and so has his right to be here
			return &unauthorizedError{challenge: sc.route.access.challenge, cause: err}
		}
		sc.session = nil
	}
	data, err := withMembers(nil, s.values.names, values)
	if err != nil {
		return err
	}
	return s.sessions.start(sc, session.Content{Data: data})
}
