package conffile

import (
	"bytes"
	"errors"
	"regexp"

	"github.com/pelletier/go-toml/v2/unstable"
)

// maxSyntaxFaults is after how many syntax faults a text is given up: it is
// something else than TOML.
const maxSyntaxFaults = 20

// Document is the text of one TOML file with the values in it and the faults
// found so far.
type Document struct {
	name   string
	text   []byte
	root   *node
	faults []finding
	// around is what Expand was given.
	around Surroundings
	// masks are the places of secrets, guesses values that may be some.
	masks   []span
	guesses []*node
	// syntaxFaults are counted among the faults.
	syntaxFaults int
}

// Parse takes a text apart. name is the file's path: faults begin with it, and
// ${file:...} is relative to its folder. The text is not to be changed later.
//
// After a syntax fault the reading resumes at the next line, or at the next
// table when the fault may have swallowed lines; so the document may lack
// values that stand in the text, and SyntaxOK says so.
func Parse(name string, text []byte) *Document {
	d := &Document{name: name, text: text[:len(text):len(text)], root: newTable(byHeader, span{})}
	r := reader{doc: d, table: d.root}
	for from := 0; from < len(text); {
		from = r.read(from)
	}
	return d
}

// SyntaxOK reports whether the whole text could be taken apart. When it could
// not, that a value is missing means nothing.
func (d *Document) SyntaxOK() bool { return d.syntaxFaults == 0 }

// reader builds the document's values from the parser's expressions.
type reader struct {
	doc    *Document
	parser unstable.Parser
	// base is where the parser's input begins in the text.
	base int
	// table is where keys go, secret whether its header sounds secret.
	table  *node
	secret bool
	// done is the end of the last expression that was read, without what may
	// follow it on its line; 0 before the first.
	done int
}

// read reads expressions from an offset on, and returns where to go on after a
// syntax fault, or the length of the text at its end.
func (r *reader) read(from int) int {
	r.base, r.done = from, 0
	r.parser.Reset(r.doc.text[from:])
	for r.parser.NextExpression() {
		r.expression(r.parser.Expression())
	}
	var fault *unstable.ParserError
	if !errors.As(r.parser.Error(), &fault) {
		return len(r.doc.text)
	}
	return r.recover(fault)
}

func (r *reader) expression(n *unstable.Node) {
	key := r.keyParts(n)
	r.done = key[len(key)-1].span.end
	switch n.Kind {
	case unstable.KeyValue:
		r.done = r.place(n.Raw).end
		r.set(r.table, key, r.keyValue(n, key), r.secret)
	case unstable.Table:
		r.openTable(key)
	case unstable.ArrayTable:
		r.openElement(key)
	}
}

// part is one name of a dotted key.
type part struct {
	name string
	span span
}

func (r *reader) keyParts(n *unstable.Node) []part {
	var parts []part
	for it := n.Key(); it.Next(); {
		k := it.Node()
		parts = append(parts, part{string(k.Data), r.place(k.Raw)})
	}
	return parts
}

func (r *reader) place(raw unstable.Range) span {
	start := r.base + int(raw.Offset)
	return span{start, start + int(raw.Length)}
}

// headerLine is a line that can only be the header of a table.
var headerLine = regexp.MustCompile(`(?m)^[ \t]*\[\[?[ \t]*[A-Za-z"'][^\n\[\]=]*\]\]?[ \t]*(#.*)?\r?$`)

// severalLines is an expression that has more than one line, or was to have.
var severalLines = regexp.MustCompile("[\\[{\\n]|\"\"\"|'''")

// recover records a syntax fault and returns where reading can go on. An
// expression that stands on one line costs that line. Of any other nobody
// knows where it was meant to end, nor of a secret in quotes, whose rest must
// not be shown as the next fault: they cost all up to the next header.
func (r *reader) recover(fault *unstable.ParserError) int {
	text := r.doc.text
	at := min(max(cap(text)-cap(fault.Highlight), 0), len(text))
	end := lineEnd(text, at)
	start := min(r.nextStart(), lineStart(text, at))
	expression := text[start:end]
	secret := secretAssignment.FindIndex(expression)
	if r.secret {
		secret = []int{0, 0}
	}
	if secret != nil {
		r.doc.masks = append(r.doc.masks, span{start + secret[1], end + 1})
	}
	r.doc.syntaxFault(span{at, at + max(len(fault.Highlight), 1)}, fault.Message)
	if r.doc.syntaxFaults == maxSyntaxFaults {
		return len(text)
	}
	next := min(end+1, len(text))
	quoted := bytes.ContainsAny(expression, `"'`)
	if !severalLines.Match(expression) && (secret == nil || !quoted) {
		return next
	}
	// What is left out may have been a header: keys up to the next one would
	// go to the wrong table.
	if m := headerLine.FindIndex(text[next:]); m != nil {
		return next + m[0]
	}
	return len(text)
}

// nextStart returns where the expression after the last good one begins.
func (r *reader) nextStart() int {
	text, i := r.doc.text, r.base
	if r.done > 0 {
		i = lineEnd(text, r.done)
	}
	for i < len(text) {
		switch text[i] {
		case ' ', '\t', '\r', '\n':
			i++
		case '#':
			i = lineEnd(text, i)
		default:
			return i
		}
	}
	return i
}

// lineStart returns where the line of an offset begins.
func lineStart(text []byte, offset int) int {
	return bytes.LastIndexByte(text[:offset], '\n') + 1
}

// lineEnd returns where the line of an offset ends, before its newline.
func lineEnd(text []byte, offset int) int {
	if i := bytes.IndexByte(text[offset:], '\n'); i >= 0 {
		return offset + i
	}
	return len(text)
}
