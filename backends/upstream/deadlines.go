package upstream

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// deadlines are the two of a connection, set late and seldom. One that stands
// is left until it fires, and a wait that it ends too early then goes on: so
// those of a busy connection are set once in their time, and not for each
// exchange. No wait lasts longer than its time and its slack.
//
// One goroutine reads and one writes, which may be the same. Setting a deadline
// fails on a connection that is closed, which its next use tells.
type deadlines struct {
	conn  net.Conn
	start time.Time // of the clock that all of them are kept by

	reads, writes deadline
	// patience is how long a read may take, and cause what it means that one
	// has not come to an end in that time.
	patience time.Duration
	cause    error
	// noted is the time as it was a moment ago, for the next wait; 0 is none.
	noted time.Duration
	// uploading: reads may take any time. It is what hands reads, patience and
	// cause from the goroutine that ends that to the one that reads.
	uploading atomic.Bool

	// mu orders the setting of deadlines. The flags are changed under it.
	mu                     sync.Mutex
	aborted, writesStopped atomic.Bool
}

// deadline is that of one direction.
type deadline struct {
	due      time.Duration // the end of the wait's time
	standing time.Duration // what the connection has been told; never is none
}

// never is a time that does not come.
const never = time.Duration(1<<63 - 1)

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// slack is how much later than asked a deadline may be.
func slack(timeout time.Duration) time.Duration { return min(timeout/8, time.Second) }

func (d *deadlines) now() time.Duration { return time.Since(d.start) }

// note saves the next wait a look at the clock.
func (d *deadlines) note(now time.Duration) { d.noted = now }

// begin starts a wait of the direction's.
func (d *deadlines) begin(l *deadline, timeout time.Duration) {
	now := d.noted
	if d.noted = 0; now == 0 {
		now = d.now()
	}
	l.due = now + timeout
	if latest := l.due + slack(timeout); l.standing <= now || l.standing > latest {
		d.mu.Lock()
		d.setLocked(l, latest)
		d.mu.Unlock()
	}
}

// beginRead starts the wait of a read.
func (d *deadlines) beginRead() {
	if !d.uploading.Load() || !d.lift() {
		d.begin(&d.reads, d.patience)
	}
}

// goesOn reports whether a wait that has ended with err has time left, and puts
// its deadline off.
func (d *deadlines) goesOn(l *deadline, err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stoppedLocked(l) || d.now() >= l.due {
		return false
	}
	d.setLocked(l, l.due)
	return true
}

// awaitUpload lets reads take any time from now on: it is others that bound an
// upload. Nobody reads yet.
func (d *deadlines) awaitUpload() { d.uploading.Store(true) }

// lift takes the deadline of reads off, unless the upload is over.
func (d *deadlines) lift() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.uploading.Load() {
		return false
	}
	d.reads.due = never
	d.setLocked(&d.reads, never)
	return true
}

// awaitAnswer bounds the read under way, and those to come, again.
func (d *deadlines) awaitAnswer(timeout time.Duration, cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.patience, d.cause = timeout, cause
	d.reads.due = d.now() + timeout
	d.setLocked(&d.reads, d.reads.due+slack(timeout))
	d.uploading.Store(false)
}

// expect says how long the next reads may take. During an upload they go on
// taking any time: what comes then is an interim answer, or the last one.
func (d *deadlines) expect(timeout time.Duration, cause error) {
	if !d.uploading.Load() {
		d.patience, d.cause = timeout, cause
	}
}

// readWithin sets the deadline of the read under way.
func (d *deadlines) readWithin(timeout time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.setLocked(&d.reads, d.now()+timeout)
}

// abort has reads and writes fail for good. It may be called at any time.
func (d *deadlines) abort() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.aborted.Store(true)
	_ = d.conn.SetDeadline(longAgo)
}

// stopWrites has writes fail until resumeWrites. It may be called at any time.
func (d *deadlines) stopWrites() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writesStopped.Store(true)
	_ = d.conn.SetWriteDeadline(longAgo)
}

// resumeWrites undoes stopWrites, where that came too late to stop anything.
func (d *deadlines) resumeWrites() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writesStopped.Store(false)
	d.writes.standing = 0
}

// stopped reports whether the connection is not to be used again.
func (d *deadlines) stopped() bool { return d.aborted.Load() || d.writesStopped.Load() }

func (d *deadlines) stoppedLocked(l *deadline) bool {
	return d.aborted.Load() || l == &d.writes && d.writesStopped.Load()
}

// setLocked tells the connection, unless what it was told last is for good.
func (d *deadlines) setLocked(l *deadline, until time.Duration) {
	if d.stoppedLocked(l) || l.standing == until {
		return
	}
	l.standing = until
	at := time.Time{}
	if until != never {
		at = d.start.Add(until)
	}
	if l == &d.writes {
		_ = d.conn.SetWriteDeadline(at)
	} else {
		_ = d.conn.SetReadDeadline(at)
	}
}
