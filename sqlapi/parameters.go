package sqlapi

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/valyala/fasthttp"
)

// arguments appends the value of every parameter of s to dst, in their order.
// All are text, and never nil: an absent one is the empty string, the first of
// repeated ones counts. They alias the request's memory and are valid until
// the request ends.
//
// The error is a *ParameterError with everything that is wrong, or ErrMediaType
// for a body of another type than the statement asks for; dst is then returned
// as it was. The request's body must have been read: a fasthttp body
// stream hides its errors.
//
// Nothing is allocated but for form and json parameters: for those what their
// body needs to be taken apart.
func (s *Statement) arguments(ctx context.Context, rc *fasthttp.RequestCtx, dst [][]byte) ([][]byte, error) {
	var lookup Lookuper
	if s.looksUp {
		var ok bool
		if lookup, ok = ctx.Value(LookupKey).(Lookuper); !ok {
			panic("bug: the request's context has no Lookuper")
		}
	}
	if err := s.accepts(rc); err != nil {
		return dst, err
	}
	form := s.form(rc)
	begin := len(dst)
	for i := range s.Params {
		value := s.Params[i].value(rc, lookup, form)
		if value == nil {
			value = []byte{}
		}
		dst = append(dst, value)
	}
	if s.body == nil || !isJSON(rc.Request.Header.ContentType()) {
		return dst, nil
	}
	if body := rc.PostBody(); len(body) > 0 {
		if faults := s.jsonArguments(body, dst[begin:]); len(faults) > 0 {
			return dst[:begin], &ParameterError{Faults: faults}
		}
	}
	return dst, nil
}

// accepts refuses a body of a type that no parameter reads, where there are
// parameters that read a body: taken as absent, its values would all be empty.
func (s *Statement) accepts(rc *fasthttp.RequestCtx) error {
	if s.body == nil && !s.takesForm || len(rc.PostBody()) == 0 {
		return nil
	}
	contentType := rc.Request.Header.ContentType()
	if s.body != nil && isJSON(contentType) || s.takesForm && isForm(contentType) {
		return nil
	}
	return fmt.Errorf("%w: %q", ErrMediaType, contentType)
}

// form returns the fields of a urlencoded body, nil when there is none.
func (s *Statement) form(rc *fasthttp.RequestCtx) *fasthttp.Args {
	if !s.takesForm || !isForm(rc.Request.Header.ContentType()) {
		return nil
	}
	args := rc.PostArgs()
	if body := rc.PostBody(); args.Len() == 0 && len(body) > 0 {
		// fasthttp knows the content type in lower case only.
		args = new(fasthttp.Args)
		args.ParseBytes(body)
	}
	return args
}

// value returns the value of a parameter, nil when it is absent or in a JSON body.
func (p *Param) value(rc *fasthttp.RequestCtx, lookup Lookuper, form *fasthttp.Args) []byte {
	switch p.Source {
	case SourcePath, SourceAuth, SourceClient:
		value, _ := lookup.Lookup(p.Source, p.Name)
		return value
	case SourceQuery:
		return rc.QueryArgs().Peek(p.Name)
	case SourceForm:
		if form != nil {
			return form.Peek(p.Name)
		}
	case SourceHeader:
		return headerValue(&rc.Request.Header, p.Name)
	case SourceCookie:
		return rc.Request.Header.Cookie(p.Name)
	}
	return nil
}

// headerValue returns the value of the first header of that name. Peek alone
// would fall back to the trailer of a chunked body, where a client could hide
// a header that a proxy in front of us is there to strip.
func headerValue(h *fasthttp.RequestHeader, name string) []byte {
	if h.ContentLength() != -1 {
		return h.Peek(name)
	}
	for key, value := range h.AllInOrder() {
		if strings.EqualFold(string(key), name) {
			return value
		}
	}
	return nil
}

// isJSON reports whether a body of that content type is JSON:
// application/json, or any type that ends in +json.
func isJSON(contentType []byte) bool {
	media := mediaType(contentType)
	return equalFold(media, "application/json") ||
		len(media) > len("+json") && equalFold(media[len(media)-len("+json"):], "+json")
}

func isForm(contentType []byte) bool {
	return equalFold(mediaType(contentType), "application/x-www-form-urlencoded")
}

// mediaType returns a content type without its parameters.
func mediaType(contentType []byte) []byte {
	if i := bytes.IndexByte(contentType, ';'); i >= 0 {
		contentType = contentType[:i]
	}
	return bytes.TrimSpace(contentType)
}

// equalFold compares with want, which is in lower case.
func equalFold(s []byte, want string) bool {
	if len(s) != len(want) {
		return false
	}
	for i, c := range s {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != want[i] {
			return false
		}
	}
	return true
}
