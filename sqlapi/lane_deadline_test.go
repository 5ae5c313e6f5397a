package sqlapi

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// inBatch starts requests that travel together on the lane: it is busy for
// 10ms when they come.
func (s *stage) inBatch(e *Endpoint, starts ...func(e *Endpoint) *visit) []*visit {
	s.t.Helper()
	first := s.ask(e, "first:10ms")
	var all []*visit
	for _, start := range starts {
		all = append(all, start(e))
	}
	time.Sleep(10 * time.Millisecond)
	first.expect(s.t, "first:10ms", 10*time.Millisecond)
	return all
}

// asks returns what starts a request.
func (s *stage) asks(v string, limit ...time.Duration) func(*Endpoint) *visit {
	return func(e *Endpoint) *visit { return s.ask(e, v, limit...) }
}

const ms = time.Millisecond

func TestDeadlineInTheQueue(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route()
		a, b, c := s.ask(e, "a:1s"), s.ask(e, "b", 300*ms), s.ask(e, "c")
		time.Sleep(time.Second)
		b.expectError(t, ErrTimeout, 300*ms)
		a.expect(t, "a:1s", time.Second)
		c.expect(t, "c", time.Second)
		s.expectBatches("a:1s", "c")
		s.expectConnections(1, 0)
	})
}

// TestDeadlineUnderWay has a rider's time pass while the server is at another
// statement: its answer is thrown away, and nobody else gets it.
func TestDeadlineUnderWay(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route()
		q := s.inBatch(e, s.asks("a:500ms"), s.asks("b", 300*ms), s.asks("c:500ms"))
		time.Sleep(time.Second)
		q[0].expect(t, "a:500ms", 1010*ms) // it has read for c
		q[1].expectError(t, ErrTimeout, 300*ms)
		q[2].expect(t, "c:500ms", 1010*ms)
		s.ask(e, "d").expect(t, "d", 0)
		s.expectConnections(1, 0)
	})
}

// TestDeadlineOfTheStatement has the server be late with the statement that it
// is at: that is ended with its connection, and the others run elsewhere.
func TestDeadlineOfTheStatement(t *testing.T) {
	f := func(name string, killed int, test func(t *testing.T, s *stage, e *Endpoint)) {
		t.Run(name, func(t *testing.T) {
			onStage(t, asUsual, func(t *testing.T, s *stage) {
				e := s.route()
				test(t, s, e)
				s.ask(e, "z").expect(t, "z", 0)
				synctest.Wait()
				s.mu.Lock()
				defer s.mu.Unlock()
				if s.killed != killed || s.db.Stats().Kills == 0 {
					t.Errorf("got %d connections killed, want %d", s.killed, killed)
				}
			})
		})
	}
	f("of a leader that is alone", 1, func(t *testing.T, s *stage, e *Endpoint) {
		a := s.ask(e, "a:10s", 300*ms)
		time.Sleep(time.Second)
		a.expectError(t, ErrTimeout, 300*ms)
	})
	f("of a leader", 1, func(t *testing.T, s *stage, e *Endpoint) {
		q := s.inBatch(e, s.asks("a:10s", 310*ms), s.asks("b"), s.asks("c"))
		time.Sleep(time.Second)
		q[0].expectError(t, ErrTimeout, 310*ms)
		q[1].expect(t, "b", 310*ms)
		q[2].expect(t, "c", 310*ms)
	})
	f("of a follower", 1, func(t *testing.T, s *stage, e *Endpoint) {
		q := s.inBatch(e, s.asks("a"), s.asks("b:10s", 310*ms), s.asks("c"))
		time.Sleep(time.Second)
		q[0].expect(t, "a", 310*ms) // it has read for the others
		q[1].expectError(t, ErrTimeout, 310*ms)
		q[2].expect(t, "c", 310*ms)
	})
	f("of all", 1, func(t *testing.T, s *stage, e *Endpoint) {
		q := s.inBatch(e, s.asks("a:10s", 310*ms), s.asks("b", 310*ms), s.asks("c", 310*ms))
		time.Sleep(time.Second)
		for _, q := range q {
			q.expectError(t, ErrTimeout, 310*ms)
		}
	})
}

// TestDeadlineOfALeader has the time of a leader pass while it reads for others:
// somebody else goes on, and the answer that it has by then is its own.
func TestDeadlineOfALeader(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route()
		q := s.inBatch(e, s.asks("a", 310*ms), s.asks("b:500ms"), s.asks("c:50ms", 400*ms), s.asks("d:500ms"))
		time.Sleep(2 * time.Second)
		q[0].expect(t, "a", 310*ms)
		q[1].expect(t, "b:500ms", 1060*ms) // it has read for d
		q[2].expectError(t, ErrTimeout, 400*ms)
		q[3].expect(t, "d:500ms", 1060*ms)
		s.ask(e, "e").expect(t, "e", 0)
		s.expectConnections(1, 0)
	})
}

