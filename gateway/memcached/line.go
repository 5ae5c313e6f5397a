package memcached

// line is a queue of riders, from which those who leave go at any place. It is
// guarded by the lock of its lanes.
type line struct {
	oldest, newest *rider
}

func (l *line) push(r *rider) {
	r.older, r.queued = l.newest, true
	if l.newest == nil {
		l.oldest = r
	} else {
		l.newest.newer = r
	}
	l.newest = r
}

func (l *line) remove(r *rider) {
	if r.older == nil {
		l.oldest = r.newer
	} else {
		r.older.newer = r.newer
	}
	if r.newer == nil {
		l.newest = r.older
	} else {
		r.newer.older = r.older
	}
	r.older, r.newer, r.queued = nil, nil, false
}

// next takes out whoever has waited longest, claimed. It is nil when nobody
// waits.
func (l *line) next() *rider {
	for r := l.oldest; r != nil; r = l.oldest {
		l.remove(r)
		if r.claim() {
			return r
		}
	}
	return nil
}
