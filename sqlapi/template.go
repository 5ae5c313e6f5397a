package sqlapi

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// template is a text of the configuration with values in it, each written
// {source.name} as in "/users/{path.id}"; {{ stands for a brace. It is not
// changed once the endpoint is built.
type template struct {
	// texts stand around the values: there is one more of them.
	texts []string
	// places are those of the values among the endpoint's (parameters.add),
	// names what stands between their braces.
	places []int
	names  []string
}

const templateHint = "a value is {source.name}, such as {query.id}, and {{ a brace"

// parseTemplate takes a text apart: params are the values in it, whose offsets
// are those of their braces. Faults come in the order of the text.
func parseTemplate(text string) (texts []string, params []Param, faults []*SyntaxError) {
	if !utf8.ValidString(text) {
		return nil, nil, []*SyntaxError{{0, "the text is not valid UTF-8", ""}}
	}
	scan := scanner{sql: text}
	var literal strings.Builder
	for scan.pos < len(text) {
		brace := strings.IndexByte(text[scan.pos:], '{')
		if brace < 0 {
			break
		}
		start := scan.pos + brace
		literal.WriteString(text[scan.pos:start])
		if scan.pos = start + 1; scan.peek(0) == '{' {
			literal.WriteByte('{')
			scan.pos++
			continue
		}
		param, fault := scan.value(start)
		if fault != nil {
			faults = append(faults, fault)
			continue
		}
		texts, params = append(texts, literal.String()), append(params, param)
		literal.Reset()
	}
	literal.WriteString(text[min(scan.pos, len(text)):])
	return append(texts, literal.String()), params, faults
}

// value reads source.name} behind the brace at start.
func (s *scanner) value(start int) (Param, *SyntaxError) {
	t, before := token{start: start}, len(s.faults)
	if isNameByte(s.peek(0)) {
		s.parameter(&t)
	}
	switch {
	case len(s.faults) > before:
		f := s.faults[before]
		return Param{}, &SyntaxError{f.Offset, withoutColons(f.Problem), withoutColons(f.Hint)}
	case t.kind != tokenParameter:
		return Param{}, &SyntaxError{start, "a brace without a value in it", templateHint}
	case s.peek(0) != '}':
		return Param{}, &SyntaxError{s.pos, "a value that does not end with }", templateHint}
	}
	s.pos++
	return t.param, nil
}

// withoutColons returns a sentence about SQL's :source.name as one about a value
// in a text, which has no colon.
func withoutColons(sentence string) string {
	return strings.TrimPrefix(strings.ReplaceAll(sentence, " :", " "), ":")
}

// newTemplate returns a sound text as a template, and has parameters make
// places for its values.
func newTemplate(text string, ps *parameters) (template, error) {
	texts, params, faults := parseTemplate(text)
	if len(faults) > 0 {
		return template{}, fmt.Errorf("template: %w", faults[0])
	}
	t := template{texts: texts}
	for i := range params {
		t.places, t.names = append(t.places, ps.add(&params[i])), append(t.names, params[i].written)
	}
	return t, nil
}

// append appends the text with the values in it, which escape appends as they
// are to be written there; the texts around them are appended as they are. An
// absent value is the empty text.
//
// The error is a *ParameterError with what escape says of a value.
func (t *template) append(dst []byte, v *values, escape Escape) ([]byte, error) {
	for i, place := range t.places {
		dst = append(dst, t.texts[i]...)
		var err error
		if dst, err = escape(dst, v.scalars[place].Text); err != nil {
			return dst, &ParameterError{Faults: []ParameterFault{{Parameter: t.names[i], Problem: err.Error()}}}
		}
	}
	return append(dst, t.texts[len(t.places)]...), nil
}

// fieldTemplate is a template where it stands in the configuration.
type fieldTemplate struct {
	field, text string
	// late: it is written when the statements are through, so that values may
	// come from what they did, too.
	late bool
}

// templates returns every text of the endpoint that has values in it.
func (c EndpointConfig) templates() []fieldTemplate {
	all := c.propertyTemplates()
	if c.Location != "" {
		all = append(all, fieldTemplate{field: "location", text: c.Location, late: true})
	}
	return all
}

// templateFaults returns what is wrong with the texts that have values in them.
func (c EndpointConfig) templateFaults() []error {
	var faults []error
	for _, t := range c.templates() {
		faults = append(faults, t.faults(c)...)
	}
	return faults
}

func (t *fieldTemplate) faults(c EndpointConfig) []error {
	_, params, syntax := parseTemplate(t.text)
	for i := range params {
		if problem, hint := t.refuses(c, &params[i]); problem != "" {
			syntax = append(syntax, &SyntaxError{params[i].Offset, withoutColons(problem), withoutColons(hint)})
		}
	}
	var faults []error
	for _, f := range syntax {
		faults = append(faults, &FieldError{Field: t.field, Problem: f.Problem, Hint: f.Hint, Offset: f.Offset})
	}
	return faults
}

// refuses returns why there is no such value for the template, or "".
func (t *fieldTemplate) refuses(c EndpointConfig, p *Param) (problem, hint string) {
	if problem, hint = c.refuses(p); problem != "" || p.Source.ofRequest() {
		return problem, hint
	}
	if !t.late {
		return "{" + p.written + "} is no part of the request, and not known before the statement has run", ""
	}
	return "", ""
}
