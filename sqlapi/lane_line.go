package sqlapi

// line is a queue of riders: first come, first served. Whoever uses it holds the
// lock of its lanes. The zero value is an empty one.
type line struct {
	oldest, newest *rider
	waiting        int
}

// push puts a rider at the end.
func (q *line) push(r *rider) {
	r.queued, r.older = true, q.newest
	if q.newest != nil {
		q.newest.newer = r
	} else {
		q.oldest = r
	}
	q.newest = r
	q.waiting++
}

// remove takes a rider out, wherever it stands.
func (q *line) remove(r *rider) {
	if r.older != nil {
		r.older.newer = r.newer
	} else {
		q.oldest = r.newer
	}
	if r.newer != nil {
		r.newer.older = r.older
	} else {
		q.newest = r.older
	}
	r.older, r.newer, r.queued = nil, nil, false
	q.waiting--
}

// next takes out whoever has waited longest, and claims it; nil is nobody.
func (q *line) next() *rider {
	for r := q.oldest; r != nil; r = q.oldest {
		q.remove(r)
		if r.claim() {
			return r
		}
	}
	return nil
}

// dismiss ends the waiting of all, each in the same way.
func (q *line) dismiss(kind turnKind, err error) {
	for r := q.next(); r != nil; r = q.next() {
		r.err = err
		r.tell(kind)
	}
}
