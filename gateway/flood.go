package gateway

import (
	"sync"
	"time"
)

// flood lets one event of a kind pass in a second, and counts the others.
// The zero value is ready. It may be used by any number of goroutines.
type flood struct {
	mu    sync.Mutex
	kinds map[floodKind]*floodCount
}

// floodKind is what counts as one event. There are as many as codes and routes.
type floodKind struct{ code, route string }

type floodCount struct {
	second     int64
	suppressed int
}

// admit reports whether an event of this kind may pass now, and how many were
// held back since the last one that did.
func (f *flood) admit(kind floodKind, now time.Time) (suppressed int, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k := f.kinds[kind]
	if k == nil {
		if f.kinds == nil {
			f.kinds = map[floodKind]*floodCount{}
		}
		k = &floodCount{}
		f.kinds[kind] = k
	}
	if k.second == now.Unix() {
		k.suppressed++
		return 0, false
	}
	suppressed = k.suppressed
	k.second, k.suppressed = now.Unix(), 0
	return suppressed, true
}
