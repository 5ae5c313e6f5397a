package sqlapi

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fasthttp"
)

// parameters are what an endpoint takes from a request: the distinct parameters
// of all its statements. They are not changed once the endpoint is built, so
// that any number of requests may share them.
//
// Those of a source that is no part of the request (Source.ofRequest) have a
// place among the values, which is left empty.
type parameters struct {
	list []parameter
	// looksUp: some value comes from the request's Lookuper.
	looksUp bool
	// takesForm: some value comes from a form.
	takesForm bool
	// body are the fields of a JSON body that are asked for; nil without one.
	body *jsonField
	// fields is how many fields body has in all, lists how many of the
	// parameters are lists.
	fields, lists int
}

// parameter is one of an endpoint's parameters.
type parameter struct {
	source Source
	name   string
	// written is the parameter as it stands in the SQL, without the colon.
	written string
	// pointer is the JSON pointer to its field, of one that is in a JSON body.
	pointer string
	// declared is what its values have to be; nil where nothing is said.
	declared *declared
}

// add returns the place of a parameter, which is appended if it is not there
// yet. Nothing of it is declared then.
func (ps *parameters) add(p *Param) int {
	if p.Source == SourceJSON {
		if ps.body == nil {
			ps.body = &jsonField{param: -1}
		}
		field := ps.body.descend(p.segments, &ps.fields)
		if field.param < 0 {
			field.param = ps.append(p)
			ps.list[field.param].pointer = field.pointer
		}
		return field.param
	}
	for i := range ps.list {
		if ps.list[i].is(p) {
			return i
		}
	}
	switch p.Source {
	case SourcePath, SourceAuth, SourceClient, SourceSession, SourceClaims:
		ps.looksUp = true
	case SourceForm:
		ps.takesForm = true
	}
	return ps.append(p)
}

func (ps *parameters) append(p *Param) int {
	ps.list = append(ps.list, parameter{source: p.Source, name: p.Name, written: p.written})
	return len(ps.list) - 1
}

// is reports whether p is the same parameter. It does not tell :json.a.b from
// :json."a.b", which the tree of fields does.
func (p *parameter) is(other *Param) bool {
	return p.source == other.Source &&
		(p.name == other.Name || p.source == SourceHeader && strings.EqualFold(p.name, other.Name))
}

// take sets v to the request's values, all of them checked. A parameter that is
// not declared is text in UTF-8, which is what the sessions speak, and never
// nil: an absent one is the empty string, the first of repeated ones counts.
//
// The error is a *ParameterError with everything that is wrong, or ErrMediaType
// for a body of another type than the parameters ask for, or an encoded one. The
// request's body must have been read: a fasthttp body stream hides its errors.
//
// Nothing is allocated but for forms, JSON and lists: for those what it takes
// to take them apart.
func (ps *parameters) take(ctx context.Context, rc *fasthttp.RequestCtx, v *values) error {
	var lookup Lookuper
	if ps.looksUp {
		var ok bool
		if lookup, ok = ctx.Value(LookupKey).(Lookuper); !ok {
			panic("bug: the request's context has no Lookuper")
		}
	}
	return ps.takeFrom(lookup, rc, v)
}

// takeFrom is take with the Lookuper at hand.
func (ps *parameters) takeFrom(lookup Lookuper, rc *fasthttp.RequestCtx, v *values) error {
	v.reset(len(ps.list), ps.lists)
	if err := ps.accepts(rc); err != nil {
		return err
	}
	form, faults := ps.form(rc)
	for i := range ps.list {
		p := &ps.list[i]
		if p.declared != nil {
			faults = append(faults, p.take(rc, lookup, form, i, v)...)
			continue
		}
		text := p.text(rc, lookup, form)
		switch {
		case text == nil:
			text = []byte{}
		case !utf8.Valid(text):
			faults = append(faults, p.fault(notUTF8))
		}
		v.scalars[i].Text = text
	}
	if ps.body != nil && isJSON(rc.Request.Header.ContentType()) && len(rc.PostBody()) > 0 {
		faults = append(faults, ps.takeJSON(rc.PostBody(), v)...)
	}
	if faults = ps.complete(v, faults); len(faults) > 0 {
		return &ParameterError{Faults: faults}
	}
	return nil
}

// text returns the value of a parameter that is not in a JSON body, nil when it
// is absent.
func (p *parameter) text(rc *fasthttp.RequestCtx, lookup Lookuper, form *form) []byte {
	switch p.source {
	case SourcePath, SourceAuth, SourceClient, SourceSession, SourceClaims:
		value, _ := lookup.Lookup(p.source, p.name)
		return value
	case SourceQuery:
		return peek(rc.QueryArgs(), p.name)
	case SourceForm:
		return form.peek(p.name)
	case SourceHeader:
		return headerValue(&rc.Request.Header, p.name)
	case SourceCookie:
		return rc.Request.Header.Cookie(p.name)
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
