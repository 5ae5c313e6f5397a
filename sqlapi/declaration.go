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

// read returns what the parameter has to be, nil where its type cannot be told.
// The list of a list is 0.
func (at *declaration) read() *declared {
	kind, name := at.valueType()
	d := &declared{list: -1, required: at.cfg.Default == nil}
	if at.cfg.Type == typeList {
		d.list, d.maxItems = 0, at.maxItems()
	}
	if kind == nil {
		return nil
	}
	if at.cfg.Required != nil {
		d.required = *at.cfg.Required
	}
	at.refuseUnfit(kind, name)
	d.domain = at.domain(kind)
	d.fallback = at.fallback(d)
	return d
}

// maxItems returns how many items a list may have.
func (at *declaration) maxItems() int {
	switch most := at.cfg.MaxItems; {
	case most == nil:
	case *most < 1 || *most > mostMaxItems:
		at.fault("max_items", fmt.Sprintf("%d is out of bounds", *most), fmt.Sprintf("from 1 to %d", mostMaxItems))
	default:
		return *most
	}
	return defaultMaxItems
}

// valueType returns the type of the value, or of a list's items, and how the
// declaration speaks of it.
func (at *declaration) valueType() (kind *valueType, name string) {
	key, name := "type", at.cfg.Type
	switch {
	case name == "":
		at.fault("type", "no type", "add type = "+typeNames(true))
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

// typeNames lists the types of values, list among them, or those that the items
// of one may have.
func typeNames(list bool) string {
	var names []string
	for i := range valueTypes {
		if list || valueTypes[i].inLists() {
			names = append(names, fmt.Sprintf("%q", valueTypes[i].name))
		}
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
	if c.Items != "" && c.Type != typeList {
		at.fault("items", "only a list has items", `write type = "list"`)
	}
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

// domain reads the conditions that the type can have, and notes those that no
// value could meet. Where there are some, it has only the type: what is said of
// other values is not to follow from them.
func (at *declaration) domain(kind *valueType) *domain {
	before := len(at.faults)
	d := &domain{valueType: kind, in: at.in, longest: -1}
	if kind.ordered {
		at.bounds(d)
	}
	if kind.textual {
		at.lengths(d)
	}
	if len(at.faults) > before {
		d = &domain{valueType: kind, in: at.in, longest: -1}
	}
	if before = len(at.faults); kind.compare != nil {
		d.enum = at.enum(d)
	}
	if len(at.faults) > before {
		d.enum = nil
	}
	return d
}

// bounds reads min and max.
func (at *declaration) bounds(d *domain) {
	bound := func(key string, text *string) []byte {
		if text == nil {
			return nil
		}
		return at.value(d.valueType, key, *text)
	}
	d.least, d.most = bound("min", at.cfg.Min), bound("max", at.cfg.Max)
	if d.least != nil && d.most != nil && d.compare(d.least, d.most) > 0 {
		at.fault("max", "less than min", "")
	}
}

// lengths reads the conditions of a string.
func (at *declaration) lengths(d *domain) {
	c := &at.cfg
	length := func(key string, n *int, unset int) int {
		if n == nil {
			return unset
		}
		if *n < 0 || *n > maxLength {
			at.fault(key, fmt.Sprintf("%d is out of bounds", *n), fmt.Sprintf("from 0 to %d", maxLength))
		}
		return *n
	}
	d.trim = c.Trim
	d.shortest, d.longest = length("min_length", c.MinLength, 0), length("max_length", c.MaxLength, -1)
	if c.MaxLength != nil && d.shortest > d.longest {
		at.fault("max_length", "less than min_length", "")
	}
	if c.Pattern != "" {
		d.pattern = at.pattern(c.Pattern)
	}
}

// enum reads the only values that there may be.
func (at *declaration) enum(d *domain) [][]byte {
	if at.cfg.Enum != nil && len(at.cfg.Enum) == 0 {
		at.fault("enum", "no value at all", "name those that there may be, or leave it out")
	}
	var enum [][]byte
	for i, text := range at.cfg.Enum {
		arg, problem := d.read([]byte(text))
		if problem != "" {
			at.fault(fmt.Sprintf("enum[%d]", i), problem, "")
			continue
		}
		enum = append(enum, arg.Text)
	}
	return enum
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
