package upstream

import (
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// alarmConn has deadlines alone. A read waits for its own.
type alarmConn struct {
	net.Conn
	read, write time.Time
	set         int    // how often a deadline was set
	inSet       func() // in the middle of setting one
}

func (c *alarmConn) SetReadDeadline(t time.Time) error {
	if c.inSet != nil {
		c.inSet()
	}
	c.set++
	c.read = t
	return nil
}

func (c *alarmConn) SetWriteDeadline(t time.Time) error {
	c.set++
	c.write = t
	return nil
}

func (c *alarmConn) SetDeadline(t time.Time) error {
	c.read, c.write = t, t
	return nil
}

func newAlarms() (*alarmConn, *deadlines) {
	c := &alarmConn{}
	return c, &deadlines{conn: c, start: time.Now()}
}

// left is how long the deadline t is away; 0 is that it has passed.
func left(t time.Time) time.Duration { return max(0, time.Until(t)) }

// A busy connection's deadlines are set once in their time, though it waits now
// for one thing and now for another, which may take longer.
func TestDeadlinesAreSetSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := newAlarms()
		for range 1000 {
			d.expect(time.Minute, ErrFirstByteTimeout)
			d.beginRead()
			d.expect(10*time.Second, ErrReadTimeout)
			time.Sleep(100 * time.Millisecond)
			d.beginRead()
			if got := left(c.read); got == 0 || got > 11*time.Second {
				t.Fatalf("a read may take %v", got)
			}
		}
		// 100 s of exchanges, under deadlines of 10 s.
		if c.set > 12 {
			t.Errorf("set %d times", c.set)
		}
	})
}

// A wait whose deadline comes too early goes on, for its own time and no longer.
func TestEarlyDeadlineIsPutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := newAlarms()
		d.expect(10*time.Second, ErrReadTimeout)
		d.beginRead()
		time.Sleep(9 * time.Second)
		start := time.Now()
		d.beginRead()
		fired := 0
		for more := true; more; fired++ {
			time.Sleep(left(c.read))
			more = d.goesOn(&d.reads, os.ErrDeadlineExceeded)
		}
		if took := time.Since(start); took != 10*time.Second || fired != 2 {
			t.Errorf("took %v, in %d pieces", took, fired)
		}
		if d.goesOn(&d.reads, net.ErrClosed) {
			t.Error("another error is no deadline")
		}
	})
}

// Whatever happens at once: behind an end nothing waits any more.
func TestDeadlinesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := newAlarms()
		d.expect(10*time.Second, ErrReadTimeout)
		d.begin(&d.writes, 10*time.Second)
		d.stopWrites()
		d.begin(&d.writes, time.Minute)
		if left(c.write) > 0 || d.goesOn(&d.writes, os.ErrDeadlineExceeded) || !d.stopped() {
			t.Errorf("writes that were stopped may take %v", left(c.write))
		}
		d.beginRead()
		if left(c.read) == 0 {
			t.Error("reads were stopped too")
		}
		d.resumeWrites()
		d.begin(&d.writes, time.Minute)
		if left(c.write) < time.Minute || d.stopped() {
			t.Errorf("writes that go on may take %v", left(c.write))
		}
		d.abort()
		d.beginRead()
		d.begin(&d.writes, time.Minute)
		d.readWithin(time.Minute)
		d.awaitAnswer(time.Minute, ErrFirstByteTimeout)
		if left(c.read)+left(c.write) > 0 || d.goesOn(&d.reads, os.ErrDeadlineExceeded) || !d.stopped() {
			t.Errorf("behind an abort: %v and %v are left", left(c.read), left(c.write))
		}
	})
}

// The end of an upload bounds the read that waits, even one that takes its own
// deadline off at that moment, and those behind it.
func TestDeadlineBehindUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, d := newAlarms()
		d.awaitUpload()
		lifting, lifted := make(chan struct{}), make(chan struct{})
		c.inSet = func() {
			c.inSet = nil
			close(lifting)
			<-lifted
		}
		reader := make(chan struct{})
		go func() {
			defer close(reader)
			d.beginRead()
			d.beginRead()
		}()
		<-lifting
		end := make(chan struct{})
		go func() {
			defer close(end)
			d.awaitAnswer(10*time.Second, ErrFirstByteTimeout)
		}()
		close(lifted)
		<-end
		<-reader
		if got := left(c.read); got < 10*time.Second || got > 11*time.Second {
			t.Errorf("the read may take %v", got)
		}
	})
}
