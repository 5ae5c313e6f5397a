package regex

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	// ErrInvalid: the pattern, or the replacement, is no regular expression
	// of the ICU dialect.
	ErrInvalid = errors.New("invalid regular expression")
	// ErrUnsupported: a MySQL server could answer, and this package cannot.
	ErrUnsupported = errors.New("regular expression not supported by the embedded engine")

	errNoPattern = errors.New("bug: a regular expression was used before its pattern was set")
)

// RegexFlags change how a pattern is read; several are joined with |.
type RegexFlags uint32

// The flags that the engine knows. Their values are ICU's.
const (
	// RegexFlags_None is no flag at all.
	RegexFlags_None RegexFlags = 0
	// RegexFlags_Unix_Lines makes \n the only character that ends a line.
	RegexFlags_Unix_Lines RegexFlags = 1
	// RegexFlags_Case_Insensitive makes letters match both of their cases.
	RegexFlags_Case_Insensitive RegexFlags = 2
	// RegexFlags_Multiline makes ^ and $ match at the ends of each line.
	RegexFlags_Multiline RegexFlags = 8
	// RegexFlags_Dot_All makes the dot match the ends of lines as well.
	RegexFlags_Dot_All RegexFlags = 32
)

const knownFlags = RegexFlags_Unix_Lines | RegexFlags_Case_Insensitive | RegexFlags_Multiline | RegexFlags_Dot_All

// Regex is one regular expression and the text that it is applied to. It is
// used by one goroutine at a time. Positions and occurrences count from 1, and
// positions count characters.
type Regex interface {
	// SetRegexString sets the pattern. It comes before every other call.
	SetRegexString(ctx context.Context, pattern string, flags RegexFlags) error
	// SetMatchString sets the text. It comes before the calls below.
	SetMatchString(ctx context.Context, text string) error
	// IndexOf returns where the given occurrence at or after start begins,
	// or with end the position behind it, and 0 when there is none.
	IndexOf(ctx context.Context, start, occurrence int, end bool) (int, error)
	// Matches reports whether there is such an occurrence. Unlike the other
	// methods it counts start from 0.
	Matches(ctx context.Context, start, occurrence int) (bool, error)
	// Replace returns the text with the given occurrence at or after start
	// replaced, or with occurrence 0 all of them.
	Replace(ctx context.Context, replacement string, start, occurrence int) (string, error)
	// Substring returns the given occurrence at or after start.
	Substring(ctx context.Context, start, occurrence int) (string, bool, error)
	// StringBufferSize is always 0: there is no buffer.
	StringBufferSize() uint32
	// Close does nothing: there is nothing to give back.
	Close() error
}

// CreateRegex returns a Regex that has no pattern yet. The size of a buffer,
// which the engine hands in, is of no use here.
func CreateRegex(uint32) Regex { return &expression{} }

// SetRegexLeakHandler does nothing: what needs no Close cannot leak.
func SetRegexLeakHandler(func()) {}

// expression is the Regex of this package.
type expression struct {
	pattern *pattern
	first   *regexp.Regexp // finds the first match of a text
	next    *regexp.Regexp // finds one further on; nil until needed
	text    string
}

func (e *expression) SetRegexString(_ context.Context, source string, flags RegexFlags) error {
	p, err := translate(source, flags)
	if err != nil {
		return err
	}
	first, err := regexp.Compile(p.first)
	if err != nil {
		return refuse("%v", err)
	}
	*e = expression{pattern: p, first: first}
	return nil
}

func (e *expression) SetMatchString(_ context.Context, text string) error {
	if e.pattern == nil {
		return errNoPattern
	}
	if err := e.pattern.check(text); err != nil {
		return err
	}
	e.text = text
	return nil
}

func (e *expression) IndexOf(_ context.Context, start, occurrence int, end bool) (int, error) {
	m, err := e.find(start-1, occurrence)
	if m == nil || err != nil {
		return 0, err
	}
	at := m[0]
	if end {
		at = m[1]
	}
	return utf8.RuneCountInString(e.text[:at]) + 1, nil
}

