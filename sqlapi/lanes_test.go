package sqlapi

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zerohop/sqlapi/wire"
)

func asUsual(*Config) {}

// TestLaneServesInOrder has many ask while a lane is busy: they are served in
// the order in which they came, in batches, each led by the one who has waited
// longest, and with one connection.
func TestLaneServesInOrder(t *testing.T) {
	onStage(t, func(c *Config) { c.LaneBatch = 3 }, func(t *testing.T, s *stage) {
		e := s.route()
		all := []*visit{s.ask(e, "0:1s")}
		for i := range 7 {
			all = append(all, s.ask(e, fmt.Sprintf("%d:10ms", i+1)))
		}
		if got := s.db.LaneStats(); got.Open != 1 || got.Busy != 1 || got.Waiting != 7 {
			t.Errorf("got %+v, want seven waiting for one lane", got)
		}
		s.expectBatches("0:1s")
		time.Sleep(time.Second)
		all[0].expect(t, "0:1s", time.Second)
		s.expectBatches("1:10ms 2:10ms 3:10ms")
		time.Sleep(time.Second)
		for i, q := range all[1:] {
			last := i
			if i%3 == 0 { // it has read for the others
				last = min(i+2, 6)
			}
			q.expect(t, fmt.Sprintf("%d:10ms", i+1), time.Second+10*time.Millisecond*time.Duration(last+1))
		}
		s.expectBatches("4:10ms 5:10ms 6:10ms", "7:10ms")
		s.expectConnections(1, 0)
		got := s.db.LaneStats()
		if got.Open != 1 || got.Busy != 0 || got.Waiting != 0 || got.Batches.Count() != 4 || got.Batches.Sum != 8 {
			t.Errorf("got %+v, want an idle lane, and eight statements in four batches", got)
		}
		if st := s.db.Stats(); st.Busy != 0 || st.Idle != 1 || st.Statements != 8 {
			t.Errorf("got %+v, want the lane's connection idle", st)
		}
	})
}

// TestLaneIsPassedOn has clients that ask again at once: each waits behind those
// who have come meanwhile, and leads no more often than they do.
func TestLaneIsPassedOn(t *testing.T) {
	onStage(t, func(c *Config) { c.LaneBatch = 1 }, func(t *testing.T, s *stage) {
		e := s.route()
		a, b, c := s.ask(e, "a:10ms"), s.ask(e, "b:10ms"), s.ask(e, "c:10ms")
		for range 3 {
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
			for _, q := range []**visit{&a, &b, &c} {
				if o := (*q).outcome(); o.ended {
					*q = s.ask(e, "again "+o.got[7:8]+":10ms")
				}
			}
		}
		time.Sleep(time.Second)
		s.expectBatches("a:10ms", "b:10ms", "c:10ms", "again a:10ms", "again b:10ms", "again c:10ms")
	})
}

func TestLanesOpenAsNeeded(t *testing.T) {
	onStage(t, func(c *Config) { c.Lanes = 3 }, func(t *testing.T, s *stage) {
		e := s.route()
		for range 5 {
			s.ask(e, "a").expect(t, "a", 0)
		}
		s.expectConnections(1, 0)
		var all []*visit
		want := []string{"a:100ms", "b:200ms", "c:300ms", "d:10ms", "e:10ms"}
		for _, v := range want {
			all = append(all, s.ask(e, v))
		}
		if got := s.db.LaneStats(); got.Max != 3 || got.Open != 3 || got.Busy != 3 || got.Waiting != 2 {
			t.Errorf("got %+v, want three lanes busy and two requests waiting", got)
		}
		time.Sleep(time.Second)
		for i, q := range all {
			q.expect(t, want[i], []time.Duration{100, 200, 300, 120, 120}[i]*time.Millisecond)
		}
		s.expectConnections(3, 0)
	})
}