// TestOverload has more come than the server can take, so that everybody's
// time is nearly over when the turn comes: that costs no connection while
// anybody is left who wants it.
func TestOverload(t *testing.T) {
	onStage(t, func(c *Config) { c.Max, c.Timeout = 2, 100*ms }, func(t *testing.T, s *stage) {
		e := s.route()
		var all []*visit
		for range 2000 { // one each millisecond, where one each two can be answered
			all = append(all, s.ask(e, "a:2ms"))
			time.Sleep(ms)
		}
		s.expectConnections(1, 0)
		time.Sleep(time.Second)
		for _, q := range all {
			o := q.outcome()
			if !o.ended || o.err == nil && o.got != `[{"v":"a:2ms"}]` || o.err != nil && !errors.Is(o.err, ErrTimeout) {
				t.Errorf("got %s, %v", o.got, o.err)
			}
		}
	})
}

// TestCalled has all of a batch leave, while somebody waits for the lane: who
// does reads the answers that nobody wants, and then it is its own turn.
func TestCalled(t *testing.T) {
	f := func(name, head string, test func(t *testing.T, s *stage, called []*visit)) {
		t.Run(name, func(t *testing.T) {
			onStage(t, asUsual, func(t *testing.T, s *stage) {
				e := s.route()
				gone := s.inBatch(e, s.asks(head), s.asks("b"))
				called := []*visit{s.ask(e, "c"), s.ask(e, "d"), s.ask(e, "e")}
				for _, q := range gone {
					q.abandon()
					q.expectError(t, ErrAbandoned, 10*ms)
				}
				test(t, s, called)
			})
		})
	}
	f("in order", "a:500ms", func(t *testing.T, s *stage, called []*visit) {
		time.Sleep(time.Second)
		for i, v := range []string{"c", "d", "e"} {
			called[i].expect(t, v, 500*ms)
		}
		s.expectBatches("first:10ms", "a:500ms b", "c d e")
		s.expectConnections(1, 0)
	})
	f("the first leaves too", "a:500ms", func(t *testing.T, s *stage, called []*visit) {
		called[0].abandon()
		called[0].expectError(t, ErrAbandoned, 0)
		time.Sleep(time.Second)
		for i, v := range []string{"d", "e"} {
			called[i+1].expect(t, v, 500*ms)
		}
	})
	f("in vain", "a:hang up 500ms", func(t *testing.T, s *stage, called []*visit) {
		time.Sleep(time.Second)
		for i, v := range []string{"c", "d", "e"} {
			called[i].expect(t, v, 500*ms)
		}
		s.expectConnections(3, 0) // c has one of its own, and d and e the next of the lane
	})
}

