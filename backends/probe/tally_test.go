package probe

import (
	"testing"
	"time"
)

func TestTally(t *testing.T) {
	cfg := Config{Fails: 3, Passes: 2}
	// outcomes has one letter for each check, + or -; want has u, d, or in
	// upper case where that is a change.
	f := func(up bool, outcomes, want string) {
		t.Helper()
		counted := tally{up: up}
		got := ""
		for _, outcome := range outcomes {
			up, changed := counted.add(outcome == '+', time.Now(), cfg)
			switch {
			case up && changed:
				got += "U"
			case up:
				got += "u"
			case changed:
				got += "D"
			default:
				got += "d"
			}
		}
		if got != want {
			t.Errorf("%s from up = %v: got %s, want %s", outcomes, up, got, want)
		}
	}
	f(true, "+++", "uuu")
	f(true, "--+--+---", "uuuuuuuuD")
	f(true, "-----+-++", "uuDddddd"+"U")
	f(true, "---++-", "uuDdUu")
	f(false, "+-+-+", "ddddd")
	f(false, "++", "dU")
	f(false, "----++", "dddddU")
}

func TestTallyKnowsSinceWhen(t *testing.T) {
	cfg := Config{Fails: 1, Passes: 1}
	begin := time.Now()
	counted := tally{up: true}
	f := func(ok bool, second, since int) {
		t.Helper()
		counted.add(ok, begin.Add(time.Duration(second)*time.Second), cfg)
		if got := counted.since.Sub(begin); got != time.Duration(since)*time.Second {
			t.Errorf("after %d s: since %v, want %d s", second, got, since)
		}
	}
	f(true, 1, 1)
	f(true, 2, 1)
	f(false, 3, 3)
	f(false, 4, 3)
	f(true, 5, 5)
}
