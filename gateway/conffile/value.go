package conffile

// Table is what a table becomes in a field that takes any value: its keys in
// the order of the file.
type Table []Pair

// Pair is one key of a Table.
type Pair struct {
	Key   string
	Value any
}

// Date is a date, a time of day or both, as the file has it.
type Date string

// verbatim returns a value of the document as a string, an int64, a float64, a
// bool, a Date, a []any or a Table. It is nil where the value has a fault.
func verbatim(n *node) any {
	switch {
	case n.broken:
		return nil
	case n.kind == kindTable:
		table := make(Table, len(n.keys))
		for i, e := range n.keys {
			table[i] = Pair{e.name, verbatim(e.node)}
		}
		return table
	case n.kind == kindArray:
		list := make([]any, len(n.elements))
		for i, e := range n.elements {
			list[i] = verbatim(e)
		}
		return list
	case n.kind == kindString:
		return n.text
	case n.kind == kindDate:
		return Date(n.text)
	}
	return n.value
}
