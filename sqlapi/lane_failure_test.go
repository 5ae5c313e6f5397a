package sqlapi

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestLaneErrors has statements of a batch refused: each refusal belongs to the
// request whose statement it is.
func TestLaneErrors(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route()
		wrong := s.route(func(c *EndpointConfig) { c.SQL = "select wrong from t where v = :query.v" })
		q := s.inBatch(e, s.asks("a:error 1690"), s.asks("b"), s.asks("c:error 1242"), func(*Endpoint) *visit { return s.ask(wrong, "d") }, s.asks("e"))
		q[0].expectError(t, ErrUnprocessable, 10*ms)
		q[1].expect(t, "b", 10*ms)
		q[2].expectError(t, ErrStatement, 10*ms)
		q[3].expectError(t, ErrStatement, 10*ms)
		q[4].expect(t, "e", 10*ms)
		for i, number := range map[int]uint16{0: 1690, 2: 1242, 3: 1064} {
			if got := refusal(q[i].outcome().err); got != number {
				t.Errorf("got error %d, want %d", got, number)
			}
		}
		s.expectConnections(1, 0)
		if got := s.db.LaneStats(); got.Reruns != 0 {
			t.Errorf("got %+v, want nothing run again", got)
		}
	})
}

// TestLaneLosesAStatement has the server forget what it has prepared: the
// statements run again, and the next ones are prepared anew.
func TestLaneLosesAStatement(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route(func(c *EndpointConfig) { c.Lane = LaneAuto })
		q := s.inBatch(e, s.asks("a"), s.asks("b:forget"), s.asks("c"))
		q[0].expect(t, "a", 10*ms)
		q[1].expect(t, "b:forget", 10*ms)
		q[2].expect(t, "c", 10*ms)
		if got := s.explains("const 1"); got != 2 {
			t.Errorf("got %d questions, want one at first and one when it is prepared again", got)
		}
		s.mu.Lock()
		s.batches = nil
		s.mu.Unlock()
		q = s.inBatch(e, s.asks("d"), s.asks("e"))
		q[0].expect(t, "d", 10*ms)
		q[1].expect(t, "e", 10*ms)
		s.expectBatches("first:10ms", "d e")
		if got := s.explains("const 1"); got != 2 {
			t.Errorf("got %d questions, want no more", got)
		}
	})
}

// TestLaneBreaks has the connection break in the middle of a batch: the answers
// that have come stand, the others come over the next, which is the only one.
func TestLaneBreaks(t *testing.T) {
	onStage(t, func(c *Config) { c.Max = 2 }, func(t *testing.T, s *stage) {
		e := s.route()
		starts := []func(*Endpoint) *visit{s.asks("0"), s.asks("1:break")}
		for i := 2; i < 16; i++ {
			starts = append(starts, s.asks(fmt.Sprint(i)))
		}
		for i, q := range s.inBatch(e, starts...) {
			want := fmt.Sprint(i)
			if i == 1 {
				want = "1:break"
			}
			q.expect(t, want, 10*ms)
		}
		if got, st := s.db.LaneStats(), s.db.Stats(); got.Reruns != 15 || st.Retries != 0 || st.Kills != 0 || st.Rejected != 0 {
			t.Errorf("got %+v, %+v, want fifteen statements run again", got, st)
		}
		s.expectConnections(2, 0)
	})
}

// TestLaneBreaksEachTime has a statement that costs every connection: it is given
// up, and the others are answered.
func TestLaneBreaksEachTime(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route()
		q := s.inBatch(e, s.asks("a"), s.asks("b:hang up"), s.asks("c"), s.asks("d"))
		q[0].expect(t, "a", 10*ms)
		q[1].expectError(t, ErrUnavailable, 10*ms)
		q[2].expect(t, "c", 10*ms)
		q[3].expect(t, "d", 10*ms)
		s.mu.Lock()
		defer s.mu.Unlock()
		if n := strings.Count(strings.Join(s.batches, " "), "b:hang"); n != 3 {
			t.Errorf("got %d tries of it, want 3: two with others, and one alone", n)
		}
	})
}

// TestLaneErrorThatEnds has the server say that it ends the connection.
func TestLaneErrorThatEnds(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route()
		q := s.inBatch(e, s.asks("a"), s.asks("b:error 1927"), s.asks("c"))
		q[0].expect(t, "a", 10*ms)
		q[1].expectError(t, ErrUnavailable, 10*ms)
		q[2].expect(t, "c", 10*ms)
	})
}

// TestLanePanics has something panic for one rider: its request does, and no other.
func TestLanePanics(t *testing.T) {
	f := func(name string, positions ...int) {
		t.Run(name, func(t *testing.T) {
			onStage(t, asUsual, func(t *testing.T, s *stage) {
				e := s.route()
				var starts []func(*Endpoint) *visit
				for i := range 4 {
					starts = append(starts, s.asks(fmt.Sprint(i)))
				}
				for _, i := range positions {
					starts[i] = s.asks("panic:burst")
				}
				for i, q := range s.inBatch(e, starts...) {
					if slices.Contains(positions, i) {
						if o := q.outcome(); o.got != "" || !strings.Contains(fmt.Sprint(o.panic), "set off") {
							t.Errorf("%d: got %v, %s, want the panic", i, o.panic, o.got)
						}
						continue
					}
					q.expect(t, fmt.Sprint(i), 10*ms)
				}
				s.ask(e, "z").expect(t, "z", 0)
			})
		})
	}
	f("of the leader", 0)
	f("of a follower", 2)
	f("of the last", 3)
	f("of two", 1, 2)
}

