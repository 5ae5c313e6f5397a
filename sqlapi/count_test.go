package sqlapi

import "testing"

func TestCount(t *testing.T) {
	f := func(text, want string, met ...uint64) {
		t.Helper()
		c, err := parseCount(text)
		if err != nil || c.String() != want {
			t.Errorf("%q: got %v, %v, want %q", text, c, err, want)
		}
		for n := range uint64(5) {
			wanted := false
			for _, m := range met {
				wanted = wanted || m == n
			}
			if c.met(n) != wanted {
				t.Errorf("%q: %d rows: got %v, want %v", text, n, !wanted, wanted)
			}
		}
	}
	f("", "", 0, 1, 2, 3, 4)
	f("1", "1", 1)
	f("0", "0", 0)
	f(">= 3", ">= 3", 3, 4)
	f(">=0", ">= 0", 0, 1, 2, 3, 4)
	f("<=  1", "<= 1", 0, 1)
	bad := func(text string) {
		t.Helper()
		if c, err := parseCount(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, c)
		}
	}
	bad("x")
	bad("-1")
	bad("1.5")
	bad("> 1")
	bad("= 1")
	bad(">=")
	bad("9223372036854775808")
}
