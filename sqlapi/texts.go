package sqlapi

import (
	"context"
	"fmt"
	"sync"

	"github.com/valyala/fasthttp"
)

// Text is a text of a route that has no statement, with a {source.name} for
// every value of the request in it.
type Text struct {
	// Field is where it stands in the configuration, below the route.
	Field string
	Text  string
	// Literal is how what stands around the values is escaped, once and for
	// all, Value how these are. Nil leaves a text as it is.
	Literal, Value Escape
}

// Escape appends a text to dst as it has to be written at some place. The error
// says why that cannot be, as the end of a sentence; it is public.
type Escape func(dst, text []byte) ([]byte, error)

// EscapeJSON is the Escape of what stands between the quotes of a JSON string.
func EscapeJSON(dst, text []byte) ([]byte, error) {
	dst, ok := appendJSONInside(dst, text)
	if !ok {
		return dst, errNotUTF8
	}
	return dst, nil
}

// Texts are the texts of one route. They may be used by any number of
// goroutines at once.
type Texts struct {
	parameters parameters
	texts      []escapedTemplate
}

type escapedTemplate struct {
	template
	escape Escape
}

// ValidateTexts returns everything that is wrong with the texts of a route, as
// *FieldError. Of the configuration only counts what the route offers.
func (c EndpointConfig) ValidateTexts(texts []Text) []error {
	var faults []error
	for _, t := range texts {
		place := fieldTemplate{field: t.Field, text: t.Text}
		faults = append(faults, place.faults(c)...)
	}
	return faults
}

// NewTexts returns texts that ValidateTexts finds no fault with.
func NewTexts(texts []Text) (*Texts, error) {
	made := &Texts{}
	for _, t := range texts {
		parsed, err := newTemplate(t.Text, &made.parameters)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.Field, err)
		}
		for i, literal := range parsed.texts {
			if t.Literal == nil {
				break
			}
			escaped, err := t.Literal(nil, []byte(literal))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.Field, err)
			}
			parsed.texts[i] = string(escaped)
		}
		escape := t.Value
		if escape == nil {
			escape = func(dst, text []byte) ([]byte, error) { return append(dst, text...), nil }
		}
		made.texts = append(made.texts, escapedTemplate{parsed, escape})
	}
	return made, nil
}

// Fixed reports whether no text has a value in it.
func (t *Texts) Fixed() bool { return len(t.parameters.list) == 0 }

// FilledTexts are the texts with the values of one request, which ends them.
// They are for its own goroutine.
type FilledTexts struct {
	texts  *Texts
	values values
}

var filledTexts = sync.Pool{New: func() any { return new(FilledTexts) }}

// Fill takes the values out of a request. The error is an ErrParameter or an
// ErrMediaType. What it returns is to be freed.
func (t *Texts) Fill(ctx context.Context, rc *fasthttp.RequestCtx) (*FilledTexts, error) {
	f := filledTexts.Get().(*FilledTexts)
	f.texts = t
	if err := t.parameters.take(ctx, rc, &f.values); err != nil {
		f.Free()
		return nil, err
	}
	return f, nil
}

// Append appends the i-th text. The error is an ErrParameter: a value cannot
// stand there.
func (f *FilledTexts) Append(dst []byte, i int) ([]byte, error) {
	t := &f.texts.texts[i]
	return t.append(dst, &f.values, t.escape)
}

// Free ends the use of the texts.
func (f *FilledTexts) Free() {
	f.values.free()
	f.texts = nil
	filledTexts.Put(f)
}