// TestLeave, which counts the control connection too, has clients leave in every position: those who are left get their
// answers, and the connection stays where the server's answer is awaited.
func TestLeave(t *testing.T) {
	f := func(name string, opened, killed int, test func(t *testing.T, s *stage, e *Endpoint)) {
		t.Run(name, func(t *testing.T) {
			onStage(t, asUsual, func(t *testing.T, s *stage) {
				e := s.route()
				test(t, s, e)
				s.ask(e, "z").expect(t, "z", 0)
				s.expectConnections(opened, killed)
			})
		})
	}
	f("in the queue", 1, 0, func(t *testing.T, s *stage, e *Endpoint) {
		a, b, c := s.ask(e, "a:1s"), s.ask(e, "b"), s.ask(e, "c")
		time.Sleep(300 * ms)
		b.abandon()
		b.expectError(t, ErrAbandoned, 300*ms)
		time.Sleep(time.Second)
		a.expect(t, "a:1s", time.Second)
		c.expect(t, "c", time.Second)
	})
	f("under way", 1, 0, func(t *testing.T, s *stage, e *Endpoint) {
		q := s.inBatch(e, s.asks("a:500ms"), s.asks("b:200ms"), s.asks("c"))
		q[1].abandon()
		q[1].expectError(t, ErrAbandoned, 10*ms)
		time.Sleep(time.Second)
		q[0].expect(t, "a:500ms", 710*ms)
		q[2].expect(t, "c", 710*ms)
	})
	f("a leader that is alone", 3, 1, func(t *testing.T, s *stage, e *Endpoint) {
		a := s.ask(e, "a:1s")
		time.Sleep(300 * ms)
		a.abandon()
		a.expectError(t, ErrAbandoned, 300*ms)
	})
	f("one leader after the other", 1, 0, func(t *testing.T, s *stage, e *Endpoint) {
		q := s.inBatch(e, s.asks("a:1s"), s.asks("b"), s.asks("c:500ms"), s.asks("d"))
		for i := range 2 {
			time.Sleep(100 * ms)
			q[i].abandon()
			q[i].expectError(t, ErrAbandoned, 10*ms+100*ms*time.Duration(i+1))
		}
		time.Sleep(2 * time.Second)
		q[2].expect(t, "c:500ms", 1510*ms)
		q[3].expect(t, "d", 1510*ms)
	})
	f("a leader that has its answer", 1, 0, func(t *testing.T, s *stage, e *Endpoint) {
		q := s.inBatch(e, s.asks("a"), s.asks("b:500ms"), s.asks("c"))
		time.Sleep(100 * ms)
		q[0].abandon()
		q[0].expect(t, "a", 110*ms)
		time.Sleep(time.Second)
		q[1].expect(t, "b:500ms", 510*ms)
		q[2].expect(t, "c", 510*ms)
	})
	f("everybody", 3, 1, func(t *testing.T, s *stage, e *Endpoint) {
		q := s.inBatch(e, s.asks("a:1s"), s.asks("b"), s.asks("c"))
		for _, i := range []int{2, 0, 1} {
			time.Sleep(100 * ms)
			q[i].abandon()
		}
		for i, after := range []time.Duration{210 * ms, 310 * ms, 110 * ms} {
			q[i].expectError(t, ErrAbandoned, after)
		}
	})
	f("before anything is sent", 1, 0, func(t *testing.T, s *stage, e *Endpoint) {
		s.ask(e, "y")
		v := newVisitor()
		v.left = true
		if _, err := serve(e, asker{Context: v}, "v=a"); !errors.Is(err, ErrAbandoned) {
			t.Errorf("got %v, want %v", err, ErrAbandoned)
		}
	})
}

// TestLeaveWhileConnecting has the client leave for whom the lane is opened:
// whoever waits for it goes on.
func TestLeaveWhileConnecting(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route()
		s.hesitate(time.Second)
		a, b, c := s.ask(e, "a"), s.ask(e, "b"), s.ask(e, "c")
		time.Sleep(100 * ms)
		a.abandon()
		a.expectError(t, ErrAbandoned, 100*ms)
		time.Sleep(2 * time.Second)
		for q, v := range map[*visit]string{b: "b", c: "c"} {
			if o := q.outcome(); o.err != nil || o.got != `[{"v":"`+v+`"}]` {
				t.Errorf("got %s, %v, want an answer", o.got, o.err)
			}
		}
		s.expectBatches("b c")
	})
}

// TestLeaveWhilePreparing has the leader's client leave before its statement is
// sent: that is noticed as soon as the others come to no harm by it.
func TestLeaveWhilePreparing(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		slowly := s.route(func(c *EndpointConfig) { c.SQL = "select slowly from t where v = :query.v" })
		q := s.inBatch(s.route(), func(*Endpoint) *visit { return s.ask(slowly, "a:500ms") }, s.asks("b"), s.asks("c"))
		time.Sleep(50 * ms)
		q[0].abandon()
		time.Sleep(time.Second)
		q[0].expectError(t, ErrAbandoned, 110*ms)
		q[1].expect(t, "b", 610*ms)
		q[2].expect(t, "c", 610*ms)
		s.expectConnections(1, 0)
	})
}

// TestLeaveAtAnyTurn has every follower of a long batch leave or run out of
// time, each at another moment.
func TestLeaveAtAnyTurn(t *testing.T) {
	onStage(t, asUsual, func(t *testing.T, s *stage) {
		e := s.route()
		for round := range 50 {
			var starts []func(*Endpoint) *visit
			for i := range 16 {
				limit := time.Duration(10+(i*37+round*13)%90) * ms
				if i%3 == 2 {
					limit = time.Second
				}
				starts = append(starts, s.asks(fmt.Sprintf("%d:3ms", i), limit))
			}
			q := s.inBatch(e, starts...)
			for i := 0; i < len(q); i += 4 {
				time.Sleep(time.Duration(round%5) * 2 * ms)
				q[i].abandon()
			}
			time.Sleep(time.Second)
			for i, q := range q {
				want := fmt.Sprintf(`[{"v":"%d:3ms"}]`, i)
				o := q.outcome()
				if !o.ended || o.err == nil && o.got != want || o.err != nil && !errors.Is(o.err, ErrTimeout) && !errors.Is(o.err, ErrAbandoned) {
					t.Errorf("round %d, %d: got %s, %v, want %s", round, i, o.got, o.err, want)
				}
			}
		}
	})
}
