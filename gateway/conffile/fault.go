package conffile

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxFileFaults is how many faults a text in a file of its own may have: one with
// more is probably not what it should be, and not to be shown line by line.
const maxFileFaults = 10

// Fault is one thing that is wrong with a document.
type Fault struct {
	// File is the document's name. Line and Column count from 1, the column
	// in characters.
	File         string
	Line, Column int
	// Problem says what is wrong, Hint what to do; Hint may be empty.
	Problem, Hint string

	// excerpt is the faulty line with its marker, empty where there is none.
	excerpt string
}

// String returns the fault with the faulty line below it, without a newline at
// the end.
func (f Fault) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s", f.File, f.Line, f.Column, f.Problem)
	b.WriteString(f.excerpt)
	if f.Hint != "" {
		b.WriteString("\n      hint: " + f.Hint)
	}
	return b.String()
}

// Faults are all the faults of a document, in the order of the file. They are
// one error.
type Faults []Fault

func (f Faults) Error() string {
	texts := make([]string, len(f))
	for i, fault := range f {
		texts[i] = fault.String()
	}
	return strings.Join(texts, "\n")
}

// finding is a fault before its line is shown: what has to be masked is known
// only when the whole document has been read.
type finding struct {
	at            span
	node          *node // the value with the fault; nil when it is no value's
	problem, hint string
	// file is where the place is, or nil for the document itself.
	file *Document
}

// order returns where a fault stands among the others: one in another file
// behind the file's name.
func (f finding) order() int {
	if f.file != nil {
		return f.node.span.end
	}
	return f.at.start
}

// find records a fault. A value that has one is not looked at any more.
func (d *Document) find(at span, n *node, problem, hint string) {
	if n != nil {
		n.broken = true
	}
	d.faults = append(d.faults, finding{at, n, problem, hint, nil})
}

// syntaxFault records what the parser did not understand.
func (d *Document) syntaxFault(at span, message string) {
	d.syntaxFaults++
	if d.masked(at.start) {
		message = "cannot be read as TOML" // the parser quotes what it found
	}
	hint := ""
	before := strings.TrimRight(string(d.text[lineStart(d.text, at.start):at.start]), "0123456789 \t")
	if strings.HasSuffix(before, "=") {
		hint = `texts, sizes and durations stand in quotes: "30s"`
	}
	d.find(at, nil, message, hint)
}

// Err returns the faults found so far as Faults, or nil when there are none.
func (d *Document) Err() error {
	if len(d.faults) == 0 {
		return nil
	}
	found := slices.Clone(d.faults)
	slices.SortStableFunc(found, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.order(), b.order()), cmp.Compare(a.at.start, b.at.start))
	})
	hidden := d.hiddenTexts()
	var faults Faults
	inFile := map[*Document]int{}
	for i, f := range found {
		if f.file != nil {
			n := inFile[f.file]
			inFile[f.file]++
			if n > maxFileFaults {
				continue
			}
			if n == maxFileFaults {
				f.problem, f.hint = fmt.Sprintf("and %d more faults in this file", 1+rest(found[i+1:], f.file)), ""
				f.at.end = f.at.start // no line
			}
		}
		faults = append(faults, d.fault(f, hidden))
	}
	return slices.CompactFunc(faults, func(a, b Fault) bool { return a == b })
}

// rest returns how many of the faults are in a file.
func rest(found []finding, file *Document) int {
	n := 0
	for _, f := range found {
		if f.file == file {
			n++
		}
	}
	return n
}

func (d *Document) fault(f finding, hidden []string) Fault {
	if f.node != nil {
		hidden = append(f.node.expanded(), hidden...) // the short ones as well
	}
	in := cmp.Or(f.file, d)
	fault := Fault{File: in.name, Problem: masking(f.problem, hidden), Hint: masking(f.hint, hidden)}
	fault.Line, fault.Column = in.position(f.at.start)
	if f.at.end > f.at.start {
		fault.excerpt = in.excerpt(f.at)
	}
	return fault
}

// position returns the line and the column of an offset, in characters from 1.
// Within a character it is that character's.
func (d *Document) position(offset int) (line, column int) {
	offset = min(offset, len(d.text))
	for begin := offset - 1; begin > offset-utf8.UTFMax && begin >= 0; begin-- {
		if _, size := utf8.DecodeRune(d.text[begin:]); begin+size > offset {
			offset = begin
			break
		}
	}
	start := lineStart(d.text, offset)
	line = 1 + bytes.Count(d.text[:start], []byte("\n"))
	return line, 1 + utf8.RuneCount(d.text[start:offset])
}

// shown quotes a name for a message, on one line and not too long.
func shown(name string) string {
	const most = 60
	if runes := []rune(name); len(runes) > most {
		name = string(runes[:most-1]) + "…"
	}
	return fmt.Sprintf("%q", name)
}
