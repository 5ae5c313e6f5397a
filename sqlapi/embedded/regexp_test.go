//go:build !noembedded

package embedded_test

import (
	"errors"
	"strings"
	"testing"

	regex "github.com/dolthub/go-icu-regex"
)

// The engine's own functions, through the module that serves them.
func TestRegexpFunctions(t *testing.T) {
	conn := connect(t, open(t, userTable))
	f := func(expression, want string) {
		t.Helper()
		var got string
		if err := conn.QueryRowContext(t.Context(), "select "+expression).Scan(&got); err != nil || got != want {
			t.Errorf("%s: got %q and error %v, want %q", expression, got, err, want)
		}
	}
	f("(select group_concat(user) from user where user regexp '^[ab]')", "alice,bob")
	f("'abc' not regexp 'b$'", "1")
	f("regexp_like('Abc', '^a', 'i')", "1")
	f("regexp_like('Abc', '^a', 'c')", "0")
	f("regexp_like('a\nb', 'a.b')", "0")
	f("regexp_like('a\nb', 'a.b', 'n')", "1")
	f("regexp_like('a\nb', '^b', 'm')", "1")
	f("regexp_instr('日本語 foo bar', '[a-z]+')", "5")
	f("regexp_instr('dog cat dog', 'dog', 2)", "9")
	f("regexp_instr('dog cat dog', 'dog', 1, 1, 1)", "4")
	f("regexp_substr('abc def ghi', '[a-z]+', 1, 3)", "ghi")
	f("regexp_replace('abc def', '([a-z])([a-z]*)', '$2-$1')", "bc-a ef-d")
	f("regexp_replace('a b c', '[a-z]', 'X', 2, 1)", "a X c")

	for _, pattern := range []string{"(?=a)", "(", `(a)\\1`} {
		var got string
		err := conn.QueryRowContext(t.Context(), "select regexp_like('a', '"+pattern+"')").Scan(&got)
		if err == nil || !strings.Contains(err.Error(), "regular expression") {
			t.Errorf("pattern %q: got %q and error %v, want an error that names the regular expression", pattern, got, err)
		}
	}
}

// match returns the given occurrence of pattern in text at or after start.
func match(t *testing.T, pattern string, flags regex.RegexFlags, text string, start, occurrence int) (string, bool, error) {
	t.Helper()
	re := regex.CreateRegex(0)
	if err := re.SetRegexString(t.Context(), pattern, flags); err != nil {
		return "", false, err
	}
	if err := re.SetMatchString(t.Context(), text); err != nil {
		return "", false, err
	}
	return re.Substring(t.Context(), start, occurrence)
}

const noMatch = "no match"

