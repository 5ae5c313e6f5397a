package regex

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// translate rewrites a pattern of the ICU dialect for Go's regexp. It knows
// what it lets pass; everything else is an error.
func translate(source string, flags RegexFlags) (*pattern, error) {
	if flags&^knownFlags != 0 {
		return nil, refuse("flags %#x", uint32(flags&^knownFlags))
	}
	t := translator{source: source, flags: flags}
	t.doubts.unixLineEnd = flags&RegexFlags_Unix_Lines != 0
	t.noteFold()
	if err := t.run(); err != nil {
		return nil, err
	}
	body, inside := t.first.String(), t.next.String()
	if flags&RegexFlags_Case_Insensitive != 0 {
		body, inside = "(?i:"+body+")", "(?i:"+inside+")"
	}
	return &pattern{first: body, next: `\A(?s:.)(?s:.*?)(` + inside + ")", doubts: t.doubts}, nil
}

// translator reads a pattern from left to right. It writes two translations:
// one for a search from the beginning of a text, and one for a search that goes
// on further inside, where the beginning of the text cannot match any more.
type translator struct {
	source string
	pos    int
	flags  RegexFlags
	outer  []RegexFlags // the flags of the groups around
	first  strings.Builder
	next   strings.Builder
	doubts doubts
	atom   bool // whether what stands in front can be repeated
}

func (t *translator) run() error {
	for t.pos < len(t.source) {
		if err := t.term(); err != nil {
			return err
		}
	}
	if len(t.outer) > 0 {
		return invalid(t.pos, "a group is not closed")
	}
	return nil
}

// term translates the next piece of the pattern.
func (t *translator) term() error {
	switch c := t.source[t.pos]; c {
	case '(':
		return t.group()
	case ')':
		return t.endGroup()
	case '[':
		return t.set()
	case '\\':
		return t.escape()
	case '*', '+', '?', '{':
		return t.repeat()
	case '}':
		return invalid(t.pos, `a } that nothing opened; a plain one is \}`)
	case '|':
		t.pos++
		t.write("|", false)
	case '.':
		t.pos++
		t.dot()
	case '^':
		t.pos++
		t.lineStart()
	case '$':
		t.pos++
		t.lineEnd()
	default:
		r, size := utf8.DecodeRuneInString(t.source[t.pos:])
		t.pos += size
		return t.literal(r)
	}
	return nil
}

// write adds to both translations; atom says whether a repetition may follow.
func (t *translator) write(s string, atom bool) {
	t.first.WriteString(s)
	t.next.WriteString(s)
	t.atom = atom
}

func (t *translator) literal(r rune) error {
	if t.ignoresCase() && foldsToSeveral(r) {
		return refuse("%q while case is ignored", r)
	}
	t.write(regexp.QuoteMeta(string(r)), true)
	return nil
}

func (t *translator) ignoresCase() bool { return t.flags&RegexFlags_Case_Insensitive != 0 }

// noteFold takes down that case is ignored from here on.
func (t *translator) noteFold() {
	t.doubts.simpleFold = t.doubts.simpleFold || t.ignoresCase()
}

func (t *translator) dot() {
	switch {
	case t.flags&RegexFlags_Dot_All != 0:
		t.doubts.wholeCRLF = true
		t.write("(?s:.)", true)
	case t.flags&RegexFlags_Unix_Lines != 0:
		t.write(`[^\n]`, true)
	default:
		t.write("[^"+lineEndClass+"]", true)
	}
}

func (t *translator) lineStart() {
	if t.flags&RegexFlags_Multiline != 0 {
		t.doubts.endOfLine = true
		t.write("(?m:^)", true)
		return
	}
	t.textStart(true)
}

// textStart translates the beginning of the text, which a search further inside
// never sees.
func (t *translator) textStart(atom bool) {
	t.first.WriteString(`\A`)
	t.next.WriteString(`[^\x{0}-\x{10FFFF}]`)
	t.atom = atom
}

func (t *translator) lineEnd() {
	if t.flags&RegexFlags_Multiline != 0 {
		t.doubts.endOfLine = true
		t.write("(?m:$)", true)
		return
	}
	t.doubts.endOfText = true
	t.write(`\z`, true)
}

