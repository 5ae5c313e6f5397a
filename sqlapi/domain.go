package sqlapi

import (
	"bytes"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"

	"zerohop/sqlapi/wire"
)

// domain is the set of values that a declared parameter may have.
type domain struct {
	*valueType
	// in is the time zone of the sessions.
	in   *time.Location
	trim bool
	// enum are the only values, least and most the bounds of an ordered type;
	// all as the type binds them. nil: there are none.
	enum        [][]byte
	least, most []byte
	// shortest and longest are in characters, longest negative without one.
	shortest, longest int
	pattern           *regexp.Regexp
}

// holdsEmpty reports whether the empty text can be a value. For other types it
// is as good as absent: a form sends it for a field that was left empty.
func (d *domain) holdsEmpty() bool { return d.name == typeString }

// holdsCommas reports whether a comma may be part of a value.
func (d *domain) holdsCommas() bool { return d.name == typeString }

// read returns the argument for a text, or what is wrong with that. The problem
// never holds the text, which may be a secret.
func (d *domain) read(text []byte) (arg wire.Argument, problem string) {
	if d.trim {
		text = bytes.TrimSpace(text)
	}
	if arg, problem = d.valueType.read(text, d.in); problem != "" {
		return arg, problem
	}
	return arg, d.excludes(arg.Text)
}

// readJSON is read for a JSON value, which is no null.
func (d *domain) readJSON(raw []byte) (arg wire.Argument, problem string) {
	text, problem := d.written.text(raw)
	if problem != "" {
		return arg, problem
	}
	return d.read(text)
}

// excludes returns why a value of the type is not in the domain, or "".
func (d *domain) excludes(value []byte) string {
	switch {
	case d.least != nil && d.compare(value, d.least) < 0:
		return "must be at least " + string(d.least)
	case d.most != nil && d.compare(value, d.most) > 0:
		return "must be at most " + string(d.most)
	}
	if d.shortest > 0 || d.longest >= 0 {
		n := utf8.RuneCount(value)
		switch {
		case n < d.shortest:
			return fmt.Sprintf("must have at least %d characters", d.shortest)
		case d.longest >= 0 && n > d.longest:
			return fmt.Sprintf("must have at most %d characters", d.longest)
		}
	}
	if d.pattern != nil && !d.pattern.Match(value) {
		return "does not have the form that is wanted"
	}
	if d.enum == nil {
		return ""
	}
	for _, allowed := range d.enum {
		if d.compare(value, allowed) == 0 {
			return ""
		}
	}
	return "must be one of " + string(bytes.Join(d.enum, []byte(", ")))
}