// The wanted values are those of ICU.
func TestRegexpDialect(t *testing.T) {
	f := func(pattern string, flags regex.RegexFlags, text, want string) {
		t.Helper()
		got, ok, err := match(t, pattern, flags, text, 1, 1)
		if err == nil && !ok {
			got = noMatch
		}
		if err != nil || got != want {
			t.Errorf("%q in %q: got %q and error %v, want %q", pattern, text, got, err, want)
		}
	}
	f(`a|ab`, 0, "ab", "a") // the first alternative, not the longest
	f(`.`, 0, "\u2028x", "x")
	f(`.`, regex.RegexFlags_Unix_Lines, "\u2028x", "\u2028")
	f(`.`, regex.RegexFlags_Dot_All, "\nx", "\n")
	f(`\d+`, 0, "a٣4", "٣4")
	f(`\w+`, 0, "-é_1ⓐ-", "é_1ⓐ")
	f(`\W`, 0, "é-", "-")
	f(`\s`, 0, "a\u2003", "\u2003")
	f(`[\h]`, 0, "a\n\t", "\t")
	f(`[[:punct:]]`, 0, "$!", "!") // $ is a symbol
	f(`[[:upper:][:digit:]]+`, 0, "aB3c", "B3")
	f(`[]a]+`, 0, "b]a", "]a")
	f(`[^]a]`, 0, "]ab", "b")
	f(`[a-]+`, 0, "b-a", "-a")
	f(`[{$&]+`, 0, "a{$&", "{$&")
	f(`\p{Greek}\P{Greek}`, 0, "aΑb", "Αb")
	f(`\x41\u00e9\x{1F511}\U0001F511`, 0, "Aé🔑🔑", "Aé🔑🔑")
	f(`\Qa.b\E.`, 0, "axb a.bc", "a.bc")
	f(`\Q(`, 0, "(", "(")
	f(`\.\-\é`, 0, ".-é", ".-é")
	f(`a{2}b{1,}c{0,1}?`, 0, "aabbc", "aabb")
	f(`a{02}`, 0, "aaa", "aa")
	f(`(?<n>a)(?:b)`, 0, "ab", "ab")
	f(`(?i)a(?-i)b`, 0, "AB Ab", "Ab")
	f(`(?i:a)b`, 0, "AB Ab", "Ab")
	f(`(?s:.)(?m:^b$)`, 0, "a\nb", "\nb")
	f(`((?i)a)a`, 0, "AA Aa", "Aa")
	f(`straSSe`, regex.RegexFlags_Case_Insensitive, "Strasse", "Strasse")
	f(`\bb`, 0, "ab b", "b")
	f(`a$`, 0, "ba", "a")
	f(`\Aa\z`, 0, "a", "a")
	f(`^a`, 0, "ba", noMatch)
}

// A search that begins inside of a text sees what is in front of it.
func TestRegexpPosition(t *testing.T) {
	f := func(pattern, text string, start, occurrence int, want string) {
		t.Helper()
		got, ok, err := match(t, pattern, 0, text, start, occurrence)
		if err == nil && !ok {
			got = noMatch
		}
		if err != nil || got != want {
			t.Errorf("%q in %q from %d, occurrence %d: got %q and error %v, want %q", pattern, text, start, occurrence, got, err, want)
		}
	}
	f(`^.`, "abc", 2, 1, noMatch)
	f(`(?m)^.`, "a\nb", 2, 1, "b")
	f(`(?m)^.`, "a\nb", 1, 2, "b")
	f(`\bb\w*`, "abb bc", 2, 1, "bc")
	f(`\Bb`, "bb", 2, 1, "b")
	f(`(a)|(b)`, "abab", 3, 2, "b")
	f(`.`, "日本語", 3, 1, "語")
	f(`a*`, "baac", 1, 2, "aa")
	f(`a*`, "baac", 1, 3, "")
	f(`x`, "abc", 4, 1, noMatch)
}

func TestRegexpReplace(t *testing.T) {
	f := func(pattern, text, replacement string, start, occurrence int, want string) {
		t.Helper()
		re := regex.CreateRegex(0)
		if err := errors.Join(re.SetRegexString(t.Context(), pattern, 0), re.SetMatchString(t.Context(), text)); err != nil {
			t.Fatalf("%q in %q: %v", pattern, text, err)
		}
		got, err := re.Replace(t.Context(), replacement, start, occurrence)
		if err != nil {
			got = err.Error()
		}
		if (want == "") == (err == nil) || want != "" && got != want {
			t.Errorf("%q in %q by %q: got %q, want %q", pattern, text, replacement, got, want)
		}
	}
	f(`b`, "abcb", "X", 1, 0, "aXcX")
	f(`b`, "abcb", "X", 1, 2, "abcX")
	f(`b`, "abcb", "X", 3, 1, "abcX")
	f(`b`, "abcb", "X", 1, 3, "abcb")
	f(`^`, "ab", "> ", 1, 0, "> ab")
	f(`x*`, "axb", "-", 1, 0, "-a--b-")
	f(`(a)(b)?`, "ac", "[$0$1$2]", 1, 0, "[aa]c")
	f(`(a)`, "a", "$10", 1, 0, "a0") // there is no group 10
	f(`(?<n>a)`, "a", `${n}\$\n`, 1, 0, "a$n")

	const refused = ""
	f(`a`, "a", "$", 1, 0, refused)
	f(`a`, "a", "$1", 1, 0, refused)
	f(`a`, "a", "${n}", 1, 0, refused)
	f(`(a*)+`, "a", "$1", 1, 0, refused)
	f(`a`, "a", "x", 3, 0, refused)
	f(`a`, "a", "x", 0, 0, refused)
}

