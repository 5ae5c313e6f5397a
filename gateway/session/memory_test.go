package session

import (
	"context"
	"fmt"
	"testing"
	"time"

	"zerohop/gateway/memcached"
)

func TestMemoryBounds(t *testing.T) {
	clock := newClock()
	m := newMemory(3, 1<<20, clock.Now)
	f := func(wantEvicted uint64, wantKeys ...string) {
		t.Helper()
		entries, _, evicted := m.stats()
		if entries != len(wantKeys) || evicted != wantEvicted {
			t.Errorf("got %d entries and %d evicted, want %d and %d", entries, evicted, len(wantKeys), wantEvicted)
		}
		for _, key := range wantKeys {
			if _, err := m.Get(t.Context(), key); err != nil {
				t.Errorf("%s is gone", key)
			}
		}
	}
	add := func(key string) { t.Helper(); check(t, m.Add(t.Context(), key, []byte(key), time.Minute), nil) }
	add("a")
	add("b")
	add("c")
	check(t, m.Add(t.Context(), "c", nil, time.Minute), memcached.ErrExists)
	_, err := m.GetAndTouch(t.Context(), "a", time.Minute)
	check(t, err, nil)
	add("d") // b was unused for longest
	f(1, "a", "c", "d")
	clock.advance(30 * time.Second)
	_, err = m.GetAndTouch(t.Context(), "c", time.Minute)
	check(t, err, nil)
	clock.advance(40 * time.Second)
	add("e") // what is over goes first
	f(1, "c", "e")
	check(t, m.Delete(t.Context(), "c"), nil)
	check(t, m.Delete(t.Context(), "c"), memcached.ErrMiss)
	f(1, "e")
}

// A flood of sessions that anybody can begin takes no user's place but one.
func TestMemoryFlood(t *testing.T) {
	m := newMemory(10, 1<<20, time.Now)
	for i := range 10 {
		check(t, m.Add(t.Context(), fmt.Sprint("user", i), nil, time.Minute), nil)
	}
	for i := range 100 {
		check(t, m.AddNobodys(t.Context(), fmt.Sprint("nobody", i), nil, time.Minute), nil)
		// What is written keeps its place.
		item, err := m.Get(t.Context(), "user5")
		check(t, err, nil)
		check(t, m.CompareAndSwap(t.Context(), "user5", []byte("x"), time.Minute, item.CAS), nil)
	}
	for i := 1; i < 10; i++ {
		if _, err := m.Get(t.Context(), fmt.Sprint("user", i)); err != nil {
			t.Errorf("user %d is logged out", i)
		}
	}
	if _, err := m.Get(t.Context(), "nobody99"); err != nil {
		t.Error("the latest is not there")
	}
	check(t, m.Add(t.Context(), "another user", nil, time.Minute), nil)
	if entries, _, evicted := m.stats(); entries != 10 || evicted != 101 || m.nobodys.Len() != 0 {
		t.Errorf("got %d entries and %d evicted", entries, evicted)
	}
}

func TestMemoryBytes(t *testing.T) {
	m := newMemory(1000, 10_000, time.Now)
	for i := range 100 {
		check(t, m.Add(t.Context(), fmt.Sprint(i), make([]byte, 1000), time.Minute), nil)
		if _, bytes, _ := m.stats(); bytes > 10_000 {
			t.Fatalf("%d bytes", bytes)
		}
	}
	if entries, _, _ := m.stats(); entries != 7 {
		t.Errorf("got %d entries of 1250 bytes in 10,000, want 7", entries)
	}
	for i := range 100 {
		_ = m.Delete(t.Context(), fmt.Sprint(i))
	}
	if entries, bytes, _ := m.stats(); entries != 0 || bytes != 0 {
		t.Errorf("got %d entries of %d bytes, want none", entries, bytes)
	}
}

func BenchmarkMemory(b *testing.B) {
	m := newMemory(1<<20, 1<<30, time.Now)
	keys := make([]string, 1<<10)
	for i := range keys {
		keys[i] = newID().storeKey()
		check(b, m.Add(context.Background(), keys[i], make([]byte, 200), time.Hour), nil)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := m.GetAndTouch(context.Background(), keys[i%len(keys)], time.Hour); err != nil {
				b.Fatal(err)
			}
		}
	})
}
