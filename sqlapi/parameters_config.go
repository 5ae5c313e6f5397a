package sqlapi

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// ParametersConfig says what the values of a route's parameters have to be.
type ParametersConfig struct {
	// Params are the declared parameters, by their names as they stand in the
	// SQL, without the colon: "query.page". One that is not declared is text.
	Params map[string]ParamConfig `toml:"params"`

	// location is the time zone of the database's sessions; nil, where that is
	// not known, counts as UTC.
	location *time.Location
}

// ParamConfig is what the values of one parameter have to be. What is not said
// is no condition.
type ParamConfig struct {
	// Type is string, integer, number, boolean, date, datetime, uuid, json or
	// list.
	Type string `toml:"type"`
	// Items is the type of a list's items: one of the others. Every other
	// setting but Required, Default and MaxItems is about the items then.
	Items string `toml:"items"`
	// Required: an absent one is a fault. So it is unless this is false, or
	// there is a Default; one that may be absent is NULL, or the empty list.
	Required *bool `toml:"required"`
	// Default is the value of an absent one, of a list its items.
	Default []string `toml:"default,orlist,scalar"`
	// Enum are the only values that there may be.
	Enum []string `toml:"enum,scalar"`
	// Min and Max bound numbers, dates and datetimes.
	Min *string `toml:"min,scalar"`
	Max *string `toml:"max,scalar"`
	// MinLength and MaxLength bound the characters of a string.
	MinLength *int `toml:"min_length"`
	MaxLength *int `toml:"max_length"`
	// Pattern is a regular expression (RE2) that the whole of a string matches.
	Pattern string `toml:"pattern"`
	// Trim drops the white space around a string.
	Trim bool `toml:"trim"`
	// MaxItems is how many items a list may have, 1000 unless it is set.
	MaxItems *int `toml:"max_items"`
}

const (
	defaultMaxItems = 1000
	mostMaxItems    = 4096
	// maxLength bounds what may be asked of a string's length.
	maxLength = 1 << 30
)

// parameters returns what the endpoint takes from a request: the parameters of
// its statements, and the values in its texts. It also returns what is wrong
// with their declarations.
func (c EndpointConfig) parameters(scripts []script) (*parameters, []error) {
	ps := &parameters{}
	understood := true
	for i := range scripts {
		understood = understood && scripts[i].understood()
		for _, p := range scripts[i].parameters() {
			ps.add(&p)
		}
	}
	templates := c.templates()
	for i := range templates {
		_, params, syntax := parseTemplate(templates[i].text)
		understood = understood && len(syntax) == 0
		for _, p := range params {
			ps.add(&p)
		}
	}
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(c.Params)) {
		faults = append(faults, c.declare(ps, name, understood)...)
	}
	if ps.body != nil {
		faults = append(faults, ps.validateFields(ps.body, nil)...)
	}
	for i := range scripts {
		faults = append(faults, ps.validateLists(&scripts[i])...)
	}
	for i := range templates {
		faults = append(faults, ps.refuseLists(&templates[i])...)
	}
	return ps, faults
}

// declare gives the parameter of a name its declaration. That there is no such
// parameter is a fault only where all of the SQL was understood.
func (c EndpointConfig) declare(ps *parameters, name string, understood bool) []error {
	at := declaration{field: "params." + strconv.Quote(name), cfg: c.Params[name], in: cmp.Or(c.location, time.UTC)}
	param, problem, hint := parseReference(name)
	if slices.Contains(sourceNames[:], name) {
		hint = fmt.Sprintf("the name stands in quotes, as it has a dot in it: %q", name+".name")
	}
	if problem == "" && !param.Source.ofRequest() {
		problem = "no part of a request"
	}
	if problem == "" {
		problem, hint = c.refuses(&param)
	}
	if problem != "" {
		at.fault("", problem, hint)
		return at.faults
	}
	d := at.read()
	known := len(ps.list)
	i := ps.add(&param)
	switch {
	case i == known && understood:
		at.fault("", "no statement has :"+name, ps.meant(name))
	case ps.list[i].declared != nil:
		at.fault("", "declared twice, under two spellings", "")
	case d != nil:
		if d.list == 0 {
			d.list = ps.lists
			ps.lists++
		}
		ps.list[i].declared = d
	}
	return at.faults
}

// meant says which parameter a name that none has may stand for.
func (ps *parameters) meant(name string) string {
	var names []string
	for i := range ps.list[:len(ps.list)-1] {
		names = append(names, ps.list[i].written)
	}
	if near := nearest(name, names); near != "" {
		return "did you mean " + near + "?"
	}
	return "use it there, or leave the declaration out"
}

// parseReference reads a parameter's name as it stands in SQL behind the colon.
func parseReference(name string) (p Param, problem, hint string) {
	scan := scanner{sql: ":" + name}
	t := scan.next()
	switch {
	case len(scan.faults) > 0:
		return p, scan.faults[0].Problem, scan.faults[0].Hint
	case t.kind != tokenParameter || t.end != len(scan.sql):
		return p, "not the name of a parameter", "write source.name, as in query.page"
	}
	return t.param, "", ""
}

// validateFields returns the faults of fields below f that no body can have: a
// required one in an object that is to be a single value, or the other way
// round. above is the parameter that f, or a field around it, is, if it is to be
// a single value.
func (ps *parameters) validateFields(f *jsonField, above *parameter) []error {
	var faults []error
	if f.param >= 0 {
		p := &ps.list[f.param]
		switch {
		case above == nil:
		case above.required():
			faults = append(faults, fieldFault(above.field(), ":"+p.written+" needs an object here", `type = "json" takes one, too`))
		case p.required():
			faults = append(faults, fieldFault(p.field(), ":"+above.written+" would have to be an object", `declare that with type = "json"`))
		}
		if d := p.declared; above == nil && (d == nil || d.isList() || d.written != jsonAny) {
			above = p
		}
	}
	for _, below := range f.below {
		faults = append(faults, ps.validateFields(below, above)...)
	}
	return faults
}

func (p *parameter) required() bool { return p.declared != nil && p.declared.required }

// field is where a parameter's declaration stands in the configuration.
func (p *parameter) field() string { return "params." + strconv.Quote(p.written) }

// isList reports whether p is declared as a list.
func (ps *parameters) isList(p *Param) bool {
	d := ps.list[ps.add(p)].declared
	return d != nil && d.isList()
}

// validateLists returns the faults of lists that stand in a statement where only
// one value may.
func (ps *parameters) validateLists(s *script) []error {
	var faults []error
	uses := 0
	for _, p := range s.parameters() {
		if !ps.isList(&p) {
			continue
		}
		if uses++; uses == maxListUses+1 {
			faults = append(faults, s.fault(p.Offset, fmt.Sprintf("a statement may ask for lists %d times at most", maxListUses), ""))
		}
		if !p.alone {
			faults = append(faults, s.fault(p.Offset, "a list may stand alone in the parentheses of an IN only", "write … in (:"+p.written+")"))
		}
	}
	return faults
}

// refuseLists returns the faults of lists in a text.
func (ps *parameters) refuseLists(t *fieldTemplate) []error {
	var faults []error
	_, params, _ := parseTemplate(t.text)
	for _, p := range params {
		if ps.isList(&p) {
			faults = append(faults, &FieldError{Field: t.field, Problem: "{" + p.written + "} is a list, and there is no text for one", Offset: p.Offset})
		}
	}
	return faults
}
