package gateway

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi"
)

// loginForm is what a login brings, as a form or as JSON.
type loginForm struct {
	User     string `json:"user"`
	Password string `json:"password"`
	// Next is where to go on; whether that is a path of ours is not known.
	Next string `json:"next"`
	// json: it came as JSON, and is answered so.
	json bool
}

// readLoginForm reads a body. The error is a sqlapi.ErrMediaType or a
// *sqlapi.ParameterError; neither has a word of the body.
func readLoginForm(rc *fasthttp.RequestCtx) (loginForm, error) {
	var f loginForm
	header := &rc.Request.Header
	switch contentType := header.ContentType(); {
	case len(header.Peek(fasthttp.HeaderContentEncoding)) > 0:
		return f, sqlapi.ErrMediaType
	case isForm(contentType):
		args := formArgs(rc)
		f = loginForm{User: string(args.Peek("user")), Password: string(args.Peek("password")), Next: string(args.Peek("next"))}
	case isMediaType(contentType, "application/json"):
		if json.Unmarshal(rc.PostBody(), &f) != nil {
			return loginForm{}, loginFault("json", "the body is not a JSON object with the texts user and password")
		}
		f.json = true
	default:
		return f, sqlapi.ErrMediaType
	}
	switch {
	case !isText(f.User):
		return f, loginFault("user", "is not text in UTF-8")
	case !isText(f.Password):
		return f, loginFault("password", "is not text in UTF-8")
	}
	return f, nil
}

func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

func loginFault(parameter, problem string) error {
	return &sqlapi.ParameterError{Faults: []sqlapi.ParameterFault{{Parameter: parameter, Problem: problem}}}
}

// formArgs returns the fields of a form's body. fasthttp's own know the content
// type in lower case only.
func formArgs(rc *fasthttp.RequestCtx) *fasthttp.Args {
	args := new(fasthttp.Args)
	args.ParseBytes(rc.PostBody())
	return args
}
