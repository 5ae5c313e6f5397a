package conffile

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// fieldFault is an error that knows which field it is about.
type fieldFault interface {
	error
	// FieldFault returns the path of the field, what is wrong with it, what
	// to do about it, and the byte of its text at which the fault begins, or
	// -1 for the whole value.
	FieldFault() (field, problem, hint string, offset int)
}

// Report records what the owner of the decoded struct finds wrong with its
// values. An error with a method
//
//	FieldFault() (field, problem, hint string, offset int)
//
// is put where the field stands in the file, or at the nearest table around it
// when it does not stand there; a field is written "databases.main.max" or
// "routes[2].sql". Any other error is about the whole file.
//
// A value that could not be decoded gets no second fault, nor does a key that
// is missing because it was found misspelt.
func (d *Document) Report(errs ...error) {
	for _, err := range errs {
		if f, ok := errors.AsType[fieldFault](err); ok {
			d.report(f.FieldFault())
		} else {
			d.report("", err.Error(), "", -1)
		}
	}
}

func (d *Document) report(field, problem, hint string, offset int) {
	at := d.lookup(field)
	if at.node.broken || at.excused {
		return
	}
	place, file := at.key, (*Document)(nil)
	switch {
	case at.missing:
		// The mark stays on the table that lacks it.
	case offset >= 0 && at.node.file != nil:
		place, file = at.node.within(offset, wordLength(at.node.text, offset)), at.node.file
	case offset >= 0 && at.node.kind == kindString:
		place = d.inside(at.node, offset, wordLength(at.node.text, offset))
	case at.node.from == byValue:
		place = at.node.span
	}
	// A list of one that is written as its element alone has no index.
	if list, ok := strings.CutSuffix(field, "[0]"); ok && d.lookup(list).node == at.node {
		field = list
	}
	if field != "" {
		problem = field + ": " + problem
	}
	// The value is not broken: its owner may have several things to say.
	d.faults = append(d.faults, finding{place, at.node, problem, hint, file})
}

// Has reports whether a field stands in the file.
func (d *Document) Has(field string) bool { return !d.lookup(field).missing }

// Position returns where a field stands in the file, or the nearest table
// around it, as "file:line".
func (d *Document) Position(field string) string {
	line, _ := d.position(d.lookup(field).key.start)
	return fmt.Sprintf("%s:%d", d.name, line)
}

// PathKey returns a key as it is written in a path: quoted, unless it is made
// of letters, digits, _ and - only.
func PathKey(name string) string {
	if bareKey.MatchString(name) {
		return name
	}
	return strconv.Quote(name)
}

var (
	bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	// pathStep is a key or an index at the beginning of a path.
	pathStep = regexp.MustCompile(`^\.?(?:([A-Za-z0-9_-]+)|("(?:[^"\\]|\\.)*")|\[(\d+)\])`)
)

// found is what a path leads to.
type found struct {
	node *node
	// key is the place of the key, or of the element's header.
	key span
	// missing: the path leads on from node, but the file does not.
	missing bool
	// excused: the missing key has a fault under another name.
	excused bool
}

// lookup follows a path as far as the file goes.
func (d *Document) lookup(path string) found {
	at := found{node: d.root}
	for path != "" && !at.missing {
		step := pathStep.FindStringSubmatch(path)
		if step == nil {
			panic(fmt.Sprintf("bug: %q is no path of a field", path))
		}
		path = path[len(step[0]):]
		name := step[1]
		if step[2] != "" {
			name, _ = strconv.Unquote(step[2])
		}
		next, key := at.node.step(name, step[3])
		if next == nil && at.node.kind != kindTable && at.node.kind != kindArray {
			break // a text that stands for a whole table
		}
		if next == nil {
			at.missing = true
			at.excused = slices.Contains(at.node.excused, name) || at.node.broken
			break
		}
		at.node, at.key = next, key
	}
	return at
}

// step returns the value under a name, or under an index when there is one,
// and the place of its key. It is nil when there is none.
func (n *node) step(name, index string) (*node, span) {
	if index != "" {
		i, err := strconv.Atoi(index)
		if err != nil || i >= len(n.elements) {
			// A list of one may be written without its brackets.
			if i == 0 && n.kind != kindArray && n.kind != kindTable {
				return n, n.span
			}
			return nil, span{}
		}
		return n.elements[i], n.elements[i].span
	}
	if e := n.get(name); e != nil {
		return e.node, e.key
	}
	return nil, span{}
}

// wordLength returns how many bytes of a text the word at an offset has.
func wordLength(text string, offset int) int {
	offset = min(offset, len(text))
	word := text[offset:]
	if end := strings.IndexFunc(word[min(1, len(word)):], endsWord); end >= 0 {
		return end + 1
	}
	return len(word)
}

func endsWord(r rune) bool { return strings.ContainsRune(" \t\r\n,;()='\"`{}/", r) }
