package gateway

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"strings"

	"github.com/valyala/fasthttp"

	"zerohop/assets"
)

// loginPage is the page of a login route: a form without a script, for every
// browser and every size of a screen.
type loginPage struct {
	// text has the places left that differ from request to request.
	text string
	// policy is what the page may do: its own style, and its own form.
	policy string
}

// newLoginPage returns a page under a title, whose form goes to a path.
func newLoginPage(title, action string) *loginPage {
	_, style, _ := strings.Cut(assets.LoginPage, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	digest := sha256.Sum256([]byte(style))
	return &loginPage{
		text: strings.NewReplacer("{title}", html.EscapeString(title), "{action}", html.EscapeString(action)).Replace(assets.LoginPage),
		policy: fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			base64.StdEncoding.EncodeToString(digest[:])),
	}
}

// show answers with the page: alert says what went wrong, user is the name that
// was tried, next where a login leads.
func (p *loginPage) show(resp *fasthttp.Response, alert, user, next string) {
	focusUser, focusPassword := " autofocus", ""
	if user != "" {
		focusUser, focusPassword = focusPassword, focusUser
	}
	if alert != "" {
		alert = `<p role="alert">` + html.EscapeString(alert) + "</p>\n"
	}
	// All places are filled in one walk: what a client has sent is not looked
	// at again.
	body := strings.NewReplacer(
		"{alert}", alert, "{user}", html.EscapeString(user), "{next}", html.EscapeString(next),
		"{focus-user}", focusUser, "{focus-password}", focusPassword,
	).Replace(p.text)
	resp.SetBodyString(body)
	header := &resp.Header
	header.SetContentType("text/html; charset=utf-8")
	header.Set("Content-Security-Policy", p.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	// The form's own request is to say where it comes from.
	header.Set("Referrer-Policy", "same-origin")
	header.Set(fasthttp.HeaderCacheControl, noStore)
}

// pageError is the error of a login that a browser is told of on the page.
type pageError struct {
	cause      error
	page       *loginPage
	user, next string
}

func (e *pageError) Error() string { return e.cause.Error() }
func (e *pageError) Unwrap() error { return e.cause }

// show answers with the page. What it says is for somebody who wants to log in,
// and not to know what is behind it.
func (e *pageError) show(resp *fasthttp.Response, status int) {
	alert := "Something went wrong here. Please try again."
	switch {
	case status == fasthttp.StatusUnauthorized:
		alert = "Wrong user name or password."
	case status == fasthttp.StatusTooManyRequests:
		alert = "There were too many attempts. Try again in " + retryAfter(e) + " seconds."
	case status >= fasthttp.StatusBadGateway:
		alert = "Signing in is not possible at the moment. Please try again soon."
	}
	e.page.show(resp, alert, e.user, e.next)
}

// noStore is what caches are told of answers that are for one user.
const noStore = "private, no-store"