// group translates what an opening parenthesis begins.
func (t *translator) group() error {
	rest := t.source[t.pos:]
	switch {
	case !strings.HasPrefix(rest, "(?"):
		t.open("(", 1, t.flags)
	case strings.HasPrefix(rest, "(?:"):
		t.open("(?:", 3, t.flags)
	case strings.HasPrefix(rest, "(?="), strings.HasPrefix(rest, "(?!"),
		strings.HasPrefix(rest, "(?<="), strings.HasPrefix(rest, "(?<!"):
		return refuse("lookaround, %s", rest[:3])
	case strings.HasPrefix(rest, "(?<"):
		name, _, ok := strings.Cut(rest[3:], ">")
		if !ok || !isGroupName(name) {
			return invalid(t.pos, "the name of a group is letters and digits and ends in >,")
		}
		opening := "(?<" + name + ">"
		if strings.Contains(t.first.String(), opening) {
			return invalid(t.pos, "a second group with the name %s", name)
		}
		t.open(opening, len(opening), t.flags)
	default:
		return t.inlineFlags()
	}
	return nil
}

// open begins a group of size bytes in the source with flags of its own.
func (t *translator) open(group string, size int, flags RegexFlags) {
	t.outer = append(t.outer, t.flags)
	t.flags = flags
	t.noteFold()
	t.pos += size
	t.write(group, false)
}

func (t *translator) endGroup() error {
	if len(t.outer) == 0 {
		return invalid(t.pos, `a ) that nothing opened; a plain one is \)`)
	}
	t.flags = t.outer[len(t.outer)-1]
	t.outer = t.outer[:len(t.outer)-1]
	t.pos++
	t.write(")", true)
	return nil
}

// inlineFlags translates (?i-m) and (?i-m:. Only i is left to Go: the other
// flags are in the translation of what they change.
func (t *translator) inlineFlags() error {
	flags, off := t.flags, false
	for i := t.pos + 2; i < len(t.source); i++ {
		var flag RegexFlags
		switch t.source[i] {
		case 'i':
			flag = RegexFlags_Case_Insensitive
		case 'm':
			flag = RegexFlags_Multiline
		case 's':
			flag = RegexFlags_Dot_All
		case '-':
			off = true
		case ':':
			t.open("(?"+foldFlag(flags)+":", i+1-t.pos, flags)
			return nil
		case ')':
			t.flags = flags
			t.noteFold()
			t.pos = i + 1
			t.write("(?"+foldFlag(flags)+")", false)
			return nil
		default:
			return refuse("%s", t.source[t.pos:i+1])
		}
		if off {
			flags &^= flag
		} else {
			flags |= flag
		}
	}
	return invalid(t.pos, "a group is not closed")
}

func foldFlag(flags RegexFlags) string {
	if flags&RegexFlags_Case_Insensitive != 0 {
		return "i"
	}
	return "-i"
}

// repeat translates * + ? {n} {n,} {n,m} and the ? behind them.
func (t *translator) repeat() error {
	if !t.atom {
		return invalid(t.pos, "there is nothing to repeat for the %c", t.source[t.pos])
	}
	times, size := t.source[t.pos:t.pos+1], 1
	if times == "{" {
		if times, size = interval(t.source[t.pos:]); size == 0 {
			return invalid(t.pos, `a { that begins no repetition; a plain one is \{,`)
		}
	}
	if times != "?" && t.source[t.pos-1] == ')' {
		t.doubts.repeatedGroup = true
	}
	t.pos += size
	if t.pos < len(t.source) {
		switch t.source[t.pos] {
		case '?':
			t.pos++
			times += "?"
		case '+':
			return refuse("the possessive %s+", times)
		}
	}
	t.write(times, false)
	return nil
}

// interval reads the {n}, {n,} or {n,m} that s begins with. It writes the
// numbers anew, because Go takes {01} for plain text. size is 0 when s begins
// with something else.
func interval(s string) (times string, size int) {
	inside, _, ok := strings.Cut(s[1:], "}")
	low, high, ranged := strings.Cut(inside, ",")
	n, err := strconv.ParseUint(low, 10, 31)
	if !ok || err != nil {
		return "", 0
	}
	times = "{" + strconv.FormatUint(n, 10)
	if ranged {
		times += ","
		if high != "" {
			m, err := strconv.ParseUint(high, 10, 31)
			if err != nil {
				return "", 0
			}
			times += strconv.FormatUint(m, 10)
		}
	}
	return times + "}", len(inside) + 2
}

func isGroupName(s string) bool {
	for i := range len(s) {
		if !isLetter(s[i]) && (i == 0 || !isDigit(s[i])) {
			return false
		}
	}
	return s != ""
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