// What would mean something else to ICU is an error, never another answer.
func TestRegexpRefusals(t *testing.T) {
	f := func(pattern string, flags regex.RegexFlags, text string, want error) {
		t.Helper()
		got, ok, err := match(t, pattern, flags, text, 1, 1)
		if !errors.Is(err, want) {
			t.Errorf("%q in %q: got %q, %v and error %v, want %v", pattern, text, got, ok, err, want)
		}
	}
	for _, pattern := range []string{
		`(?=a)`, `(?!a)`, `(?<=a)`, `(?<!a)`, `(?>a)`, `(?#a)`, `(?x)a`, `(?P<n>a)`, `(a)\1`, `(?<n>a)\k<n>`,
		`a*+`, `a{1,2}+`, `a{2000}`, `\R`, `\X`, `\Z`, `\G`, `\y`, `\0101`, `\cA`, `\N{DIGIT ONE}`, `\pL`, `\p{Nope}`, `\p{L=a}`,
		`[a&&b]`, `[a--b]`, `[[a]b]`, `[\D]`, `[\b]`, `[[:^alpha:]]`, `[[:graph:]]`, `[--a]`,
	} {
		f(pattern, 0, "a", regex.ErrUnsupported)
	}
	for _, pattern := range []string{
		`(`, `)`, `(?:`, `(?i`, `(?<>a)`, `(?<1>a)`, `(?<n>a)(?<n>b)`, `*`, `a**`, `a|*`, `(+)`, `{1}`, `a{`, `a{,2}`, `a{x}`, `}`,
		`[`, `[]`, `[a`, `[b-a]`, `[a-\d]`, `\`, `[\`, `\x`, `\x{}`, `\x{110000}`, `\u12`, `\uD800`, `\b*`,
	} {
		f(pattern, 0, "a", regex.ErrInvalid)
	}
	const fold, lines = regex.RegexFlags_Case_Insensitive, regex.RegexFlags_Multiline
	f(`\b`, 0, "é", regex.ErrUnsupported)
	f(`[[:alpha:]]`, 0, "é", regex.ErrUnsupported)
	f(`ss`, fold, "ß", regex.ErrUnsupported)
	f(`ß`, fold, "ss", regex.ErrUnsupported)
	f(`(?i)ss`, 0, "ß", regex.ErrUnsupported)
	f(`\P{Lu}`, fold, "a", regex.ErrUnsupported)
	f(`a$`, 0, "a\n", regex.ErrUnsupported)
	f(`^`, lines, "a\n", regex.ErrUnsupported)
	f(`^a`, lines, "\ra", regex.ErrUnsupported)
	f(`.`, regex.RegexFlags_Dot_All, "\r\n", regex.ErrUnsupported)
	f(`a`, 1<<20, "a", regex.ErrUnsupported)
}

func FuzzRegexpPattern(f *testing.F) {
	f.Add(`(?i:[^a-z[:alpha:]\d])+?\x{41}|\Qa\E$`, "abc\r\n日", "$1", uint32(2))
	f.Add(`\`, "", `\`, uint32(0))
	f.Fuzz(func(t *testing.T, pattern, text, replacement string, flags uint32) {
		re := regex.CreateRegex(0)
		if re.SetRegexString(t.Context(), pattern, regex.RegexFlags(flags)) != nil || re.SetMatchString(t.Context(), text) != nil {
			return
		}
		found, ok, err := re.Substring(t.Context(), 1, 2)
		if err == nil && ok && !strings.Contains(text, found) {
			t.Errorf("%q in %q: got %q, which is no part of it", pattern, text, found)
		}
		re.Replace(t.Context(), replacement, 1, 0)
	})
}
