package conffile

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// openTable makes the table of a [header] the one that keys go to. A table
// that is there already is a fault, but its keys are read all the same.
func (r *reader) openTable(key []part) {
	r.secret = soundSecret(key)
	last := key[len(key)-1]
	parent := r.descend(key)
	if parent == nil {
		r.table = newTable(byHeader, last.span)
		return
	}
	e := parent.get(last.name)
	switch {
	case e == nil:
		r.table = newTable(byHeader, last.span)
		parent.add(last.name, last.span, r.table)
	case e.node.from == byPassing:
		r.table = e.node
		e.key, e.node.span, e.node.from = last.span, last.span, byHeader
	case e.node.kind == kindTable && e.node.from != byValue:
		r.table = e.node
		r.twice(last, e, "")
	default:
		r.table = newTable(byHeader, last.span)
		hint := ""
		if e.node.from == byElements {
			hint = fmt.Sprintf("write [[%s]] for a further one", last.name)
		}
		r.twice(last, e, hint)
	}
}

// openElement adds the element of a [[header]] to its list and makes it the
// table that keys go to.
func (r *reader) openElement(key []part) {
	r.secret = soundSecret(key)
	last := key[len(key)-1]
	r.table = newTable(byHeader, last.span)
	parent := r.descend(key)
	if parent == nil {
		return
	}
	e := parent.get(last.name)
	switch {
	case e == nil:
		list := &node{kind: kindArray, from: byElements, span: last.span, elements: []*node{r.table}}
		parent.add(last.name, last.span, list)
	case e.node.from == byElements:
		e.node.elements = append(e.node.elements, r.table)
	default:
		r.twice(last, e, "")
	}
}

// descend returns the table that the last name of a header's key belongs to,
// or nil after a fault.
func (r *reader) descend(key []part) *node {
	at := r.doc.root
	for _, p := range key[:len(key)-1] {
		e := at.get(p.name)
		switch {
		case e == nil:
			next := newTable(byPassing, p.span)
			at.add(p.name, p.span, next)
			at = next
		case e.node.from == byElements:
			at = e.node.elements[len(e.node.elements)-1]
		case e.node.from == byValue:
			r.twice(p, e, "")
			return nil
		default:
			at = e.node
		}
	}
	return at
}

// set puts a value under a dotted key of a table.
func (r *reader) set(at *node, key []part, value *node, secret bool) {
	if secret || soundSecret(key) {
		r.doc.guess(value)
	}
	last := key[len(key)-1]
	for _, p := range key[:len(key)-1] {
		e := at.get(p.name)
		if e == nil {
			next := newTable(byDots, p.span)
			at.add(p.name, p.span, next)
			at = next
			continue
		}
		if e.node.from != byDots {
			r.twice(p, e, "")
			return
		}
		at = e.node
	}
	if e := at.get(last.name); e != nil {
		r.twice(last, e, "")
		return
	}
	at.add(last.name, last.span, value)
}

// twice records that a name stands in the file a second time, with another
// meaning or the same.
func (r *reader) twice(p part, first *entry, hint string) {
	line, column := r.doc.position(first.key.start)
	r.doc.find(p.span, nil, fmt.Sprintf("%s is defined twice, first at %s:%d:%d",
		shown(p.name), r.doc.name, line, column), hint)
}

// keyValue returns the value of a key-value expression, whose place is what
// lies between the equals sign and the expression's end.
func (r *reader) keyValue(n *unstable.Node, key []part) *node {
	at := r.place(n.Raw)
	at.start = key[len(key)-1].span.end
	for blankOrEquals(r.doc.text[at.start]) {
		at.start++
	}
	return r.value(n.Value(), at)
}

func blankOrEquals(c byte) bool { return c == ' ' || c == '\t' || c == '=' }

// value converts a value of the parser. at is its place as far as the caller
// knows it: the parser tells it for scalars only.
func (r *reader) value(n *unstable.Node, at span) *node {
	switch n.Kind {
	case unstable.Array:
		list := &node{kind: kindArray, span: at}
		for it := n.Children(); it.Next(); {
			list.elements = append(list.elements, r.value(it.Node(), r.within(it.Node(), at)).narrowed())
		}
		return list
	case unstable.InlineTable:
		table := newTable(byValue, at)
		for it := n.Children(); it.Next(); {
			key := r.keyParts(it.Node())
			r.set(table, key, r.keyValue(it.Node(), key), false)
		}
		return table
	case unstable.String:
		return &node{kind: kindString, span: r.place(n.Raw), text: string(n.Data)}
	default:
		return r.scalar(n)
	}
}

// narrowed gives a list in a list, whose own brackets nobody knows, the place of
// its elements.
func (n *node) narrowed() *node {
	if last := len(n.elements) - 1; last >= 0 {
		n.span = span{n.elements[0].span.start, n.elements[last].span.end}
	}
	return n
}

// within is the place of a list's element: an inline table's opening brace, the
// list itself for a list in a list, as long as that has no elements.
func (r *reader) within(n *unstable.Node, list span) span {
	if n.Kind == unstable.InlineTable {
		return r.place(n.Raw)
	}
	return list
}

// scalar converts a value that is no text. What the parser only delimits, like
// the days of a month, is checked by go-toml itself.
func (r *reader) scalar(n *unstable.Node) *node {
	at := r.place(n.Raw)
	v := &node{kind: kindDate, span: at, text: string(n.Data)}
	var doc struct{ V any }
	if err := toml.Unmarshal([]byte("V = "+v.text), &doc); err != nil {
		hint := ""
		if isDigits(strings.TrimLeft(v.text, "+-")) {
			hint = "where a text may stand as well, write it in quotes"
		}
		r.doc.find(at, v, "cannot be read: "+strings.TrimPrefix(err.Error(), "toml: "), hint)
		return v
	}
	v.value = doc.V
	switch doc.V.(type) {
	case int64:
		v.kind = kindInteger
	case float64:
		v.kind = kindFloat
	case bool:
		v.kind = kindBool
	}
	return v
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789_") == "" }
