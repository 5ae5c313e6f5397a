package tornado

import (
	"errors"
	"fmt"
	"slices"
)

// errPairs: a key without a value.
var errPairs = errors.New("a key without a value")

// collect makes tuples, lists and dicts of what is on the stack, and adds to
// those that are there.
func (m *machine) collect(code byte) error {
	switch code {
	case opTuple1, opTuple2, opTuple3:
		return m.shortTuple(int(code-opTuple1) + 1)
	case opAppend:
		v, err := m.pop()
		if err != nil {
			return err
		}
		return m.extend([]any{v})
	case opSetItem:
		value, err := m.pop()
		if err != nil {
			return err
		}
		key, err := m.pop()
		if err != nil {
			return err
		}
		return m.update([]any{key, value})
	}
	items, err := m.popMark()
	if err != nil {
		return err
	}
	switch code {
	case opAppends:
		return m.extend(items)
	case opSetItems:
		return m.update(items)
	case opTuple:
		return m.push(tuple(slices.Clone(items)))
	case opList:
		return m.push(&list{slices.Clone(items)})
	}
	pairs, err := pairsOf(items)
	if err != nil {
		return err
	}
	return m.push(&dict{pairs})
}

func (m *machine) shortTuple(n int) error {
	items := make(tuple, n)
	for i := n - 1; i >= 0; i-- {
		v, err := m.pop()
		if err != nil {
			return err
		}
		items[i] = v
	}
	return m.push(items)
}

// extend adds items to the list on top of the stack. An object, which may be of
// a kind of list, takes them and keeps none.
func (m *machine) extend(items []any) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	if _, ok := v.(*object); ok {
		return nil
	}
	l, ok := v.(*list)
	if !ok {
		return fmt.Errorf("an append to %s", kindOf(v))
	}
	l.items = append(l.items, items...)
	return nil
}

// update sets items, keys and values in turn, in the dict on top of the stack, or
// in an object, which keeps none.
func (m *machine) update(items []any) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	if _, ok := v.(*object); ok {
		return nil
	}
	d, ok := v.(*dict)
	if !ok {
		return fmt.Errorf("a key is set in %s", kindOf(v))
	}
	pairs, err := pairsOf(items)
	if err != nil {
		return err
	}
	d.pairs = append(d.pairs, pairs...)
	return nil
}

func pairsOf(items []any) ([]pair, error) {
	if len(items)%2 != 0 {
		return nil, errPairs
	}
	pairs := make([]pair, 0, len(items)/2)
	for i := 0; i < len(items); i += 2 {
		switch items[i].(type) {
		case *list, *dict:
			return nil, fmt.Errorf("a key that is %s", kindOf(items[i]))
		}
		pairs = append(pairs, pair{items[i], items[i+1]})
	}
	return pairs, nil
}
