package probe

import "time"

// tally counts checks that come out alike, and turns them into up and down.
type tally struct {
	up    bool
	any   bool // there was a check
	ok    bool // how the last one came out
	inRow int  // how many came out so, one after the other
	since time.Time
}

// add counts one check. A member that is up goes down with the last of
// cfg.Fails failures in a row, and comes up with the last of cfg.Passes
// successes.
func (t *tally) add(ok bool, at time.Time, cfg Config) (up, changed bool) {
	if !t.any || t.ok != ok {
		t.any, t.ok, t.inRow, t.since = true, ok, 0, at
	}
	t.inRow++
	needed := cfg.Fails
	if ok {
		needed = cfg.Passes
	}
	if t.up != ok && t.inRow >= needed {
		t.up, changed = ok, true
	}
	return t.up, changed
}
