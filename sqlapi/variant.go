package sqlapi

import (
	"strings"

	"zerohop/sqlapi/wire"
)

// maxListUses is how many times a statement may ask for a list. Each may be
// empty or not, which are variants of the statement.
const maxListUses = 8

// emptyList stands in an IN for a list without a value: nothing is in it, and
// everything is not.
const emptyList = "select null from dual where false"

// variant says how many values the lists of a statement have: size each, but
// for those that are empty, whose uses have their bits set.
//
// The size is a power of two, to which lists are filled up with their last
// value, which changes nothing in an IN. So a statement has few variants, each
// of which connections prepare for themselves.
type variant struct {
	size  int
	empty uint8
}

// bind returns the arguments that the query's parameters have among the values
// of a request, appended to dst, and the variant of the query that takes so
// many; without a list that is the query itself.
func (q *query) bind(v *values, dst []wire.Argument) (*query, []wire.Argument) {
	if q.lists == nil {
		for _, at := range q.from {
			dst = append(dst, v.scalars[at])
		}
		return q, dst
	}
	kind := q.fitting(v)
	for i, at := range q.from {
		if q.lists[i] < 0 {
			dst = append(dst, v.scalars[at])
			continue
		}
		list := v.of(q.lists[i])
		dst = append(dst, list...)
		for n := len(list); n > 0 && n < kind.size; n++ {
			dst = append(dst, list[len(list)-1])
		}
	}
	return q.variant(kind), dst
}

// fitting returns the variant for the lists of a request.
func (q *query) fitting(v *values) variant {
	kind := variant{size: 1}
	use := 0
	for _, list := range q.lists {
		if list < 0 {
			continue
		}
		n := len(v.of(list))
		if n == 0 {
			kind.empty |= 1 << use
		}
		for kind.size < n {
			kind.size *= 2
		}
		use++
	}
	return kind
}

// variant returns one of the query's variants, the same one every time.
func (q *query) variant(kind variant) *query {
	if known, ok := q.variants.Load(kind); ok {
		return known.(*query)
	}
	made := &query{Statement: q.Statement.withLists(q.lists, kind), answer: q.answer}
	made.unpreparable.Store(q.unpreparable.Load())
	first, _ := q.variants.LoadOrStore(kind, made)
	return first.(*query)
}

// withLists returns the statement with as many placeholders for its lists as a
// variant has. lists says which of the parameters are any.
func (s *Statement) withLists(lists []int, kind variant) *Statement {
	spread := *s
	spread.Params = nil
	var text strings.Builder
	from, use := 0, 0
	for i, p := range s.Params {
		text.WriteString(s.Text[from:p.Mark])
		from = p.Mark + 1
		count := 1
		if lists[i] >= 0 {
			count = kind.size
			if kind.empty&(1<<use) != 0 {
				count = 0
				text.WriteString(emptyList)
			}
			use++
		}
		for n := range count {
			if n > 0 {
				text.WriteByte(',')
			}
			p.Mark = text.Len()
			text.WriteByte('?')
			spread.Params = append(spread.Params, p)
		}
	}
	text.WriteString(s.Text[from:])
	spread.Text = text.String()
	return &spread
}
