package sqlapi

import "zerohop/sqlapi/wire"

// values are what one request gives for an endpoint's parameters, in the order
// of parameters.list. Whatever is in them aliases the request's memory and is
// valid until the request ends. They are reused by later requests.
type values struct {
	// scalars has the value of each parameter; of a list it has nothing.
	scalars []wire.Argument
	// items are those of all lists, lists says which are whose.
	items []wire.Argument
	lists []items
}

// items are the values of a list: values.items[from:to].
type items struct {
	from, to int
	// given: the request has the list, though it may be empty.
	given bool
}

// of returns the items of a list.
func (v *values) of(list int) []wire.Argument {
	return v.items[v.lists[list].from:v.lists[list].to]
}

// reset makes room for so many parameters and lists, all of them absent.
func (v *values) reset(parameters, lists int) {
	v.scalars, v.items, v.lists = v.scalars[:0], v.items[:0], v.lists[:0]
	for range parameters {
		v.scalars = append(v.scalars, wire.Argument{})
	}
	for range lists {
		v.lists = append(v.lists, items{})
	}
}

// free drops what belongs to the request.
func (v *values) free() {
	clear(v.scalars)
	clear(v.items)
	if cap(v.items) > keptItems {
		v.items = nil
	}
}

// keptItems is how many items of lists the next request finds room for.
const keptItems = 256
