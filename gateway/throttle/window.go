package throttle

import "time"

// window counts keys over a time that slides: what is counted now, and a share
// of what was in the time before, as much as of that is still within the window.
type window struct {
	length  time.Duration
	number  int64 // of the present stretch of time, since 1970
	now     *sketch
	earlier *sketch
}

func newWindow(length time.Duration) window {
	return window{length: length, now: new(sketch), earlier: new(sketch)}
}

// stretch returns the number of the stretch of time that t is in, and how much
// of it has passed.
func (w *window) stretch(t time.Time) (number int64, passed time.Duration) {
	nanos := t.UnixNano()
	return nanos / int64(w.length), time.Duration(nanos % int64(w.length))
}

// turn brings the window to the present, and returns its number. A clock that
// goes back changes nothing.
func (w *window) turn(t time.Time) int64 {
	number, _ := w.stretch(t)
	switch {
	case number <= w.number:
		return w.number
	case number == w.number+1:
		w.now, w.earlier = w.earlier, w.now
	default:
		clear(w.earlier[:])
	}
	clear(w.now[:])
	w.number = number
	return number
}

// at returns the counts of a stretch of time, nil of one that has passed.
func (w *window) at(number int64) *sketch {
	switch number {
	case w.number:
		return w.now
	case w.number - 1:
		return w.earlier
	}
	return nil
}

// counts are the two counts of a key.
type counts struct{ now, earlier int }

func (w *window) get(k *key) counts { return counts{w.now.get(k), w.earlier.get(k)} }

// forget makes the failures of a key undone.
func (w *window) forget(k *key) {
	c := w.get(k)
	w.now.add(k, -c.now)
	w.earlier.add(k, -c.earlier)
}

// wait returns how long it takes until a key with these counts has fewer than
// most failures within the window; 0 when it has.
func (w *window) wait(c counts, most int, t time.Time) time.Duration {
	_, passed := w.stretch(t)
	if c.now >= most {
		// The present count is the earlier one of the next stretch.
		return w.length - passed + fade(c.now, most, w.length)
	}
	return max(fade(c.earlier, most-c.now, w.length)-passed, 0)
}

// fade returns after which part of a stretch less than most is left of an
// earlier count, which fades evenly.
func fade(earlier, most int, length time.Duration) time.Duration {
	if earlier < most {
		return 0
	}
	return time.Duration(int64(length) / int64(earlier) * int64(earlier-most+1))
}
