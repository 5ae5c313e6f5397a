package sqlapi

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi/wire"
)

// stage is a database whose server the test plays: it echoes the parameter of
// every statement, and does before what the parameter says behind a colon.
//
//	a            answer
//	a:3s         answer after so long
//	a:error 1690 refuse
//	a:large 9000 answer with so many bytes more
//	a:hang up 3s close the connection after so long, without an answer
//	a:break      close the connection the first time, and answer the second
//	a:forget     forget every statement the first time, and answer the second
//	a:burst      answer in two pieces
//
// It lives in a bubble of synctest, where a connection is a pipe and time
// passes when everybody waits.
type stage struct {
	t  *testing.T
	db *Database

	mu      sync.Mutex
	batches []string // what came in one write, with a blank between
	plan    string   // what EXPLAIN shows: the access, and the rows
	asked   int      // how many times it was
	opened  int      // connections
	killed  int
	played  bool          // :break or :forget has been played once
	deaf    bool          // nobody can connect
	pause   time.Duration // before the greeting
	actors  map[uint32]*actor
}

// onStage runs a test with one lane, in which nothing is slow, or what change
// makes of that.
func onStage(t *testing.T, change func(*Config), test func(t *testing.T, s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{DSN: "root@tcp(stage:1)/zerohop"}
		cfg.SetDefaults()
		cfg.Lanes, cfg.LaneSlow = 1, time.Hour
		change(&cfg)
		db := open(t, cfg)
		s := &stage{t: t, db: db, plan: "const 1", actors: map[uint32]*actor{}}
		dialer, err := wire.NewDialer(wire.DialerConfig{DSN: cfg.DSN, MaxBytes: cfg.MaxBytes, Dial: s.dial})
		if err != nil {
			t.Fatal(err)
		}
		db.dialer, db.killer.dialer = dialer, dialer
		test(t, s)
		// A connection that is killed keeps its slot until its end is seen, or
		// for two seconds.
		time.Sleep(3 * time.Second)
		synctest.Wait()
		s.expectAllBack()
	})
}

// expectAllBack wants every slot of the gate back but those of idle lanes, and
// nobody waiting.
func (s *stage) expectAllBack() {
	s.t.Helper()
	st, lanes := s.db.Stats(), s.db.LaneStats()
	if busy, _ := s.db.gate.load(); st.Busy != 0 || lanes.Busy != 0 || lanes.Waiting != 0 || busy != lanes.Open {
		s.t.Errorf("got %+v, %+v and %d slots taken, want nothing under way", st, lanes, busy)
	}
}

// route returns a route whose statement rides, unless change says otherwise.
func (s *stage) route(change ...func(*EndpointConfig)) *Endpoint {
	s.t.Helper()
	cfg := EndpointConfig{SQL: "select v from t where v = :query.v", LaneConfig: LaneConfig{Lane: LaneAlways}}
	for _, c := range change {
		c(&cfg)
	}
	e, err := s.db.Endpoint(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

// visit is a request under way, or one that has ended.
type visit struct {
	*visitor
	end atomic.Pointer[visitEnd]
}

// visitEnd is how a visit has ended, if it has.
type visitEnd struct {
	got   string
	err   error
	took  time.Duration
	panic any
	ended bool
}

// ask starts a request with a parameter, and returns when it waits for
// something. Without a limit the request's time is the database's.
func (s *stage) ask(e *Endpoint, v string, limit ...time.Duration) *visit {
	q := &visit{visitor: newVisitor()}
	cancel := q.leave
	if len(limit) > 0 {
		q.Context, cancel = context.WithTimeout(q.Context, limit[0])
	}
	go func() {
		defer cancel()
		o := &visitEnd{ended: true}
		began := time.Now()
		defer func() {
			o.panic, o.took = recover(), time.Since(began)
			q.end.Store(o)
		}()
		rc := new(fasthttp.RequestCtx)
		rc.Request.Header.SetMethod("GET")
		rc.Request.URI().QueryArgs().Set("v", v)
		o.err = e.Serve(q, rc)
		o.got = string(rc.Response.Body())
	}()
	synctest.Wait()
	return q
}

// outcome returns how the visit has ended, once everybody waits for something.
func (q *visit) outcome() visitEnd {
	synctest.Wait()
	if o := q.end.Load(); o != nil {
		return *o
	}
	return visitEnd{}
}

// expect wants the visit to have ended with the echo of a parameter, after so long.
func (q *visit) expect(t *testing.T, v string, after time.Duration) {
	t.Helper()
	o, want := q.outcome(), `[{"v":"`+v+`"}]`
	if !o.ended || o.err != nil || o.got != want || o.took != after {
		t.Errorf("got %t, %.100s, %v after %v, want %.100s after %v", o.ended, o.got, o.err, o.took, want, after)
	}
}

// expectError wants the visit to have failed after so long, with nothing written.
func (q *visit) expectError(t *testing.T, want error, after time.Duration) {
	t.Helper()
	o := q.outcome()
	if !o.ended || !errors.Is(o.err, want) || o.got != "" || o.took != after {
		t.Errorf("got %t, %q, %v after %v, want %v after %v", o.ended, o.got, o.err, o.took, want, after)
	}
}

// expectBatches wants to have seen these writes of statements since the last time.
func (s *stage) expectBatches(want ...string) {
	s.t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := strings.Join(s.batches, " | "); got != strings.Join(want, " | ") {
		s.t.Errorf("got the batches %s, want %s", got, strings.Join(want, " | "))
	}
	s.batches = nil
}

// expectConnections wants so many connections opened and killed since the start.
func (s *stage) expectConnections(opened, killed int) {
	s.t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened != opened || s.killed != killed {
		s.t.Errorf("got %d connections opened and %d killed, want %d and %d", s.opened, s.killed, opened, killed)
	}
}

// explains sets what EXPLAIN shows from now on, and returns how many times the
// server was asked.
func (s *stage) explains(plan string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan = plan
	return s.asked
}

// refuse has the server accept no connection any more, or accept them again.
func (s *stage) refuse(deaf bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaf = deaf
}

// hesitate has the server take its time before it greets a client.
func (s *stage) hesitate(pause time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pause = pause
}

// hangUp has the server close every connection.
func (s *stage) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.actors {
		a.nc.Close()
	}
}

// dial opens a connection; the server's half of it is an actor.
func (s *stage) dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deaf {
		return nil, syscall.ECONNREFUSED
	}
	client, server := net.Pipe()
	s.opened++
	a := &actor{stage: s, nc: server, id: uint32(s.opened), gone: make(chan struct{}), statements: map[uint32]string{}}
	s.actors[a.id] = a
	go a.listen()
	return fragile{client}, nil
}
