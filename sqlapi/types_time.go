package sqlapi

import (
	"errors"
	"time"

	"zerohop/sqlapi/wire"
)

var errNotTime = errors.New("the value is not a date, or not a date and a time")

// calendar writes times as RFC 3339 has them. DATETIME says nothing of a zone,
// and is taken to be in stored, as TIMESTAMP is in sessions of that zone; what
// is written is the same instant in the zone shown. It is never changed.
type calendar struct {
	stored, shown zone
}

const (
	dateLength     = len("2006-01-02")
	datetimeLength = len("2006-01-02 15:04:05")
)

// append appends a DATE as it is, or a DATETIME as an instant. One that no
// calendar has, the zero date above all, becomes null.
func (c *calendar) append(dst []byte, v wire.Value, column *wire.Column, n notation) ([]byte, error) {
	start := len(dst)
	dst = v.AppendText(append(dst, '"'), column)
	text := dst[start+1:]
	wanted := dateLength
	if n == notationInstant {
		wanted = datetimeLength
	}
	if len(text) < wanted {
		return dst, errNotTime
	}
	year, month, day := wholeNumber(text[:4]), wholeNumber(text[5:7]), wholeNumber(text[8:10])
	if !isDay(year, month, day) {
		return append(dst[:start], "null"...), nil
	}
	if n == notationDate {
		return append(dst, '"'), nil
	}
	if c.shown.fixed != "" && c.shown.fixed == c.stored.fixed {
		text[dateLength] = 'T'
		return append(append(dst, c.shown.fixed...), '"'), nil
	}
	var space [8]byte
	fraction := append(space[:0], text[datetimeLength:]...)
	t := c.instant(year, month, day, wholeNumber(text[11:13]), wholeNumber(text[14:16]), wholeNumber(text[17:19]))
	dst = t.AppendFormat(dst[:start+1], "2006-01-02T15:04:05")
	dst = t.AppendFormat(append(dst, fraction...), "Z07:00")
	return append(dst, '"'), nil
}

// instant returns what a clock in the zone stored says, in the zone shown, or
// in UTC where RFC 3339 could not write it there. Of an hour that a clock shows
// twice, when summer ends, it is the first.
func (c *calendar) instant(year, month, day, hour, minute, second int) time.Time {
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, c.stored.location)
	if began, _ := t.ZoneBounds(); !began.IsZero() {
		_, before := began.Add(-time.Second).Zone()
		_, now := t.Zone()
		if back := time.Duration(before-now) * time.Second; t.Sub(began) < back {
			t = t.Add(-back)
		}
	}
	if shown := t.In(c.shown.location); isWritable(shown) {
		return shown
	}
	return t.UTC()
}

// isWritable reports whether RFC 3339 has a way to write t: four digits for
// the year, and hours and minutes for the offset.
func isWritable(t time.Time) bool {
	_, offset := t.Zone()
	return t.Year() >= 0 && t.Year() <= 9999 && offset%60 == 0
}

// isDay reports whether the calendar has a day.
func isDay(year, month, day int) bool {
	if month < 1 || month > 12 || day < 1 {
		return false
	}
	return day <= 28 || time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() == day
}

// wholeNumber returns the number that digits are. What is no digit is no part of a
// date either, and makes for one that no calendar has, or a wrong one.
func wholeNumber(digits []byte) int {
	n := 0
	for _, d := range digits {
		n = 10*n + int(d-'0')
	}
	return n
}
