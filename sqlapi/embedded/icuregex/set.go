package regex

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// set translates [...].
func (t *translator) set() error {
	start := t.pos
	t.pos++
	var b strings.Builder
	b.WriteByte('[')
	if strings.HasPrefix(t.source[t.pos:], "^") {
		t.pos++
		b.WriteByte('^')
	}
	for first := true; ; first = false {
		if t.pos >= len(t.source) {
			return invalid(start, "a [ that is not closed; a plain one is \\[,")
		}
		if t.source[t.pos] == ']' && !first {
			t.pos++
			b.WriteByte(']')
			t.write(b.String(), true)
			return nil
		}
		if err := t.setItem(&b); err != nil {
			return err
		}
	}
}

// setItem translates one class, one character, or one range of a set.
func (t *translator) setItem(b *strings.Builder) error {
	if class, ok, err := t.setClass(); ok || err != nil {
		b.WriteString(class)
		return err
	}
	low, err := t.setRune()
	if err != nil {
		return err
	}
	rest := t.source[t.pos:]
	if len(rest) < 2 || rest[0] != '-' || rest[1] == ']' {
		fmt.Fprintf(b, `\x{%x}`, low)
		return nil
	}
	if rest[1] == '-' {
		return refuse("-- in a set")
	}
	t.pos++
	if class, _, err := t.setClass(); class != "" || err != nil {
		return invalid(t.pos, "a range in a set ends in a class")
	}
	high, err := t.setRune()
	if err != nil {
		return err
	}
	if high < low {
		return invalid(t.pos, "a range in a set ends before it begins")
	}
	fmt.Fprintf(b, `\x{%x}-\x{%x}`, low, high)
	return nil
}

// setClass translates [:name:], \d and \p{name} inside of a set.
func (t *translator) setClass() (class string, ok bool, err error) {
	rest := t.source[t.pos:]
	switch {
	case strings.HasPrefix(rest, "[:"):
		name, _, closed := strings.Cut(rest[2:], ":]")
		class, asciiOnly, known := posixClass(name)
		if !closed || !known {
			return "", false, refuse("the class that begins with %.12q", rest)
		}
		t.doubts.asciiOnly = t.doubts.asciiOnly || asciiOnly
		t.pos += len(name) + 4
		return class, true, nil
	case len(rest) < 2 || rest[0] != '\\':
		return "", false, nil
	}
	if class, ok := escapedClass(rest[1]); ok {
		if rest[1]&0x20 == 0 {
			return "", false, refuse(`\%c in a set`, rest[1])
		}
		t.pos += 2
		return class, true, nil
	}
	return t.property()
}

// setRune reads one character of a set.
func (t *translator) setRune() (rune, error) {
	rest := t.source[t.pos:]
	switch {
	case strings.HasPrefix(rest, "["), strings.HasPrefix(rest, "&&"), strings.HasPrefix(rest, "--"):
		return 0, refuse(`a set within a set, && or --; a plain bracket in a set is \[`)
	case strings.HasPrefix(rest, `\`) && len(rest) > 1:
		if c := rest[1]; c == 'b' || c == 'Q' {
			return 0, refuse(`\%c in a set`, c)
		}
		return t.escapedRune()
	}
	r, size := utf8.DecodeRuneInString(rest)
	t.pos += size
	return r, nil
}
