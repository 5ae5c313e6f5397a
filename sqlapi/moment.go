package sqlapi

import (
	"bytes"
	"time"

	"zerohop/sqlapi/wire"
)

const (
	notDate     = "must be a date: YYYY-MM-DD"
	notDatetime = "must be a date and time: YYYY-MM-DD hh:mm:ss, or as in RFC 3339"
)

// shaped reports whether text has a form in which d stands for a digit.
func shaped(text []byte, form string) bool {
	if len(text) != len(form) {
		return false
	}
	for i, c := range text {
		if form[i] == 'd' && !isDigit(c) || form[i] != 'd' && form[i] != c {
			return false
		}
	}
	return true
}

// readDate reads a day of the calendar.
func readDate(text []byte, _ *time.Location) (wire.Argument, string) {
	if !shaped(text, "dddd-dd-dd") {
		return wire.Argument{}, notDate
	}
	day, err := time.Parse(time.DateOnly, string(text))
	if err != nil || day.Year() == 0 {
		return wire.Argument{}, "is no day of the calendar"
	}
	return wire.Argument{Text: text}, ""
}

// readDatetime reads a moment: MySQL's notation, with a T in place of the blank
// too, or RFC 3339's, whose offset is worked in: what is bound is the time in the
// zone of the sessions. A fraction of a second has up to six digits.
func readDatetime(text []byte, in *time.Location) (wire.Argument, string) {
	const form = "dddd-dd-ddTdd:dd:dd"
	if len(text) < len(form) || text[10] != ' ' && text[10] != 'T' && text[10] != 't' {
		return wire.Argument{}, notDatetime
	}
	var space [32]byte
	plain := append(space[:0], text[:len(form)]...)
	plain[10] = 'T'
	rest := text[len(form):]
	if !shaped(plain, form) {
		return wire.Argument{}, notDatetime
	}
	fraction := []byte(nil)
	if after, found := bytes.CutPrefix(rest, []byte{'.'}); found {
		fraction = leadingDigits(after)
		rest = after[len(fraction):]
		if len(fraction) == 0 || len(fraction) > 6 {
			return wire.Argument{}, "must have one to six digits behind a second's point"
		}
	}
	at, err := time.Parse("2006-01-02T15:04:05", string(plain))
	if err != nil {
		return wire.Argument{}, "is no moment of the calendar"
	}
	if len(rest) > 0 {
		offset, ok := aheadOfUTC(rest)
		if !ok {
			return wire.Argument{}, notDatetime
		}
		at = at.Add(-offset).In(in)
	}
	if at.Year() < 1 || at.Year() > 9999 {
		return wire.Argument{}, "is no moment of the calendar"
	}
	bound := at.AppendFormat(make([]byte, 0, len(form)+7), time.DateTime)
	if fraction = bytes.TrimRight(fraction, "0"); len(fraction) > 0 {
		bound = append(append(bound, '.'), fraction...)
	}
	return wire.Argument{Text: bound}, ""
}

// aheadOfUTC returns how far ahead of UTC a moment is that ends with Z, or with
// +hh:mm.
func aheadOfUTC(text []byte) (ahead time.Duration, ok bool) {
	if len(text) == 1 && (text[0] == 'Z' || text[0] == 'z') {
		return 0, true
	}
	if !shaped(text, "+dd:dd") && !shaped(text, "-dd:dd") {
		return 0, false
	}
	hours, minutes := time.Duration(text[1]-'0')*10+time.Duration(text[2]-'0'), time.Duration(text[4]-'0')*10+time.Duration(text[5]-'0')
	ahead = hours*time.Hour + minutes*time.Minute
	if text[0] == '-' {
		ahead = -ahead
	}
	return ahead, hours < 24 && minutes < 60
}
