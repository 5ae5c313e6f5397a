package conffile

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// widest is how many characters of a line are shown; of a longer one it is the
// part around the fault.
const widest = 160

// excerpt returns the line on which a span begins with a marker under the part
// of the span that lies on it: "\n   12 | maxx = 100\n      | ^^^^". Nothing
// secret is in it, and nothing that would move a terminal's cursor.
func (d *Document) excerpt(at span) string {
	at.start = min(at.start, max(len(d.text)-1, 0))
	line := span{lineStart(d.text, at.start), lineEnd(d.text, at.start)}
	line.end -= len(d.text[line.start:line.end]) - len(bytes.TrimRight(d.text[line.start:line.end], "\r"))
	number, _ := d.position(at.start)

	seen, from, to := d.display(line, at)
	first, last := window(len(seen), from)
	var text, marker strings.Builder
	for i, r := range seen[first:last] {
		text.WriteRune(r)
		if i+first >= from {
			continue
		}
		if r != '\t' {
			r = ' ' // a tab stays one, so that the marker stands right
		}
		marker.WriteRune(r)
	}
	marker.WriteString(strings.Repeat("^", max(min(to, last)-from, 1)))
	return fmt.Sprintf("\n%5d | %s\n      | %s", number, text.String(), marker.String())
}

// display returns the characters of a line as they are shown, and which of them
// belong to the span.
func (d *Document) display(line, at span) (seen []rune, from, to int) {
	from, to = -1, -1
	masks := d.lineMasks(line)
	for i := line.start; i < line.end; {
		if from < 0 && i >= at.start {
			from = len(seen)
		}
		if to < 0 && i >= at.end {
			to = len(seen)
		}
		if len(masks) > 0 && i >= masks[0].start {
			if from < 0 && at.start < masks[0].end {
				from = len(seen)
			}
			seen = append(seen, []rune(mask)...)
			i = masks[0].end
			masks = masks[1:]
			continue
		}
		r, size := utf8.DecodeRune(d.text[i:line.end])
		if r != '\t' && !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		seen = append(seen, r)
		i += size
	}
	if from < 0 {
		from = len(seen)
	}
	if to < 0 {
		to = len(seen)
	}
	return seen, from, to
}

// window returns which of n characters to show so that the one at mark is seen.
func window(n, mark int) (first, last int) {
	if n <= widest {
		return 0, n
	}
	first = min(max(mark-widest/2, 0), n-widest)
	return first, first + widest
}
