package conffile

// span is a range of bytes in the document's text.
type span struct{ start, end int }

func (s span) contains(offset int) bool { return s.start <= offset && offset < s.end }

// kind is what a value is, as far as reading it goes.
type kind uint8

const (
	kindTable kind = iota
	kindArray
	kindString
	kindInteger
	kindFloat
	kindBool
	kindDate
)

// String names the kind the way a fault speaks of it.
func (k kind) String() string {
	return [...]string{
		"a table", "a list", "a text", "a whole number", "a number with a fraction", "true or false", "a date",
	}[k]
}

// origin is how a table or a list came to be. It decides who may add to it.
type origin uint8

const (
	// byValue: written as a value, complete and closed.
	byValue origin = iota
	// byPassing: implied by a longer header; its own header may still come.
	byPassing
	// byHeader: opened by its own [header].
	byHeader
	// byDots: made by a dotted key; further dotted keys may add to it.
	byDots
	// byElements: a list made by [[headers]]; each adds an element.
	byElements
)

// node is one value of the document.
type node struct {
	kind kind
	from origin
	// span is the value's place, or the key's where the value has none of
	// its own: a table with a header.
	span span
	// text is the content of a string, or a scalar as it was written.
	text string
	// value is the scalar's int64, float64 or bool.
	value any
	// keys are a table's, in the order of the file.
	keys []*entry
	// elements are a list's.
	elements []*node
	// pieces say which parts of text came from expansion, in order.
	pieces []piece
	// file has the text, where that is not in the document itself.
	file *Document
	// secret values are masked wherever they could show. guessed ones are
	// secret, with all below them, because of their names alone.
	secret, guessed bool
	// broken values have a fault already: nothing more is said about them.
	broken bool
	// excused are keys of a table whose absence is explained by another
	// fault: their misspelt forms were found.
	excused []string

	index map[string]*entry
}

// entry is one key of a table.
type entry struct {
	name string
	key  span
	node *node
}

// piece is a part of a string's text that expansion changed: the bytes from to
// to of the text were written as the bytes src to srcEnd. A literal one is a
// ${ that was written $${.
type piece struct {
	from, to, src, srcEnd int
	literal               bool
}

func newTable(from origin, at span) *node {
	return &node{kind: kindTable, from: from, span: at, index: map[string]*entry{}}
}

// get returns the entry of a table's key, or nil.
func (n *node) get(name string) *entry { return n.index[name] }

func (n *node) add(name string, key span, value *node) {
	e := &entry{name, key, value}
	n.keys = append(n.keys, e)
	n.index[name] = e
}

// walk calls f for n and for every value below it.
func (n *node) walk(f func(*node)) {
	f(n)
	for _, e := range n.keys {
		e.node.walk(f)
	}
	for _, element := range n.elements {
		element.walk(f)
	}
}
