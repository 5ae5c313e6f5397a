package backends

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A line gives the same waiters as a plain list does that is searched from its
// beginning, whoever leaves in between.
func TestLineIsFirstComeFirstServed(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var l line
	var list []*waiter
	kinds := []set{0b0011, 0b1100, 0b1111}
	for range 20_000 {
		wanted := func(able set) bool { return able&0b0011 != 0 }
		if random.IntN(2) == 0 {
			wanted = func(able set) bool { return able&0b1100 != 0 }
		}
		switch random.IntN(5) {
		case 0, 1, 2:
			w := &waiter{order: order{able: kinds[random.IntN(len(kinds))]}}
			l.add(w)
			list = append(list, w)
		case 3:
			var want *waiter
			if i := slices.IndexFunc(list, func(w *waiter) bool { return wanted(w.order.able) }); i >= 0 {
				want = list[i]
			}
			if got := l.first(wanted); got != want {
				t.Fatalf("got %+v, want %+v", got, want)
			}
		case 4:
			if len(list) > 0 {
				i := random.IntN(len(list))
				l.remove(list[i])
				list = slices.Delete(list, i, i+1)
			}
		}
		if l.length != len(list) {
			t.Fatalf("got the length %d, want %d", l.length, len(list))
		}
	}
}

// However many wait for somebody else, nobody looks at each of them.
func TestLineLooksAtKindsOnly(t *testing.T) {
	var l line
	for i := range 100_000 {
		able := set(0b1100)
		if i%2 == 0 {
			able = 0b0100
		}
		l.add(&waiter{order: order{able: able}})
	}
	last := &waiter{order: order{able: 0b0011}}
	l.add(last)
	looks := 0
	got := l.first(func(able set) bool {
		looks++
		return able&0b0011 != 0
	})
	if got != last || looks > 3 {
		t.Errorf("got %p after %d looks, want %p after 3 at most", got, looks, last)
	}
}