func (e *expression) Matches(_ context.Context, start, occurrence int) (bool, error) {
	m, err := e.find(start, occurrence)
	return m != nil, err
}

func (e *expression) Substring(_ context.Context, start, occurrence int) (string, bool, error) {
	m, err := e.find(start-1, occurrence)
	if m == nil || err != nil {
		return "", false, err
	}
	return e.text[m[0]:m[1]], true, nil
}

func (e *expression) Replace(_ context.Context, replacement string, start, occurrence int) (string, error) {
	if e.pattern == nil {
		return "", errNoPattern
	}
	parts, err := parseReplacement(replacement, e.first)
	if err != nil {
		return "", err
	}
	if e.pattern.doubts.repeatedGroup && parts.nameGroups() {
		return "", refuse("a replacement with the groups of a pattern that repeats a group")
	}
	pos, err := e.offset(start - 1)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	copied := 0
	for n := 1; pos <= len(e.text); n++ {
		m, err := e.findAt(pos)
		if err != nil {
			return "", err
		}
		if m == nil {
			break
		}
		if occurrence <= 0 || n == occurrence {
			b.WriteString(e.text[copied:m[0]])
			parts.expand(&b, e.text, m)
			copied = m[1]
		}
		if n == occurrence {
			break
		}
		pos = e.after(m)
	}
	b.WriteString(e.text[copied:])
	return b.String(), nil
}

func (e *expression) StringBufferSize() uint32 { return 0 }

func (e *expression) Close() error { return nil }

// find returns the given occurrence among the matches that begin at or after
// character start, which counts from 0; nil when there is none.
func (e *expression) find(start, occurrence int) ([]int, error) {
	if e.pattern == nil {
		return nil, errNoPattern
	}
	pos, err := e.offset(start)
	if err != nil {
		return nil, err
	}
	for n := 1; pos <= len(e.text); n++ {
		m, err := e.findAt(pos)
		if m == nil || err != nil || n >= occurrence {
			return m, err
		}
		pos = e.after(m)
	}
	return nil, nil
}

// findAt returns the first match that begins at or after byte pos, as the
// offsets of the match and of its groups. It gives ^ and \b the text in front
// of pos to look at, which a search in a slice would hide from them.
func (e *expression) findAt(pos int) ([]int, error) {
	if pos == 0 {
		return e.first.FindStringSubmatchIndex(e.text), nil
	}
	if e.next == nil {
		re, err := regexp.Compile(e.pattern.next)
		if err != nil {
			return nil, refuse("%v", err)
		}
		e.next = re
	}
	_, size := utf8.DecodeLastRuneInString(e.text[:pos])
	base := pos - size
	m := e.next.FindStringSubmatchIndex(e.text[base:])
	if m == nil {
		return nil, nil
	}
	m = m[2:] // without the text in front of the match
	for i := range m {
		if m[i] >= 0 {
			m[i] += base
		}
	}
	return m, nil
}

// after returns the offset at which the search goes on behind the match m:
// behind an empty match one character on.
func (e *expression) after(m []int) int {
	if m[1] > m[0] {
		return m[1]
	}
	if m[1] == len(e.text) {
		return len(e.text) + 1
	}
	_, size := utf8.DecodeRuneInString(e.text[m[1]:])
	return m[1] + size
}

// offset returns the byte at which character n begins, counted from 0.
func (e *expression) offset(n int) (int, error) {
	if n < 0 {
		return 0, fmt.Errorf("%w: position %d is before the first character", ErrInvalid, n+1)
	}
	if n <= len(e.text) {
		pos := 0
		for ; n > 0 && pos < len(e.text); n-- {
			_, size := utf8.DecodeRuneInString(e.text[pos:])
			pos += size
		}
		if n == 0 {
			return pos, nil
		}
	}
	return 0, fmt.Errorf("%w: the position is behind the end of the text", ErrInvalid)
}

// refuse returns an ErrUnsupported with the reason.
func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUnsupported}, args...)...)
}
