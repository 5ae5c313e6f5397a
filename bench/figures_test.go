package main

import (
	"testing"
	"time"
)

func TestNewFigures(t *testing.T) {
	l := load{Requests: 10_000, Duration: 2e6, P50: 900, P99: 4500}
	got := newFigures(l, 250*time.Millisecond, 300*time.Millisecond, 64)
	want := figures{Rate: 5000, P50: 900, P99: 4500, GatewayCPU: 25, SourceCPU: 30, Connections: 64}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if fault := got.fault(getuserMetrics()); fault != "" {
		t.Errorf("got fault %q, want none", fault)
	}
	got.GatewayCPU = 0
	if got, want := got.fault(getuserMetrics()), "gateway CPU/request was measured as 0"; got != want {
		t.Errorf("got fault %q, want %q", got, want)
	}
}

func TestNewSpread(t *testing.T) {
	f := func(values []float64, want spread) {
		t.Helper()
		if got := newSpread(values); got != want {
			t.Errorf("%v: got %+v, want %+v", values, got, want)
		}
	}
	f([]float64{3}, spread{Median: 3, Min: 3, Max: 3})
	f([]float64{4, 1}, spread{Median: 2.5, Min: 1, Max: 4})
	f([]float64{9, 1, 2}, spread{Median: 2, Min: 1, Max: 9})
	f([]float64{4, 3, 2, 1}, spread{Median: 2.5, Min: 1, Max: 4})
}

// Each figure has a median of its own.
func TestMedians(t *testing.T) {
	got := medians([]figures{
		{1, 50, 3, 40, 5, 7},
		{2, 40, 1, 50, 4, 9},
		{3, 30, 2, 60, 3, 8},
	}, getuserMetrics())
	if want := (figures{2, 40, 2, 50, 4, 8}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestThousands(t *testing.T) {
	f := func(v float64, want string) {
		t.Helper()
		if got := thousands(v); got != want {
			t.Errorf("%v: got %q, want %q", v, got, want)
		}
	}
	f(0, "0")
	f(999.4, "999")
	f(1000, "1,000")
	f(34567.8, "34,568")
	f(1234567, "1,234,567")
}
