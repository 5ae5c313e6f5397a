package regex

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// replacement is a parsed replacement text: literal pieces and groups in turn.
type replacement []replacementPart

// replacementPart is a literal and, behind it, a group; group is -1 when there
// is none.
type replacementPart struct {
	literal string
	group   int
}

// parseReplacement reads $1, ${name}, and \x for the character x itself in the
// replacement of a match of re.
func parseReplacement(source string, re *regexp.Regexp) (replacement, error) {
	var parts replacement
	var literal strings.Builder
	for i := 0; i < len(source); {
		switch c := source[i]; {
		case c == '\\' && strings.HasPrefix(strings.ToLower(source[i:]), `\u`):
			return nil, refuse(`\u in a replacement`)
		case c == '\\':
			if i+1 < len(source) {
				literal.WriteByte(source[i+1])
			}
			i += 2
		case c == '$':
			group, size, err := parseGroup(source[i+1:], re)
			if err != nil {
				return nil, err
			}
			parts = append(parts, replacementPart{literal.String(), group})
			literal.Reset()
			i += 1 + size
		default:
			literal.WriteByte(c)
			i++
		}
	}
	return append(parts, replacementPart{literal.String(), -1}), nil
}

// parseGroup reads what follows a $ and returns the group and how many bytes
// name it. Of a run of digits as many count as name a group that there is.
func parseGroup(s string, re *regexp.Regexp) (group, size int, err error) {
	if name, _, ok := strings.Cut(strings.TrimPrefix(s, "{"), "}"); ok && strings.HasPrefix(s, "{") {
		if group = re.SubexpIndex(name); group < 0 {
			return 0, 0, fmt.Errorf("%w: the replacement names a group ${%s} that the pattern does not have", ErrInvalid, name)
		}
		return group, len(name) + 2, nil
	}
	for size < len(s) && isDigit(s[size]) {
		n := group*10 + int(s[size]-'0')
		if n > re.NumSubexp() {
			break
		}
		group = n
		size++
	}
	if size == 0 {
		return 0, 0, fmt.Errorf(`%w: a $ in the replacement needs behind it the number of a group that the pattern has; a plain dollar is \$`, ErrInvalid)
	}
	return group, size, nil
}

// nameGroups reports whether there is more in r than the whole match.
func (r replacement) nameGroups() bool {
	return slices.ContainsFunc(r, func(p replacementPart) bool { return p.group > 0 })
}

// expand appends the replacement of the match m of text. A group that took no
// part in the match is empty.
func (r replacement) expand(b *strings.Builder, text string, m []int) {
	for _, part := range r {
		b.WriteString(part.literal)
		if part.group >= 0 && m[2*part.group] >= 0 {
			b.WriteString(text[m[2*part.group]:m[2*part.group+1]])
		}
	}
}