// TestLanePanicsForOneWhoHasLeft counts a panic that has nowhere to go.
func TestLanePanicsForOneWhoHasLeft(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route()
		q := s.inBatch(e, s.asks("a:50ms"), s.asks("panic:burst"), s.asks("c"))
		q[1].abandon()
		time.Sleep(time.Second)
		q[0].expect(t, "a:50ms", 60*ms)
		q[1].expectError(t, ErrAbandoned, 10*ms)
		q[2].expect(t, "c", 60*ms)
		if got := s.db.Stats(); got.Panics != 1 {
			t.Errorf("got %+v, want a panic counted", got)
		}
	})
}

// TestLanePanicsOfTheLeader has the leader panic where it works for all: the
// others are answered all the same.
func TestLanePanicsOfTheLeader(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route()
		explosive := s.route(func(c *EndpointConfig) { c.SQL = "select explosive from t where v = :query.v" })
		refused := s.route(func(c *EndpointConfig) { c.SQL = "select wrong from t where v = :query.v" })
		q := s.inBatch(e, s.asks("a"), func(*Endpoint) *visit { return s.ask(refused, "b") }, s.asks("c"),
			func(*Endpoint) *visit { return s.ask(explosive, "d") }, s.asks("e"))
		time.Sleep(time.Second)
		for _, i := range []int{0, 3} {
			if q[i].outcome().panic == nil {
				t.Errorf("%d: got no panic", i)
			}
		}
		q[1].expectError(t, ErrStatement, 10*ms)
		q[2].expect(t, "c", 10*ms)
		q[4].expect(t, "e", 10*ms)
		s.ask(e, "z").expect(t, "z", 0)
	})
}

// TestLanesAreGuarded has a route that says that it is short, and is not: it is
// put off, so that the others no longer wait for it.
func TestLanesAreGuarded(t *testing.T) {
	onStage(t, func(c *Config) { c.LaneSlow = 5 * ms }, func(t *testing.T, s *stage) {
		var told []PutOff
		quick := s.route()
		slow := s.route(func(c *EndpointConfig) { c.PutOff = func(p PutOff) { told = append(told, p) } })
		held := 0
		for range 10 {
			a, b := s.ask(slow, "a:50ms"), s.ask(quick, "b")
			time.Sleep(50 * ms)
			a.expect(t, "a:50ms", 50*ms)
			o := b.outcome()
			if o.took > 0 {
				held++
			}
			if !o.ended || o.err != nil {
				t.Errorf("got %v", o.err)
			}
		}
		if held != paceRow {
			t.Errorf("got %d requests held up, want %d", held, paceRow)
		}
		if len(told) != 1 || told[0].For != firstBan || !strings.Contains(told[0].Reason, "50ms each") {
			t.Errorf("got %v, want to be told why", told)
		}
		if got := s.db.LaneStats(); got.PutOff != 1 || got.PutOffs != 1 {
			t.Errorf("got %+v, want a route put off", got)
		}
		time.Sleep(firstBan)
		if got := s.db.LaneStats(); got.PutOff != 0 {
			t.Errorf("got %+v, want no route put off any more", got)
		}
	})
}

// TestLaneAsksOnce has a crowd come when nothing is known of the statement.
func TestLaneAsksOnce(t *testing.T) {
	onStage(t, func(c *Config) { c.Lanes = 2 }, func(t *testing.T, s *stage) {
		e := s.route(func(c *EndpointConfig) { c.Lane = LaneAuto })
		s.hesitate(10 * ms)
		var all []*visit
		for i := range 256 {
			all = append(all, s.ask(e, fmt.Sprint(i)))
		}
		time.Sleep(time.Second)
		for i, q := range all {
			q.expect(t, fmt.Sprint(i), 10*ms)
		}
		if got := s.explains("ALL 9"); got < 1 || got > 2 { // two lanes may ask at the same moment
			t.Errorf("got %d questions, want one", got)
		}
		s.expectConnections(2, 0)
	})
}

// TestPlanChanges has the plan become worse, and better again: the statement
// leaves the lanes when the server is asked again, and comes back.
func TestPlanChanges(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route(func(c *EndpointConfig) { c.Lane = LaneAuto })
		f := func(plan string, rides bool, asked int) {
			t.Helper()
			s.explains(plan)
			before := s.db.LaneStats().Batches.Sum
			for range 3 {
				s.ask(e, "a").expect(t, "a", 0)
			}
			if got := s.db.LaneStats().Batches.Sum - before; got != map[bool]float64{true: 3}[rides] {
				t.Errorf("got %v of 3 statements in a lane, want %t", got, rides)
			}
			if got := s.explains(plan); got != asked {
				t.Errorf("got %d questions, want %d", got, asked)
			}
		}
		f("const 1", true, 1)
		f("ALL 3", true, 1)
		time.Sleep(explained)
		f("ALL 3", false, 2)
		f("ref 3", false, 2)
		time.Sleep(explained)
		f("ref 3", true, 3)
	})
}
