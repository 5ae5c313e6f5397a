package sqlapi

import (
	"math/rand/v2"
	"time"
)

const (
	errorLockTimeout = 1205
	errorDeadlock    = 1213

	// maxTries is how many times a sequence is run that others keep from
	// getting its locks; it rests for at most firstPause before the second, and
	// twice as long each time up to longestPause.
	maxTries     = 20
	firstPause   = 10 * time.Millisecond
	longestPause = 200 * time.Millisecond
)

// contended reports whether the server gave a statement up because others hold
// its locks. A deadlock has undone the whole transaction, a lock timeout only
// the statement.
func contended(err error) bool {
	number := refusal(err)
	return number == errorDeadlock || number == errorLockTimeout
}

// pause rests before the next try, the longer the more there have been, and
// each request for a time of its own: those that have met would meet again. Half
// of that time is certain, so that in a crowd somebody gets through. It reports
// whether there is to be one: not after the last try, and not without the time
// for it.
func (c *call) pause(try int) bool {
	if try >= maxTries {
		return false
	}
	most := min(longestPause, firstPause<<(try-1))
	pause := most/2 + rand.N(most/2)
	if time.Until(c.deadline) <= pause {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}
