package sqlapi

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zerohop/sqlapi/wire"
)

// watch is a connection of the test's own to look at the server with.
type watch struct {
	t    testing.TB
	conn *wire.Conn
}

func watchMariaDB(t testing.TB) watch {
	t.Helper()
	d, err := wire.NewDialer(wire.DialerConfig{DSN: mariaDB(t).DSN(), MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := d.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return watch{t, conn}
}

// do runs a statement without rows.
func (w watch) do(sql string) {
	w.t.Helper()
	w.conn.SetDeadline(time.Now().Add(10 * time.Second))
	w.conn.Query(sql)
	if err := errors.Join(w.conn.Flush(), w.conn.ReadResult(new(wire.Result))); err != nil {
		w.t.Fatal(err)
	}
}

// number asks for one number.
func (w watch) number(sql string) int {
	w.t.Helper()
	w.conn.SetDeadline(time.Now().Add(10 * time.Second))
	w.conn.Query(sql)
	if err := w.conn.Flush(); err != nil {
		w.t.Fatal(err)
	}
	var r wire.Result
	if err := w.conn.ReadResult(&r); err != nil {
		w.t.Fatal(err)
	}
	row, err := w.conn.ReadRow()
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := row.Next(&r.Columns[0])
	if err != nil {
		w.t.Fatal(err)
	}
	text, _ := v.Text()
	n, err := strconv.Atoi(string(text))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.conn.ReadRow(); err == nil {
		w.t.Fatal("there is more than one row")
	}
	return n
}

// others counts the server's connections but for the watcher's own.
func (w watch) others() int {
	return w.number("select count(*) from information_schema.processlist where user = 'root' and id <> connection_id()")
}

// sleeping counts the statements that sleep.
func (w watch) sleeping() int {
	return w.number("select count(*) from information_schema.processlist where info like '%sleep(%' and id <> connection_id()")
}

// awaitQuiet returns when nobody sleeps any more: what an earlier test has had
// killed may still be in the list for a moment, and is not to be taken for what
// comes.
func (w watch) awaitQuiet() {
	w.t.Helper()
	eventually(w.t, 5*time.Second, "nobody sleeps", func() bool { return w.sleeping() == 0 })
}

// thread is the watcher's own number.
func (w watch) thread() string { return fmt.Sprint(w.conn.Server().ThreadID) }

// lockedUpdate is a statement that waits for as long as the row of lockNote is
// locked. Tests that have several statements ended at once use it, and not
// SLEEP(): on some MariaDB servers the KILL of one of several sleepers waits for
// the others, and the whole server with it, for two seconds.
const lockedUpdate = "update note set n = n + 1"

// lockNote gives the table note a row, and locks it until the test ends.
func (w watch) lockNote() {
	w.t.Helper()
	w.do("insert into zerohop.note (n) values (1)")
	w.do("begin")
	if got := w.number("select n from zerohop.note for update"); got != 1 {
		w.t.Fatalf("got %d, want the row", got)
	}
}

// locked counts the statements that wait for the row.
func (w watch) locked() int {
	return w.number("select count(*) from information_schema.processlist where info like 'update note%'")
}

// eventually waits until ok, and fails after so long.
func eventually(t testing.TB, within time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, within)
		}
	}
}

