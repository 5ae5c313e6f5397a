package regex

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pattern is a pattern of the ICU dialect in the syntax of Go's regexp.
type pattern struct {
	// first finds the first match of a text.
	first string
	// next finds a match in a text whose first character was consumed
	// before: that character matches itself, what is skipped follows, and the
	// match is group 1.
	next string
	// doubts are what the pattern contains that means the same in ICU only
	// for some texts.
	doubts doubts
}

// doubts are constructs for which Go's regexp is right about some texts only.
type doubts struct {
	asciiOnly   bool // \b, [:alpha:]: Go looks at ASCII alone
	simpleFold  bool // case-insensitive: ICU knows that ß is ss, Go does not
	endOfText   bool // $: ICU also matches in front of a last line end
	endOfLine   bool // ^ and $ of each line: Go knows \n alone
	wholeCRLF   bool // a dot that matches line ends takes \r\n as one
	unixLineEnd bool // only \n ends a line

	// The last round of a repetition may be empty, and only ICU lets it
	// change what the groups inside have matched.
	repeatedGroup bool
}

// check returns an ErrUnsupported for a text about which Go's regexp and ICU
// might disagree.
func (p *pattern) check(text string) error {
	d := p.doubts
	if d.asciiOnly && strings.IndexFunc(text, isNotASCII) >= 0 {
		return refuse(`\b, \B, or a class such as [:alpha:], on a text that is not ASCII`)
	}
	if d.simpleFold && strings.IndexFunc(text, foldsToSeveral) >= 0 {
		return refuse("ignoring case in a text with letters such as ß, whose other case is two letters")
	}
	last, _ := utf8.DecodeLastRuneInString(text)
	if (d.endOfText || d.endOfLine) && d.endsLine(last) {
		return refuse("^ or $ on a text whose last character is the end of a line")
	}
	if d.endOfLine && !d.unixLineEnd && strings.IndexFunc(text, isRareLineEnd) >= 0 {
		return refuse(`^ and $ of each line on a text in which something other than \n ends a line`)
	}
	if d.wholeCRLF && strings.Contains(text, "\r\n") {
		return refuse(`a dot that matches the ends of lines, on a text with \r\n`)
	}
	return nil
}

func (d doubts) endsLine(r rune) bool {
	return r == '\n' || !d.unixLineEnd && isRareLineEnd(r)
}

func isNotASCII(r rune) bool { return r >= utf8.RuneSelf }

// isRareLineEnd reports the characters other than \n that end a line for ICU.
func isRareLineEnd(r rune) bool {
	return r >= '\v' && r <= '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

// foldsToSeveral reports the letters whose case folding is more than one
// character. It is generous: some of its neighbours are reported as well.
func foldsToSeveral(r rune) bool {
	switch r {
	case 0xdf, 0x130, 0x149, 0x1f0, 0x390, 0x3b0, 0x587:
		return true
	}
	return r >= 0x1e96 && r <= 0x1e9e || r >= 0x1f50 && r <= 0x1ffc || r >= 0xfb00 && r <= 0xfb17
}

// What the classes of ICU are in the brackets of a Go class.
const (
	digitClass = `\p{Nd}`
	spaceClass = `\t-\r\x{85}\p{Z}`
	blankClass = `\t\p{Zs}`
	// The ranges at the end are alphabetic by a property that Go's regexp
	// has no name for.
	wordClass = `\p{L}\p{M}\p{Nl}\p{Nd}\p{Pc}\x{200c}\x{200d}\x{24b6}-\x{24e9}` +
		`\x{1f130}-\x{1f149}\x{1f150}-\x{1f169}\x{1f170}-\x{1f189}`
	lineEndClass = `\n-\r\x{85}\x{2028}\x{2029}`
)

// escapedClass returns the inside of the class that a backslash and the lower
// case of letter stand for.
func escapedClass(letter byte) (class string, ok bool) {
	switch letter | 0x20 {
	case 'd':
		return digitClass, true
	case 's':
		return spaceClass, true
	case 'w':
		return wordClass, true
	case 'h':
		return blankClass, true
	}
	return "", false
}

// posixClass returns the inside of [:name:] in the brackets of a Go class, and
// whether it is right for ASCII alone.
func posixClass(name string) (class string, asciiOnly, ok bool) {
	switch name {
	case "digit":
		return digitClass, false, true
	case "space":
		return spaceClass, false, true
	case "blank":
		return blankClass, false, true
	case "punct":
		return `\p{P}`, false, true
	case "alpha", "alnum", "lower", "upper", "xdigit", "cntrl":
		return "[:" + name + ":]", true, true
	}
	return "", false, false
}

// isPropertyName reports what may stand in \p{}: names that ICU and Go read in
// the same way. Go itself refuses those that it does not know.
func isPropertyName(name string) bool {
	return name != "" && strings.IndexFunc(name, func(r rune) bool {
		return r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r))
	}) < 0
}

// invalid returns an ErrInvalid for what stands at byte offset of the pattern.
func invalid(offset int, format string, args ...any) error {
	return fmt.Errorf("%w: "+format+" at character %d", append(append([]any{ErrInvalid}, args...), offset+1)...)
}