// TestLaneBounds tries what goes alone because of its size, and how many bytes
// travel together.
func TestLaneBounds(t *testing.T) {
	onStage(t, func(c *Config) { c.LaneBatch = 64 }, func(t *testing.T, s *stage) {
		e := s.route()
		first := s.ask(e, "a:1s")
		large := strings.Repeat("x", maxExecution)
		s.ask(e, large).expect(t, large, 0)
		s.expectConnections(2, 0)
		if r := s.db.lanes.newRider(&call{args: []wire.Argument{{Text: make([]byte, 17<<20)}}}, e); r != nil {
			t.Error("a statement rides that does not even fit into one packet")
		}
		if got := s.db.LaneStats(); got.Waiting != 0 {
			t.Errorf("got %+v, want large statements not to wait", got)
		}
		fits := strings.Repeat("x", maxExecution-22)
		var all []*visit
		for range 33 {
			all = append(all, s.ask(e, fits))
		}
		if got := s.db.LaneStats(); got.Waiting != len(all) {
			t.Errorf("got %+v, want %d waiting", got, len(all))
		}
		time.Sleep(time.Second)
		first.expect(t, "a:1s", time.Second)
		for _, q := range all {
			q.expect(t, fits, time.Second)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		var sizes []int
		for _, b := range s.batches {
			sizes = append(sizes, len(strings.Fields(b)))
		}
		if got, want := fmt.Sprint(sizes[len(sizes)-3:]), "[16 16 1]"; got != want {
			t.Errorf("got batches of %s, want %s: 64 kB at a time", got, want)
		}
	})
}

// TestLaneAnswerTooLarge has a route that does not know its bounds: its answer
// comes on a connection of its own, those of the others nevertheless, and the
// lanes see it no more for a while.
func TestLaneAnswerTooLarge(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		var told []PutOff
		e := s.route()
		huge := s.route(func(c *EndpointConfig) { c.PutOff = func(p PutOff) { told = append(told, p) } })
		s.ask(e, "a:1s")
		b, c, d := s.ask(e, "b"), s.ask(huge, "c:large 70000"), s.ask(e, "d")
		time.Sleep(time.Second)
		b.expect(t, "b", time.Second)
		c.expect(t, "c:large 70000"+strings.Repeat("x", 70000), time.Second)
		d.expect(t, "d", time.Second)
		if got := s.db.LaneStats(); got.Reruns != 2 || got.PutOff != 1 || got.PutOffs != 1 {
			t.Errorf("got %+v, want two statements run again and one route put off", got)
		}
		if len(told) != 1 || told[0].For != firstBan || !strings.Contains(told[0].Reason, "64 KiB") {
			t.Errorf("got %v, want to be told of the size", told)
		}
		statements := s.db.LaneStats().Batches.Sum
		s.ask(huge, "e").expect(t, "e", 0)
		if got := s.db.LaneStats().Batches.Sum; got != statements {
			t.Error("the route rides although it has been put off")
		}
		time.Sleep(firstBan)
		s.ask(huge, "f").expect(t, "f", 0)
		if got := s.db.LaneStats(); got.Batches.Sum != statements+1 || got.PutOff != 0 {
			t.Errorf("got %+v, want the route to ride again", got)
		}
	})
}

func TestLaneQueueIsBounded(t *testing.T) {
	onStage(t, func(c *Config) { c.Max, c.LaneQueue = 2, 1 }, func(t *testing.T, s *stage) {
		e := s.route()
		a, b, c := s.ask(e, "a:1s"), s.ask(e, "b"), s.ask(e, "c:1s")
		s.ask(e, "d").expectError(t, ErrPoolFull, 0)
		time.Sleep(time.Second)
		a.expect(t, "a:1s", time.Second)
		b.expect(t, "b", time.Second)
		c.expect(t, "c:1s", time.Second)
		if got := s.db.LaneStats(); got.Batches.Sum != 2 {
			t.Errorf("got %+v, want a and b to ride", got)
		}
	})
	onStage(t, func(c *Config) { c.Max, c.LaneQueue, c.Overflow, c.Wait = 2, 0, "queue", 5*time.Second }, func(t *testing.T, s *stage) {
		e := s.route()
		a, b, c := s.ask(e, "a:500ms"), s.ask(e, "b:500ms"), s.ask(e, "c:500ms")
		time.Sleep(time.Second)
		a.expect(t, "a:500ms", 500*time.Millisecond)
		b.expect(t, "b:500ms", 500*time.Millisecond)
		c.expect(t, "c:500ms", time.Second)
	})
}

func TestWithoutLanes(t *testing.T) {
	f := func(change func(*Config)) {
		t.Helper()
		onStage(t, change, func(t *testing.T, s *stage) {
			for range 3 {
				s.ask(s.route(), "a").expect(t, "a", 0)
			}
			if got := s.db.LaneStats(); got.Max != 0 || got.Open != 0 || got.Batches.Sum != 0 {
				t.Errorf("got %+v, want no lane", got)
			}
		})
	}
	f(func(c *Config) { c.Lanes = 0 })
	f(func(c *Config) { c.Max = 1 })
}

