package backends

import "time"

// healthRules are a group's settings of who gets requests after failures.
type healthRules struct {
	maxFails    int
	failTimeout time.Duration
	slowStart   time.Duration
	// alone: the group has one member, which is never left out for failing.
	alone bool
}

// standing is what a member's past says about its future, by nginx's rules:
// after maxFails failures it is left out for failTimeout, and then gets one
// request, by which it is judged again. A health check that says down stands
// above that.
//
// It is guarded by Group.mu; now is zero while no member of the group has
// anything in its past.
type standing struct {
	rules  *healthRules
	weight int
	// effective is the weight that failures have left, of smooth_wrr.
	effective int

	fails    int
	failedAt time.Time
	// checkedAt is when it last failed, or got a request to be judged by.
	checkedAt time.Time
	// unhealthy: the health checks say so.
	unhealthy bool
	// backAt is when it came back, until it has its full share again.
	backAt time.Time
	// since is when the present state began; zero is the start.
	since time.Time
}

// failing reports whether its requests fail, as far as anybody knows.
func (s *standing) failing() bool {
	r := s.rules
	return r.maxFails > 0 && !r.alone && s.fails >= r.maxFails
}

// resting reports whether the member is to get no requests for now because of
// those that have failed.
func (s *standing) resting(now time.Time) bool {
	return s.failing() && now.Sub(s.checkedAt) <= s.rules.failTimeout
}

// clean reports whether nothing of its past matters any more.
func (s *standing) clean(now time.Time) bool {
	if !s.backAt.IsZero() && now.Sub(s.backAt) >= s.rules.slowStart {
		s.since = s.backAt.Add(s.rules.slowStart)
		s.backAt = time.Time{}
	}
	return s.fails == 0 && !s.unhealthy && s.backAt.IsZero()
}

// chosen notes that the member got a request. While it is left out, or has been
// for long enough, it is the one that the member is judged by.
func (s *standing) chosen(now time.Time) {
	if s.fails > 0 && (s.failing() || now.Sub(s.checkedAt) > s.rules.failTimeout) {
		s.checkedAt = now
	}
}

// fail notes a request that failed.
func (s *standing) fail(now time.Time) {
	r, before := s.rules, s.failing()
	s.fails++
	s.failedAt, s.checkedAt = now, now
	if r.maxFails > 0 {
		s.effective = max(s.effective-s.weight/r.maxFails, 0)
	}
	if s.failing() && !before {
		s.backAt = time.Time{}
		if !s.unhealthy {
			s.since = now
		}
	}
}

// pass notes a request that succeeded, and reports whether it has brought the
// member back. What was under way when the member failed proves nothing.
func (s *standing) pass(now time.Time) (back bool) {
	if s.fails == 0 || !s.failedAt.Before(s.checkedAt) && !s.rules.alone {
		return false
	}
	back = s.failing() && !s.unhealthy
	s.fails = 0
	if back {
		s.comeBack(now)
	}
	return back
}

// check notes what a health check has found, and reports whether it has
// brought the member back.
func (s *standing) check(up bool, now time.Time) (back bool) {
	if up != s.unhealthy {
		return false
	}
	s.unhealthy = !up
	if !up {
		s.backAt = time.Time{}
		s.since = now
		return false
	}
	s.fails = 0
	s.comeBack(now)
	return true
}

func (s *standing) comeBack(now time.Time) {
	s.since = now
	if s.rules.slowStart > 0 {
		s.backAt = now
	}
}

// fullShare is the share of a member that does not start slowly.
const fullShare = 256

// share is how much of its weight the member has in slow start, from 1 to
// fullShare.
func (s *standing) share(now time.Time) int {
	if s.backAt.IsZero() {
		return fullShare
	}
	part := float64(now.Sub(s.backAt)) / float64(s.rules.slowStart)
	return min(max(int(part*fullShare), 1), fullShare)
}

// state returns one of the State constants but StateOff.
func (s *standing) state(now time.Time) string {
	switch {
	case s.unhealthy:
		return StateDown
	case s.failing():
		return StateFailing
	case !s.backAt.IsZero() && now.Sub(s.backAt) < s.rules.slowStart:
		return StateStarting
	}
	return StateUp
}