func TestPoolIsBounded(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max = 5
	e := endpoint(t, open(t, cfg), "select sleep(0.2) as s")
	w := watchMariaDB(t)
	eventually(t, 5*time.Second, "the connections of tests before", func() bool { return w.others() == 0 })

	var answered, refused atomic.Int32
	var slowest atomic.Int64
	var clients sync.WaitGroup
	for range 50 {
		clients.Go(func() {
			began := time.Now()
			got, err := serve(e, asker{}, "")
			switch {
			case err == nil && got == `[{"s":0}]`:
				answered.Add(1)
			case errors.Is(err, ErrPoolFull):
				refused.Add(1)
				if took := int64(time.Since(began)); took > slowest.Load() {
					slowest.Store(took)
				}
			default:
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
	done := make(chan struct{})
	go func() { clients.Wait(); close(done) }()
	most := 0
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
			most = max(most, w.others())
		}
	}
	if most > 5 || most < 5 {
		t.Errorf("got %d connections, want 5", most)
	}
	if answered.Load() != 5 || refused.Load() != 45 {
		t.Errorf("got %d answered and %d refused, want 5 and 45", answered.Load(), refused.Load())
	}
	if got := time.Duration(slowest.Load()); got > 150*time.Millisecond {
		t.Errorf("a refusal took %v", got)
	}
}

func TestDeadlineEndsTheStatement(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Timeout = 300 * time.Millisecond
	cfg.Max = 2
	db := open(t, cfg)
	e := endpoint(t, db, "select sleep(5)")
	w := watchMariaDB(t)
	began := time.Now()
	_, err := serve(e, asker{}, "")
	took := time.Since(began)
	if !errors.Is(err, ErrTimeout) || took < 290*time.Millisecond || took > time.Second {
		t.Errorf("got %v after %v, want %v after 300ms", err, took, ErrTimeout)
	}
	eventually(t, time.Second, "the statement is gone", func() bool { return w.sleeping() == 0 })
	eventually(t, time.Second, "the slot is back", func() bool { return db.Stats().Busy == 0 })
	if got, err := serve(endpoint(t, db, "select 1 as n"), asker{}, ""); err != nil || got != `[{"n":1}]` {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestKilledConnectionKeepsItsSlot overloads a small pool with statements that
// are killed: the server never sees a connection too many.
func TestKilledConnectionKeepsItsSlot(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Timeout = 30 * time.Millisecond
	cfg.Max = 3
	e := endpoint(t, open(t, cfg), lockedUpdate)
	w := watchMariaDB(t)
	eventually(t, 5*time.Second, "the connections of tests before", func() bool { return w.others() == 0 })
	w.lockNote()
	stop := time.Now().Add(time.Second)
	var clients sync.WaitGroup
	for range 10 {
		clients.Go(func() {
			for time.Now().Before(stop) {
				if _, err := serve(e, asker{}, ""); err == nil {
					t.Error("got an answer although the row is locked")
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	most := 0
	for time.Now().Before(stop) {
		most = max(most, w.others())
	}
	clients.Wait()
	if most > 3+1 {
		t.Errorf("got %d connections, want at most 3 and the control one", most)
	}
	eventually(t, 3*time.Second, "nothing waits", func() bool { return w.locked() == 0 })
}

func TestServerSideLimit(t *testing.T) {
	// The request's deadline is far away: only the server's own limit can end this.
	cfg := mariaDBConfig(t)
	db := open(t, cfg)
	short := db.cfg
	short.Timeout = 100 * time.Millisecond
	db.cfg.Timeout = 10 * time.Second
	res, err := db.pool.Acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s := res.Value()
	s.settings = settings(s.conn.Server(), &short)
	s.clean = false
	s.conn.SetDeadline(time.Now().Add(5 * time.Second))
	if err := s.cleanse(); err != nil {
		t.Fatal(err)
	}
	res.Release()
	began := time.Now()
	_, err = serve(endpoint(t, db, "select count(*) from information_schema.columns a, information_schema.columns b, information_schema.columns c"), asker{}, "")
	if !errors.Is(err, ErrTimeout) || time.Since(began) > 5*time.Second {
		t.Errorf("got %v after %v, want %v", err, time.Since(began), ErrTimeout)
	}
	if db.pool.Stat().TotalResources() != 1 {
		t.Error("the connection was not kept")
	}
}

func TestRequestDeadlineCounts(t *testing.T) {
	e := endpoint(t, open(t, mariaDBConfig(t)), "select sleep(5)")
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := serve(e, asker{Context: ctx}, "")
	if took := time.Since(began); !errors.Is(err, ErrTimeout) || took > time.Second {
		t.Errorf("got %v after %v, want %v", err, took, ErrTimeout)
	}
	if _, err := serve(e, asker{Context: ctx}, ""); !errors.Is(err, ErrTimeout) {
		t.Errorf("got %v, want %v", err, ErrTimeout)
	}
}

func TestIdleConnectionsAreReusedLastFirst(t *testing.T) {
	cfg := mariaDBConfig(t)
	db := open(t, cfg)
	slow, id := endpoint(t, db, "select sleep(0.05)"), endpoint(t, db, "select connection_id() as id")
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() { serve(slow, asker{}, "") })
	}
	clients.Wait()
	if got := db.pool.Stat().IdleResources(); got != 4 {
		t.Fatalf("got %d idle connections, want 4", got)
	}
	first, err := serve(id, asker{}, "")
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if got, err := serve(id, asker{}, ""); err != nil || got != first {
			t.Errorf("got %s, %v, want %s again", got, err, first)
		}
	}
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.IdleTimeout = 100 * time.Millisecond
	db := open(t, cfg)
	e := endpoint(t, db, "select 1 as n")
	w := watchMariaDB(t)
	if _, err := serve(e, asker{}, ""); err != nil {
		t.Fatal(err)
	}
	if got := db.pool.Stat().TotalResources(); got != 1 {
		t.Errorf("got %d connections, want 1", got)
	}
	eventually(t, 3*time.Second, "the idle connection is gone", func() bool { return w.others() == 0 })
	eventually(t, time.Second, "its slot is back", func() bool { return db.Stats().Busy == 0 })
	if got, err := serve(e, asker{}, ""); err != nil || got != `[{"n":1}]` {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestClosedConnectionIsReplaced has the server close idle connections: no
// request notices, whether it reads or writes.
func TestClosedConnectionIsReplaced(t *testing.T) {
	cfg := mariaDBConfig(t)
	db := open(t, cfg)
	w := watchMariaDB(t)
	f := func(sql, want string) {
		t.Helper()
		e := endpoint(t, db, sql)
		if _, err := serve(e, asker{}, ""); err != nil {
			t.Fatal(err)
		}
		if err := mariaDB(t).Run(killOthers(w)); err != nil {
			t.Fatal(err)
		}
		eventually(t, 3*time.Second, "the server has closed them", func() bool { return w.others() == 0 })
		got, err := serve(e, asker{}, "")
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", sql, got, err, want)
		}
	}
	f("select 1 as n", `[{"n":1}]`)
	f("update note set n = 1", `{"errcode":0,"errstr":"Rows matched: 0  Changed: 0  Warnings: 0"}`)
}

// TestServerIsKilledUnderLoad kills the server and brings it back while many
// ask: no wrong answer, ErrUnavailable meanwhile, answers again within a second.
func TestServerIsKilledUnderLoad(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max = 32
	e := endpoint(t, open(t, cfg), "select :query.v as v")
	var stop atomic.Bool
	var good, bad, outside atomic.Int64
	var clients sync.WaitGroup
	for i := range 16 {
		clients.Go(func() {
			for n := 0; !stop.Load(); n++ {
				v := fmt.Sprintf("%d-%d", i, n)
				got, err := serve(e, asker{}, "v="+v)
				switch {
				case err == nil && got == `[{"v":"`+v+`"}]`:
					good.Add(1)
				case errors.Is(err, ErrUnavailable):
					outside.Add(1)
					time.Sleep(time.Millisecond)
				default:
					bad.Add(1)
					t.Errorf("got %s, %v", got, err)
				}
			}
		})
	}
	for range 2 {
		before := good.Load()
		eventually(t, 5*time.Second, "answers before", func() bool { return good.Load() > before+100 })
		mariaDB(t).Kill()
		seen := outside.Load()
		eventually(t, 5*time.Second, "the outage shows", func() bool { return outside.Load() > seen+20 })
		if err := mariaDB(t).Restart(); err != nil {
			t.Fatal(err)
		}
		before = good.Load()
		eventually(t, time.Second, "answers again", func() bool { return good.Load() > before+16 })
	}
	stop.Store(true)
	clients.Wait()
	if got := e.db.Stats().Busy; got != 0 {
		t.Errorf("got %d slots taken, want 0", got)
	}
}

func TestTooLargeResultIsGivenUp(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.MaxBytes = 64 << 10
	db := open(t, cfg)
	_, err := serve(endpoint(t, db, "select repeat('x', 100000) as x"), asker{}, "")
	if !errors.Is(err, ErrTooLong) || !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("got %v, want %v", err, ErrTooLong)
	}
	if got, err := serve(endpoint(t, db, "select 1 as n"), asker{}, ""); err != nil || got != `[{"n":1}]` {
		t.Errorf("got %s, %v", got, err)
	}
	eventually(t, 3*time.Second, "the slots are back", func() bool { return db.Stats().Busy == 0 })
}

func TestCloseWaitsForStatements(t *testing.T) {
	db, err := New(mariaDBConfig(t))
	if err != nil {
		t.Fatal(err)
	}
	e := endpoint(t, db, "select sleep(0.2) as s")
	type outcome struct {
		got string
		err error
	}
	asked := make(chan outcome)
	go func() {
		got, err := serve(e, asker{}, "")
		asked <- outcome{got, err}
	}()
	eventually(t, 5*time.Second, "the statement runs", func() bool { return db.pool.Stat().AcquiredResources() == 1 })
	expired, cancel := context.WithCancel(context.Background())
	cancel()
	if err := db.Close(expired); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if got := <-asked; got.err != nil || got.got != `[{"s":0}]` {
		t.Errorf("got %+v", got)
	}
	eventually(t, 5*time.Second, "everything is closed", func() bool { return db.pool.Stat().TotalResources() == 0 })
	if _, err := serve(e, asker{}, ""); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want %v", err, ErrUnavailable)
	}
}

func TestConfigValidate(t *testing.T) {
	f := func(change func(*Config), want ...string) {
		t.Helper()
		cfg := Config{DSN: "u:hunter2@tcp(127.0.0.1:3306)/d"}
		cfg.SetDefaults()
		change(&cfg)
		faults := cfg.Validate()
		if len(faults) != len(want) {
			t.Fatalf("got %v, want %v", faults, want)
		}
		for i, fault := range faults {
			field, problem, hint, _ := fault.(*FieldError).FieldFault()
			if field != want[i] || problem == "" || strings.Contains(problem+hint+fault.Error(), "hunter2") {
				t.Errorf("got %v, want a fault of %s", fault, want[i])
			}
		}
	}
	f(func(*Config) {})
	f(func(c *Config) { c.DSN = "embedded" })
	f(func(c *Config) { c.DSN = "" }, "dsn")
	f(func(c *Config) { c.DSN = "u:hunter2@tcp(x" }, "dsn")
	f(func(c *Config) { c.DSN += "?charset=gbk" }, "dsn")
	f(func(c *Config) { c.DSN += "?tls=preferred" }, "dsn")
	f(func(c *Config) { c.Max = 0; c.Overflow = "drop" }, "max", "overflow")
	f(func(c *Config) { c.Overflow = "queue"; c.Queue = 1; c.Wait = time.Millisecond; c.Min = 100 })
	f(func(c *Config) { c.Min = 101; c.Queue = 0; c.Wait = 0; c.Lifetime = 0 }, "min", "queue", "wait", "lifetime")
	f(func(c *Config) { c.IdleTimeout = -1; c.Timeout = 0; c.MaxBytes = 1 }, "idle_timeout", "timeout", "max_bytes")
	f(func(c *Config) { c.Max = 1 << 20; c.Timeout = 48 * time.Hour }, "max", "timeout")
}
