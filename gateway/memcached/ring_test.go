package memcached

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func newRing(names []string) (r ring) {
	for _, name := range names {
		r = append(r, newServer(name, time.Second, 1))
	}
	return r
}

// One more server takes keys for itself, and moves none between the others; it
// takes its share, and no more. The order of the list does not matter.
func TestOneMoreServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := make([]string, rapid.IntRange(2, 9).Draw(t, "servers"))
		port := rapid.IntRange(1, 60000).Draw(t, "port")
		for i := range names {
			names[i] = fmt.Sprintf("10.0.0.1:%d", port+i)
		}
		before, after := newRing(names[1:]), newRing(names)
		shuffled := slices.Clone(names)
		rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again := newRing(shuffled)
		const keys = 2000
		moved := 0
		for i := range keys {
			key := fmt.Sprintf("key%d", i)
			from, to := before.pick(key).name, after.pick(key).name
			if got := again.pick(key).name; got != to {
				t.Fatalf("%s: got %s in another order, want %s", key, got, to)
			}
			if to == names[0] {
				moved++
			} else if from != to {
				t.Fatalf("%s moved from %s to %s when %s came", key, from, to, names[0])
			}
		}
		if share := keys / len(names); moved < share/2 || moved > share*2 {
			t.Fatalf("%d of %d keys moved to one of %d servers", moved, keys, len(names))
		}
	})
}

// The choice is part of the agreement with other versions of the program.
func TestChoiceStays(t *testing.T) {
	r := newRing([]string{"127.0.0.1:11211", "127.0.0.1:11212", "127.0.0.1:11213", "unix:/run/memcached.sock"})
	f := func(key string, want int) {
		t.Helper()
		if got := slices.Index(r, r.pick(key)); got != want {
			t.Errorf("%q: got server %d, want %d", key, got, want)
		}
	}
	f("", 2)
	f("a", 3)
	f("zerohop:session:a", 3)
	f("zerohop:session:b", 3)
	f("zerohop:session:c", 3)
	f("zerohop:session:d", 3)
	f("zerohop:session:e", 0)
	f("zerohop:session:f", 1)
}

func BenchmarkPick(b *testing.B) {
	r := newRing([]string{"127.0.0.1:11211", "127.0.0.1:11212", "127.0.0.1:11213"})
	for b.Loop() {
		r.pick("zerohop:session:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	}
}
