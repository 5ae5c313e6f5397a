package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/valyala/fasthttp"

	"zerohop/gateway/auth"
	"zerohop/gateway/session"
)

// login is the handler of a route that begins sessions.
type login struct {
	verifier *verifier
	sessions *sessions
	values   *sessionValues // nil: the session has none
	page     *loginPage     // nil: a form that fails is answered as JSON is
	next     string
}

func newLogin(t *table, c RouteConfig, p pattern) (*login, error) {
	values, err := newSessionValues(c.Session)
	if err != nil {
		return nil, err
	}
	l := &login{verifier: t.verifiers.byName[c.Login.Auth], sessions: t.sessions, values: values, next: c.Login.Next}
	if c.Login.Page {
		l.page = newLoginPage(c.Login.Title, p.path())
	}
	return l, nil
}

// show is the handler of the page.
func (l *login) show(_ context.Context, rc *fasthttp.RequestCtx) error {
	l.page.show(&rc.Response, "", "", l.goOn(string(rc.QueryArgs().Peek("next"))))
	return nil
}

// goOn returns where a login leads: to next, if that is a path of ours.
func (l *login) goOn(next string) string {
	if isLocalPath(next) {
		return next
	}
	return l.next
}

// serve is the handler of the form. A user who does not exist and a wrong
// password have the same answer.
func (l *login) serve(ctx context.Context, rc *fasthttp.RequestCtx) error {
	f, err := readLoginForm(rc)
	if err != nil {
		return err
	}
	sc := scopeOf(ctx)
	if err := l.enter(sc, rc, &f); err != nil {
		return l.refuse(rc, &f, err)
	}
	next := l.goOn(f.Next)
	if !f.json {
		rc.Response.Header.Set(fasthttp.HeaderLocation, next)
		rc.SetStatusCode(fasthttp.StatusSeeOther)
		return nil
	}
	return l.tell(sc, rc, next)
}

// enter has the request logged in, with a session of its own.
func (l *login) enter(sc *scope, rc *fasthttp.RequestCtx, f *loginForm) error {
	// The session that he has, if he has one, could not be ended. One that is
	// sealed with a withdrawn key is of no use to anybody.
	if sc.down != nil && !errors.Is(sc.down, session.ErrKey) {
		return sc.down
	}
	who, err := l.verify(sc, rc, f)
	if err != nil {
		return err
	}
	sc.identify(who, false)
	data, err := l.values.data(sc, rc, carriedOver(sc.session))
	if err != nil {
		return err
	}
	content := session.Content{User: who.User, Roles: who.Roles, Data: data}
	for _, c := range who.Columns {
		content.Columns = append(content.Columns, session.Column(c))
	}
	return l.sessions.start(sc, content)
}

// verify checks user and password.
func (l *login) verify(sc *scope, rc *fasthttp.RequestCtx, f *loginForm) (auth.Identity, error) {
	if f.User == "" || f.Password == "" {
		return auth.Identity{}, auth.ErrNoCredentials
	}
	sc.request = rc
	defer func() { sc.request = nil }()
	return l.verifier.verify(sc, &auth.Request{User: []byte(f.User), Password: []byte(f.Password), Address: sc.netAddress()})
}

// carriedOver returns what a session leaves to the one that takes its place: all
// of it where nobody had logged in yet, and nothing of another user's.
func carriedOver(before *session.Session) []byte {
	if before == nil || before.User != "" {
		return nil
	}
	return before.Data
}

// refuse returns the error of a login that came to nothing: one that is shown
// on the page again where a browser has sent the form, and may send it again.
func (l *login) refuse(rc *fasthttp.RequestCtx, f *loginForm, err error) error {
	if errors.Is(err, auth.ErrNoCredentials) || errors.Is(err, auth.ErrRejected) {
		err = &unauthorizedError{challenge: l.verifier.challengeOfForm(), cause: err}
	}
	status := classify(err).status
	again := status == fasthttp.StatusUnauthorized || status == fasthttp.StatusTooManyRequests || status >= fasthttp.StatusInternalServerError
	if !again || l.page == nil || f.json || !wantsPage(&rc.Request.Header) {
		return err
	}
	return &pageError{cause: err, page: l.page, user: f.User, next: l.goOn(f.Next)}
}

// challengeOfForm is the challenge of a login, which no browser answers by
// asking for a password itself.
func (v *verifier) challengeOfForm() string { return sessionChallenge(v.realm) }

// tell answers a login that came as JSON.
func (l *login) tell(sc *scope, rc *fasthttp.RequestCtx, next string) error {
	body, err := json.Marshal(struct {
		User  string   `json:"user"`
		Roles []string `json:"roles"`
		Next  string   `json:"next"`
		Token string   `json:"csrf_token"`
	}{sc.who.User, append([]string{}, sc.who.Roles...), next, string(sc.session.AppendToken(nil))})
	if err != nil {
		return fmt.Errorf("answer login: %w", err)
	}
	rc.Response.Header.SetContentType("application/json")
	rc.SetBody(body)
	return nil
}

// logout is the handler of a route that ends sessions.
type logout struct {
	sessions *sessions
	next     string
}

func (l *logout) serve(ctx context.Context, rc *fasthttp.RequestCtx) error {
	if err := l.sessions.end(scopeOf(ctx)); err != nil {
		return err
	}
	if !wantsPage(&rc.Request.Header) {
		rc.SetStatusCode(fasthttp.StatusNoContent)
		return nil
	}
	next := l.next
	if isForm(rc.Request.Header.ContentType()) {
		if wanted := string(formArgs(rc).Peek("next")); isLocalPath(wanted) {
			next = wanted
		}
	}
	rc.Response.Header.Set(fasthttp.HeaderLocation, next)
	rc.SetStatusCode(fasthttp.StatusSeeOther)
	return nil
}
