package gateway

import (
	"testing"
	"time"
)

func TestFloodPassesOneASecond(t *testing.T) {
	var f flood
	start := time.Unix(1000, 0)
	admit := func(code string, after time.Duration, want bool, wantSuppressed int) {
		t.Helper()
		suppressed, ok := f.admit(floodKind{code, "GET /"}, start.Add(after))
		if ok != want || suppressed != wantSuppressed {
			t.Errorf("%s after %v: got %t with %d suppressed, want %t with %d", code, after, ok, suppressed, want, wantSuppressed)
		}
	}
	admit("pool_full", 0, true, 0)
	admit("pool_full", time.Millisecond, false, 0)
	admit("pool_full", 999*time.Millisecond, false, 0)
	admit("unavailable", time.Millisecond, true, 0)
	admit("pool_full", time.Second, true, 2)
	admit("pool_full", 2*time.Second, true, 0)
	if _, ok := f.admit(floodKind{"pool_full", "GET /other"}, start.Add(2*time.Second)); !ok {
		t.Error("another route's first was suppressed")
	}
}
