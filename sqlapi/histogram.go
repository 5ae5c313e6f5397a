package sqlapi

import "sync/atomic"

// Histogram counts values by size, as Prometheus does: Counts[i] is how many
// were at most Bounds[i], and not at most the bound before; the last one of
// Counts, for which there is no bound, is of those beyond. Sum is of all.
type Histogram struct {
	Bounds []float64
	Counts []uint64
	Sum    float64
}

// Count returns how many values there were.
func (h *Histogram) Count() uint64 {
	var n uint64
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// histogram gathers a Histogram. It may be used by any number of goroutines
// at once.
type histogram struct {
	bounds []int64
	counts []atomic.Uint64
	sum    atomic.Int64
}

func newHistogram(bounds ...int64) *histogram {
	return &histogram{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
}

func (h *histogram) note(value int64) {
	i := 0
	for i < len(h.bounds) && value > h.bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(value)
}

// snapshot returns what has been counted, with every value in units of unit.
func (h *histogram) snapshot(unit float64) Histogram {
	s := Histogram{Sum: float64(h.sum.Load()) / unit}
	for _, b := range h.bounds {
		s.Bounds = append(s.Bounds, float64(b)/unit)
	}
	for i := range h.counts {
		s.Counts = append(s.Counts, h.counts[i].Load())
	}
	return s
}
