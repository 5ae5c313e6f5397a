package throttle

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// canonicalUser gives the spellings of a user that some database takes for the
// same one form, so that no other spelling is a new chance to guess. The
// collations of MySQL and MariaDB compare without regard to case, to accents
// (general_ci), to widths and ligatures (unicode_ci), and to letters that are
// not seen; the older ones take all that is outside the basic plane for one.
//
// Users who are taken together though they differ are only counted together.
func canonicalUser(user string) string {
	if isPlain(user) {
		return strings.ToLower(strings.TrimSpace(user))
	}
	folded := strings.Map(foldRune, norm.NFKD.String(strings.ToValidUTF8(user, "\ufffd")))
	folded = alike().Replace(strings.ToLower(folded))
	for strings.Contains(folded, "ss") { // as ß is s for some, and ss for others
		folded = strings.ReplaceAll(folded, "ss", "s")
	}
	return strings.TrimSpace(folded)
}

// isPlain reports whether a name needs no folding but that of its case. A
// double s has to be told as ß is.
func isPlain(user string) bool {
	for i := range len(user) {
		if c := user[i]; c < ' ' || c > '~' || c|0x20 == 's' && i > 0 && user[i-1]|0x20 == 's' {
			return false
		}
	}
	return true
}

// foldRune drops the letters that collations ignore: marks, and what is not
// seen.
func foldRune(r rune) rune {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Cc):
		return -1
	case r > 0xFFFF:
		return unicode.ReplacementChar
	}
	return r
}

// alike are letters that have no decomposition and are taken for others.
func alike() *strings.Replacer {
	return strings.NewReplacer("ß", "s", "æ", "ae", "œ", "oe", "ø", "o", "đ", "d", "ð", "d", "ł", "l", "ħ", "h", "ŧ", "t", "ı", "i", "ς", "σ", "þ", "th")
}
