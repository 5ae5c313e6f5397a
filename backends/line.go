package backends

import (
	"container/list"
	"time"
)

// line is a bounded queue, first come first served. Those who can be served by
// the same members stand in a row of their own, so that whoever has a place to
// give need not look at all for whom it is no place. There are at most three
// kinds: requests for servers, for pools, and for either. Group.mu guards it.
type line struct {
	limit  int
	wait   time.Duration // 0: as long as the request may take
	length int           // of all rows
	came   uint64        // how many have come so far
	rows   []*row
}

// row are the requests of a line that the same members can serve.
type row struct {
	able    set
	waiters list.List // of *waiter, in the order in which they came
}

// place is a waiter's in a line.
type place struct {
	row    *row
	turn   *list.Element
	number uint64 // lower than those of all who came later
}

// add puts a waiter at the end.
func (l *line) add(w *waiter) {
	r := l.row(w.order.able)
	w.place = place{r, r.waiters.PushBack(w), l.came}
	l.came++
	l.length++
}

func (l *line) row(able set) *row {
	for _, r := range l.rows {
		if r.able == able {
			return r
		}
	}
	r := &row{able: able}
	l.rows = append(l.rows, r)
	return r
}

// remove takes a waiter out, wherever it stands.
func (l *line) remove(w *waiter) {
	w.place.row.waiters.Remove(w.place.turn)
	w.place = place{}
	l.length--
}

// first returns who has waited longest of those whose members are as wanted;
// nil is nobody.
func (l *line) first(wanted func(able set) bool) *waiter {
	var first *waiter
	for _, r := range l.rows {
		front := r.waiters.Front()
		if front == nil || !wanted(r.able) {
			continue
		}
		if w := front.Value.(*waiter); first == nil || w.place.number < first.place.number {
			first = w
		}
	}
	return first
}

// anybody has first return whoever came first.
func anybody(set) bool { return true }