// TestLanesCountInMax holds that a lane's connection is one of Max, whether it
// is busy or not, and that at least one of them is left to the others.
func TestLanesCountInMax(t *testing.T) {
	onStage(t, func(c *Config) { c.Max, c.Lanes, c.LaneQueue = 3, 2, 1 }, func(t *testing.T, s *stage) {
		rides, alone := s.route(), s.route(func(c *EndpointConfig) { c.Lane = LaneNever })
		a, b := s.ask(rides, "a:1s"), s.ask(rides, "b:1s")
		c := s.ask(alone, "c:1s")
		s.ask(alone, "d").expectError(t, ErrPoolFull, 0)
		if got := s.db.Stats(); got.Busy != 3 || got.Idle != 0 {
			t.Errorf("got %+v, want three connections busy", got)
		}
		time.Sleep(time.Second)
		for q, v := range map[*visit]string{a: "a:1s", b: "b:1s", c: "c:1s"} {
			q.expect(t, v, time.Second)
		}
		if got := s.db.Stats(); got.Busy != 0 || got.Idle != 3 {
			t.Errorf("got %+v, want three connections idle", got)
		}
		s.ask(alone, "c:1s")
		s.ask(alone, "d").expectError(t, ErrPoolFull, 0)
		time.Sleep(time.Second)
		s.expectConnections(3, 0)
	})
}

// TestLaneAmongOthers has no slot of the gate left for a second lane, and then
// none for the first: who would ride waits for the lane there is, or is
// answered as overflow says.
func TestLaneAmongOthers(t *testing.T) {
	onStage(t, func(c *Config) { c.Max, c.Lanes = 3, 2 }, func(t *testing.T, s *stage) {
		rides, alone := s.route(), s.route(func(c *EndpointConfig) { c.Lane = LaneNever })
		others := []*visit{s.ask(alone, "0:1s"), s.ask(alone, "0:1s")}
		a, b := s.ask(rides, "a:100ms"), s.ask(rides, "b:100ms")
		others = append(others, s.ask(rides, "0:800ms"))
		if got := s.db.LaneStats(); got.Open != 1 || got.Waiting != 2 {
			t.Errorf("got %+v, want two waiting for one lane", got)
		}
		time.Sleep(time.Second)
		a.expect(t, "a:100ms", 100*time.Millisecond)
		b.expect(t, "b:100ms", time.Second) // it has read for the last one
		for i, v := range []string{"0:1s", "0:1s", "0:800ms"} {
			others[i].expect(t, v, time.Second)
		}
	})
	onStage(t, func(c *Config) { c.Max = 2 }, func(t *testing.T, s *stage) {
		alone := s.route(func(c *EndpointConfig) { c.Lane = LaneNever })
		s.ask(alone, "0:1s")
		s.ask(alone, "0:1s")
		s.ask(s.route(), "a").expectError(t, ErrPoolFull, 0)
		time.Sleep(time.Second)
	})
}

func TestIdleLanesEnd(t *testing.T) {
	f := func(change func(*Config), after time.Duration) {
		t.Helper()
		onStage(t, func(c *Config) {
			c.Lanes, c.IdleTimeout, c.Lifetime = 2, 24*time.Hour, 24*time.Hour
			change(c)
		}, func(t *testing.T, s *stage) {
			e := s.route()
			s.ask(e, "a:1s")
			s.ask(e, "b:1s")
			time.Sleep(after / 2)
			if got := s.db.LaneStats(); got.Open != 2 {
				t.Errorf("got %+v, want two lanes", got)
			}
			time.Sleep(after)
			synctest.Wait()
			if got, st := s.db.LaneStats(), s.db.Stats(); got.Open != 0 || st.Idle != 0 || s.db.open() != 0 {
				t.Errorf("got %+v, %+v, want no connection", got, st)
			}
			s.ask(e, "c").expect(t, "c", 0)
			s.expectConnections(3, 0)
		})
	}
	f(func(c *Config) { c.IdleTimeout = 10 * time.Minute }, 10*time.Minute)
	f(func(c *Config) { c.Lifetime = 30 * time.Minute }, 30*time.Minute)
}

