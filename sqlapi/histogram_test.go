package sqlapi

import (
	"fmt"
	"testing"
)

func TestHistogram(t *testing.T) {
	f := func(unit float64, want string, values ...int64) {
		t.Helper()
		h := newHistogram(10, 20, 40)
		for _, v := range values {
			h.note(v)
		}
		s := h.snapshot(unit)
		if got := fmt.Sprint(s, " of ", s.Count()); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	f(1, "{[10 20 40] [0 0 0 0] 0} of 0")
	f(1, "{[10 20 40] [3 1 1 2] 145} of 7", -6, 0, 10, 11, 40, 41, 49)
	f(10, "{[1 2 4] [1 0 0 1] 10.5} of 2", 5, 100)
}
