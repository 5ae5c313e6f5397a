package sqlapi

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// outcome looks what has come of a place in the queue.
func outcome(w *waiter) string {
	select {
	case err := <-w.ready:
		if err != nil {
			return err.Error()
		}
		return "slot"
	default:
		return "waits"
	}
}

func TestGateServesInOrder(t *testing.T) {
	g := &gate{max: 2, queue: 3}
	expect := func(busy, waiting int) {
		t.Helper()
		if b, w := g.load(); b != busy || w != waiting {
			t.Errorf("got %d busy and %d waiting, want %d and %d", b, w, busy, waiting)
		}
	}
	for _, want := range []bool{true, true, false} {
		if got := g.enter(); got != want {
			t.Errorf("got %t, want %t: there are two slots", got, want)
		}
	}
	first, second, third := g.join(), g.join(), g.join()
	if g.join() != nil {
		t.Error("one too many may wait")
	}
	expect(2, 3)
	g.leave()
	if got := outcome(first) + " " + outcome(second) + " " + outcome(third); got != "slot waits waits" {
		t.Errorf("got %s, want the slot handed to the first", got)
	}
	expect(2, 2)
	if g.enter() {
		t.Error("somebody overtook the queue")
	}
	if !g.quit(second) {
		t.Error("the second cannot quit")
	}
	g.leave()
	if got := outcome(second) + " " + outcome(third); got != "waits slot" {
		t.Errorf("got %s, want the slot handed to the third", got)
	}
	expect(2, 0)
	g.leave()
	g.leave()
	expect(0, 0)
	if w := g.join(); w == nil || outcome(w) != "slot" {
		t.Error("a free slot was not given")
	}
	expect(1, 0)
}

func TestGateQuitAfterItsTurn(t *testing.T) {
	g := &gate{max: 1, queue: 1}
	g.enter()
	w := g.join()
	g.leave()
	if g.quit(w) || outcome(w) != "slot" {
		t.Error("the slot that was handed over is lost")
	}
}

func TestGateDismiss(t *testing.T) {
	g := &gate{max: 1, queue: 2}
	g.enter()
	a, b := g.join(), g.join()
	g.dismiss(errors.New("gone"))
	if got := outcome(a) + " " + outcome(b); got != "gone gone" {
		t.Errorf("got %s, want both dismissed", got)
	}
	if busy, waiting := g.load(); busy != 1 || waiting != 0 {
		t.Errorf("got %d busy and %d waiting, want 1 and 0", busy, waiting)
	}
}

// TestGateUnderLoad has many goroutines enter, wait, quit and leave: never is
// there a slot too many, and in the end none is lost.
func TestGateUnderLoad(t *testing.T) {
	g := &gate{max: 3, queue: 4}
	var inside, slots atomic.Int64
	var crowd sync.WaitGroup
	hold := func() {
		if n := inside.Add(1); n > 3 {
			t.Errorf("got %d inside, want at most 3", n)
		}
		slots.Add(1)
		runtime.Gosched()
		inside.Add(-1)
		g.leave()
	}
	for i := range 16 {
		crowd.Go(func() {
			for n := range 2000 {
				if g.enter() {
					hold()
					continue
				}
				w := g.join()
				if w == nil {
					runtime.Gosched()
					continue
				}
				if (n+i)%3 == 0 && g.quit(w) {
					continue
				}
				<-w.ready
				hold()
			}
		})
	}
	crowd.Wait()
	if busy, waiting := g.load(); busy != 0 || waiting != 0 || g.line.Len() != 0 {
		t.Errorf("got %d busy, %d waiting and a line of %d in the end, want none", busy, waiting, g.line.Len())
	}
	if slots.Load() < 2000 {
		t.Errorf("got %d slots in all, want many", slots.Load())
	}
}

func TestGateAllocatesNothing(t *testing.T) {
	g := &gate{max: 1, queue: 1}
	got := testing.AllocsPerRun(100, func() {
		if !g.enter() {
			t.Fatal("no slot")
		}
		g.leave()
	})
	if got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func BenchmarkGate(b *testing.B) {
	g := &gate{max: 100, queue: 1}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if g.enter() {
				g.leave()
			}
		}
	})
}
