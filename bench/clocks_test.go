package main

import (
	"math"
	"testing"
	"time"
)

func TestClocksSince(t *testing.T) {
	const second = time.Second
	before := clocks{time.Unix(100, 0), 1 * second, 2 * second, 3 * second, 10 * second}
	f := func(machine time.Duration, want float64) {
		t.Helper()
		after := clocks{time.Unix(105, 0), 3 * second, 5 * second, 5 * second, machine}
		got := after.since(before)
		if got.gateway != 2*second || got.source != 3*second {
			t.Errorf("got %s of the gateway and %s of MariaDB, want 2s and 3s", got.gateway, got.source)
		}
		if math.Abs(got.others-want) > 1e-9 {
			t.Errorf("got %v cores of others, want %v", got.others, want)
		}
	}
	f(19*second, 0.4) // 9 s of all, 7 s of ours, in 5 s
	f(17*second, 0)
	f(16*second, 0) // the machine's clock is coarser than ours
}
