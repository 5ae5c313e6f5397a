package sqlapi

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"zerohop/sqlapi/wire"
)

// declaration is a ParamConfig being read, and what was found wrong with it.
type declaration struct {
	field  string
	cfg    ParamConfig
	in     *time.Location // the time zone of the sessions
	faults []error
}

// fault notes what is wrong with one of the settings, or with all of them.
func (at *declaration) fault(key, problem, hint string) {
	field := at.field
	if key != "" {
		field += "." + key
	}
	at.faults = append(at.faults, &FieldError{Field: field, Problem: problem, Hint: hint, Offset: -1})
}

// read returns what the parameter has to be, nil where that cannot be told.
// The list of a list is 0.
func (at *declaration) read() *declared {
	kind, name := at.valueType()
	if kind == nil {
		return nil
	}
	at.refuseUnfit(kind, name)
	if len(at.faults) > 0 {
		return nil
	}
	d := &declared{domain: at.domain(kind), list: -1, required: at.cfg.Default == nil}
	if at.cfg.Type == typeList {
		d.list, d.maxItems = 0, defaultMaxItems
		if at.cfg.MaxItems != nil {
			d.maxItems = *at.cfg.MaxItems
		}
	}
	if at.cfg.Required != nil {
		d.required = *at.cfg.Required
	}
	if len(at.faults) > 0 {
		return nil
	}
	d.fallback = at.fallback(d)
	return d
}

// valueType returns the type of the value, or of a list's items, and how the
// declaration speaks of it.
func (at *declaration) valueType() (kind *valueType, name string) {
	key, name := "type", at.cfg.Type
	switch {
	case name == "":
		at.fault("type", "no type", "add type = "+typeNames(true))
		return nil, ""
	case name != typeList && at.cfg.Items != "":
		at.fault("items", "only a list has items", `write type = "list"`)
		return nil, ""
	case name == typeList && at.cfg.Items == "":
		at.fault("items", "a list of what", "add items = "+typeNames(false))
		return nil, ""
	case name == typeList:
		key, name = "items", at.cfg.Items
	}
	var names []string
	for i := range valueTypes {
		if valueTypes[i].name == name {
			return &valueTypes[i], name
		}
		names = append(names, valueTypes[i].name)
	}
	if key == "type" {
		names = append(names, typeList)
	}
	hint := "write " + typeNames(key == "type")
	if near := nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	at.fault(key, fmt.Sprintf("there is no type %q", name), hint)
	return nil, ""
}

func typeNames(list bool) string {
	var names []string
	for i := range valueTypes {
		names = append(names, fmt.Sprintf("%q", valueTypes[i].name))
	}
	if list {
		names = append(names, `"list"`)
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// refuseUnfit notes the settings that mean nothing for a type.
func (at *declaration) refuseUnfit(kind *valueType, name string) {
	c := &at.cfg
	refuse := func(key string, set, fits bool, what string) {
		if set && !fits {
			at.fault(key, "means nothing for the type "+name, what)
		}
	}
	refuse("min", c.Min != nil, kind.ordered, "integer, number, date and datetime have bounds")
	refuse("max", c.Max != nil, kind.ordered, "integer, number, date and datetime have bounds")
	refuse("enum", c.Enum != nil, kind.compare != nil, "")
	refuse("min_length", c.MinLength != nil, kind.textual, "a string has a length")
	refuse("max_length", c.MaxLength != nil, kind.textual, "a string has a length")
	refuse("pattern", c.Pattern != "", kind.textual, "a string has a pattern")
	refuse("trim", c.Trim, kind.textual, "a string has white space around it")
	if c.MaxItems != nil && c.Type != typeList {
		at.fault("max_items", "means nothing for the type "+name, "a list has items")
	}
	if c.Type == typeList && !kind.inLists() {
		at.fault("items", "there are no lists of the type "+name, "take a single json value instead")
	}
	if c.Required != nil && *c.Required && c.Default != nil {
		at.fault("required", "one with a default is never missing", "leave out one of the two")
	}
}

// inLists reports whether there are lists of the type.
func (t *valueType) inLists() bool { return t.written != jsonAny }

// domain reads the conditions, and notes those that no value could meet.
func (at *declaration) domain(kind *valueType) *domain {
	c := &at.cfg
	d := &domain{valueType: kind, in: at.in, trim: c.Trim, longest: -1}
	bound := func(key string, text *string) []byte {
		if text == nil {
			return nil
		}
		return at.value(kind, key, *text)
	}
	d.least, d.most = bound("min", c.Min), bound("max", c.Max)
	if d.least != nil && d.most != nil && kind.compare(d.least, d.most) > 0 {
		at.fault("max", "less than min", "")
	}
	length := func(key string, n *int, unset int) int {
		if n == nil {
			return unset
		}
		if *n < 0 || *n > maxLength {
			at.fault(key, fmt.Sprintf("%d is out of bounds", *n), fmt.Sprintf("from 0 to %d", maxLength))
		}
		return *n
	}
	d.shortest, d.longest = length("min_length", c.MinLength, 0), length("max_length", c.MaxLength, -1)
	if c.MaxLength != nil && d.shortest > d.longest {
		at.fault("max_length", "less than min_length", "")
	}
	if c.MaxItems != nil && (*c.MaxItems < 1 || *c.MaxItems > mostMaxItems) {
		at.fault("max_items", fmt.Sprintf("%d is out of bounds", *c.MaxItems), fmt.Sprintf("from 1 to %d", mostMaxItems))
	}
	if c.Pattern != "" {
		d.pattern = at.pattern(c.Pattern)
	}
	if c.Enum != nil && len(c.Enum) == 0 {
		at.fault("enum", "no value at all", "name those that there may be, or leave it out")
	}
	var enum [][]byte
	for i, text := range c.Enum {
		arg, problem := d.read([]byte(text))
		if problem != "" {
			at.fault(fmt.Sprintf("enum[%d]", i), problem, "")
		}
		enum = append(enum, arg.Text)
	}
	d.enum = enum
	return d
}

// fallback reads the default of d, which has to be one of its values.
func (at *declaration) fallback(d *declared) []wire.Argument {
	switch {
	case at.cfg.Default == nil:
		return nil
	case !d.isList() && len(at.cfg.Default) != 1:
		at.fault("default", "one value is wanted", "")
		return nil
	case d.isList() && len(at.cfg.Default) > d.maxItems:
		at.fault("default", fmt.Sprintf("has more than %d items", d.maxItems), "")
		return nil
	}
	fallback := []wire.Argument{}
	for i, text := range at.cfg.Default {
		arg, problem := d.read([]byte(text))
		if problem != "" {
			key := "default"
			if d.isList() {
				key = fmt.Sprintf("default[%d]", i)
			}
			at.fault(key, problem, "")
		}
		fallback = append(fallback, arg)
	}
	return fallback
}

// value reads a value of the type that a setting has, nil if it is none.
func (at *declaration) value(kind *valueType, key, text string) []byte {
	arg, problem := kind.read([]byte(text), at.in)
	if problem != "" {
		at.fault(key, problem, "")
		return nil
	}
	return arg.Text
}

// pattern compiles a pattern, which has to match the whole of a text.
func (at *declaration) pattern(text string) *regexp.Regexp {
	if _, err := regexp.Compile(text); err != nil {
		at.fault("pattern", "not a regular expression: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), "")
		return nil
	}
	return regexp.MustCompile(`\A(?:` + text + `)\z`)
}