// TestLaneLifetime has a lane's connection come of age while many wait for it:
// it is replaced between two batches, and nobody notices.
func TestLaneLifetime(t *testing.T) {
	onStage(t, func(c *Config) { c.Max, c.Lifetime, c.LaneBatch, c.Timeout = 2, 10*time.Second, 2, time.Minute }, func(t *testing.T, s *stage) {
		e := s.route()
		var all []*visit
		for range 30 {
			all = append(all, s.ask(e, "a:1s"))
		}
		time.Sleep(time.Minute)
		for i, q := range all {
			last := i + (i % 2) // the first goes alone, then each leads for two
			if last > 29 {
				last = 29
			}
			q.expect(t, "a:1s", time.Second*time.Duration(last+1))
		}
		s.expectConnections(3, 0)
	})
}

// TestLaneConnectionThatHasEnded has the server close a lane that is idle: whoever
// comes next does not notice, and with the next sweep it would be gone.
func TestLaneConnectionThatHasEnded(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route()
		s.ask(e, "a").expect(t, "a", 0)
		s.hangUp()
		s.ask(e, "b").expect(t, "b", 0)
		s.expectConnections(2, 0)
		if got, st := s.db.LaneStats(), s.db.Stats(); got.Reruns != 1 || st.Reconnects != 1 {
			t.Errorf("got %+v, %+v, want one statement run again", got, st)
		}
	})
}

// TestCloseWithLanes closes the database with riders under way and waiting: they
// are answered, and whoever comes later is refused.
func TestCloseWithLanes(t *testing.T) {
	onStage(t, func(c *Config) { c.Lanes, c.LaneBatch = 2, 2 }, func(t *testing.T, s *stage) {
		e := s.route()
		s.ask(e, "idle")
		var all []*visit
		want := []string{"a:500ms", "b:600ms", "c:500ms", "d:500ms", "e:500ms", "f:500ms"}
		for _, v := range want {
			all = append(all, s.ask(e, v))
		}
		closed := make(chan error, 1)
		go func() { closed <- s.db.Close(context.Background()) }()
		synctest.Wait()
		s.ask(e, "b").expectError(t, ErrUnavailable, 0)
		select {
		case err := <-closed:
			t.Errorf("closed with %v while statements run", err)
		default:
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		for i, q := range all {
			q.expect(t, want[i], []time.Duration{500, 600, 1500, 1500, 1600, 1600}[i]*time.Millisecond)
		}
	})
}

// TestLanesAndOutages takes the database away: who is under way or waits is told
// at once, so is everybody else, and soon after it is back all is well.
func TestLanesAndOutages(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route()
		for range 2 {
			a, b := s.ask(e, "a:1s"), s.ask(e, "b")
			time.Sleep(300 * time.Millisecond)
			s.refuse(true)
			s.hangUp()
			a.expectError(t, ErrUnavailable, 300*time.Millisecond)
			b.expectError(t, ErrUnavailable, 300*time.Millisecond)
			time.Sleep(time.Minute)
			s.ask(e, "c").expectError(t, ErrUnavailable, 0)
			s.refuse(false)
			time.Sleep(2 * probePeriod)
			s.ask(e, "d").expect(t, "d", 0)
		}
		if got := s.db.Stats(); got.Outages != 2 || got.Down {
			t.Errorf("got %+v, want two outages that are over", got)
		}
	})
}

// TestLaneThatCannotConnect has connecting fail, or hang: whoever waits for the
// lane is told, or served in time.
func TestLaneThatCannotConnect(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route()
		s.hesitate(time.Second)
		a, b := s.ask(e, "a"), s.ask(e, "b")
		c := s.ask(e, "c", 500*time.Millisecond)
		time.Sleep(time.Second)
		a.expect(t, "a", time.Second)
		b.expect(t, "b", time.Second)
		c.expectError(t, ErrTimeout, 500*time.Millisecond)
		s.expectBatches("a b")
	})
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route()
		s.hesitate(time.Minute)
		a := s.ask(e, "a", time.Second)
		b := s.ask(e, "b", 1500*time.Millisecond)
		time.Sleep(2 * time.Second)
		a.expectError(t, ErrTimeout, time.Second)
		b.expectError(t, ErrTimeout, 1500*time.Millisecond)
		s.hesitate(0)
		time.Sleep(time.Minute)
		s.ask(e, "c").expect(t, "c", 0)
	})
}
