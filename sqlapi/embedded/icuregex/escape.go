package regex

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// escape translates what a backslash begins, outside of a set.
func (t *translator) escape() error {
	rest := t.source[t.pos+1:]
	if rest == "" {
		return invalid(t.pos, "a backslash at the end of the pattern")
	}
	switch c := rest[0]; c {
	case 'A':
		t.pos += 2
		t.textStart(false)
		return nil
	case 'z':
		t.pos += 2
		t.write(`\z`, false)
		return nil
	case 'b', 'B':
		t.doubts.asciiOnly = true
		t.pos += 2
		t.write(`\`+string(c), false)
		return nil
	case 'Q':
		return t.quoted(rest[1:])
	case '1', '2', '3', '4', '5', '6', '7', '8', '9', 'k':
		return refuse(`the backreference \%c`, c)
	}
	if class, ok := escapedClass(rest[0]); ok {
		t.pos += 2
		if rest[0]&0x20 == 0 {
			class = "^" + class
		}
		t.write("["+class+"]", true)
		return nil
	}
	if class, ok, err := t.property(); ok || err != nil {
		t.write(class, true)
		return err
	}
	r, err := t.escapedRune()
	if err != nil {
		return err
	}
	return t.literal(r)
}

// quoted translates the text between \Q and \E.
func (t *translator) quoted(rest string) error {
	text, _, closed := strings.Cut(rest, `\E`)
	t.pos += 2 + len(text)
	if closed {
		t.pos += 2
	}
	for _, r := range text {
		if err := t.literal(r); err != nil {
			return err
		}
	}
	return nil
}

// property translates \p{name} and \P{name}, inside of a set and outside.
func (t *translator) property() (class string, ok bool, err error) {
	rest := t.source[t.pos:]
	if rest[1]|0x20 != 'p' {
		return "", false, nil
	}
	name, _, closed := strings.Cut(strings.TrimPrefix(rest[2:], "{"), "}")
	if !closed || rest[2] != '{' || !isPropertyName(name) {
		return "", false, refuse(`a property other than \p{Name}`)
	}
	size := len(name) + 4
	class = rest[:size]
	if _, err := regexp.Compile(class); err != nil {
		return "", false, refuse("the property %s", class)
	}
	if class[1] == 'P' && t.ignoresCase() {
		return "", false, refuse("%s while case is ignored", class)
	}
	t.pos += size
	return class, true, nil
}

// escapedRune reads an escape that stands for one character.
func (t *translator) escapedRune() (rune, error) {
	rest := t.source[t.pos+1:]
	switch rest[0] {
	case 'a':
		return t.escaped('\a', 1), nil
	case 'e':
		return t.escaped(0x1b, 1), nil
	case 'f':
		return t.escaped('\f', 1), nil
	case 'n':
		return t.escaped('\n', 1), nil
	case 'r':
		return t.escaped('\r', 1), nil
	case 't':
		return t.escaped('\t', 1), nil
	case 'u':
		return t.hex(rest[1:], 4, 2)
	case 'U':
		return t.hex(rest[1:], 8, 2)
	case 'x':
		if inside, _, ok := strings.Cut(rest[1:], "}"); ok && rest[1] == '{' {
			return t.hex(inside[1:], len(inside)-1, 4)
		}
		return t.hex(rest[1:], 2, 2)
	}
	r, size := utf8.DecodeRuneInString(rest)
	if r < utf8.RuneSelf && (isLetter(byte(r)) || isDigit(byte(r))) {
		return 0, refuse(`the escape \%c`, r)
	}
	return t.escaped(r, size), nil
}

// escaped moves behind a backslash and size bytes more, which stand for r.
func (t *translator) escaped(r rune, size int) rune {
	t.pos += 1 + size
	return r
}

// hex reads exactly so many hexadecimal digits, around which frame bytes stand.
func (t *translator) hex(s string, digits, frame int) (rune, error) {
	if len(s) >= digits {
		n, err := strconv.ParseUint(s[:digits], 16, 31)
		if err == nil && utf8.ValidRune(rune(n)) {
			t.pos += frame + digits
			return rune(n), nil
		}
	}
	return 0, invalid(t.pos, "the escape is not the number of a character,")
}
