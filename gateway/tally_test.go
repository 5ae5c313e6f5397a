package gateway

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestTallyCounts(t *testing.T) {
	var got tally
	for _, status := range []int{200, 200, 204, 404, 499, 503, 599, 600, 999, 99, 0, -1} {
		got.count(status, time.Millisecond)
	}
	if got, want := got.classes(), [6]uint64{5, 0, 3, 0, 2, 2}; got != want {
		t.Errorf("got the classes %v, want %v", got, want)
	}
	if got := got.statuses[200].Load(); got != 2 {
		t.Errorf("got %d of 200, want 2", got)
	}
	if got := got.durations.upTo(); got[len(got)-1] != 12 || got[1] != 0 || got[2] != 12 {
		t.Errorf("got %v, want 12 from the bucket of a millisecond on", got)
	}
}

func TestDurationsBounds(t *testing.T) {
	if !slices.IsSorted(durationBounds[:]) {
		t.Fatalf("not in order: %v", durationBounds)
	}
	f := func(took time.Duration, bucket int) {
		t.Helper()
		var d durations
		d.add(took)
		for i, n := range d.upTo() {
			if want := i >= bucket; (n == 1) != want {
				t.Errorf("%v: got %d in bucket %d, want it from %d on", took, n, i, bucket)
			}
		}
		if got := time.Duration(d.sum.Load()); got != took {
			t.Errorf("got the sum %v, want %v", got, took)
		}
	}
	f(0, 0)
	for i, bound := range durationBounds {
		f(bound-1, i)
		f(bound, i)
		f(bound+1, i+1)
	}
	f(time.Hour, len(durationBounds))
}

func TestQuantile(t *testing.T) {
	f := func(part float64, want time.Duration, took ...time.Duration) {
		t.Helper()
		var d durations
		for _, each := range took {
			d.add(each)
		}
		if got := d.quantile(part); got != want {
			t.Errorf("the quantile %v of %v: got %v, want %v", part, took, got, want)
		}
	}
	f(0.5, 0)
	f(0.99, 30*time.Second, time.Hour, time.Hour, 800*time.Millisecond)
	f(0.5, 750*time.Millisecond, 800*time.Millisecond)
	f(1, time.Second, 800*time.Millisecond)
	f(0.5, 30*time.Second, time.Hour)
	f(0.5, 125*time.Microsecond, 1)
}

// Whatever was counted, an estimate lies in the bucket of the true quantile.
func TestQuantileIsInTheRightBucket(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var d durations
		took := make([]time.Duration, 1+random.IntN(300))
		for i := range took {
			took[i] = time.Duration(random.ExpFloat64() * float64(20*time.Millisecond))
			d.add(took[i])
		}
		slices.Sort(took)
		for _, part := range []float64{0.5, 0.9, 0.99, 1} {
			rank := max(1, int(part*float64(len(took))+0.999999))
			low, high := bucketOf(took[rank-1])
			if got := d.quantile(part); got < low || got > high {
				t.Fatalf("the quantile %v: got %v, want it between %v and %v", part, got, low, high)
			}
		}
	}
}

func bucketOf(took time.Duration) (low, high time.Duration) {
	for _, bound := range durationBounds {
		if took <= bound {
			return low, bound
		}
		low = bound
	}
	return low, low
}

func TestTallyDoesNotAllocate(t *testing.T) {
	var counted tally
	if got := testing.AllocsPerRun(1000, func() { counted.count(200, 300*time.Microsecond) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func BenchmarkTally(b *testing.B) {
	var counted tally
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			counted.count(200, 300*time.Microsecond)
		}
	})
}
