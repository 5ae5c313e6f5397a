package sqlapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"zerohop/sqlapi/wire"
)

// atOnce is how long an answer may take that needs no look at the network,
// where the tests share the machine with others. It is 20 ms on a quiet one.
const atOnce = 100 * time.Millisecond

// expectRefusal asks once and wants to be told at once that the database is down.
func expectRefusal(t *testing.T, e *Endpoint) {
	t.Helper()
	began := time.Now()
	_, err := serve(e, asker{}, "")
	if took := time.Since(began); !errors.Is(err, ErrUnavailable) || took > atOnce {
		t.Errorf("got %v after %v, want %v at once", err, took, ErrUnavailable)
	}
}

func TestDatabaseThatIsDown(t *testing.T) {
	cfg := Config{DSN: "root@tcp(127.0.0.1:1)/zerohop"}
	cfg.SetDefaults()
	db := open(t, cfg)
	e := endpoint(t, db, "select 1 as n")
	for range 3 {
		expectRefusal(t, e)
	}
	got := db.Stats()
	if want := (Stats{Max: 100, Down: true, ConnectFailures: 1, Outages: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestOutageIsProbed wants a database that is down asked again at once, and
// then every 250 ms until it answers.
func TestOutageIsProbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := gated(t, func(*Config) {})
		var tries atomic.Int32
		count := func(context.Context, string, string) (net.Conn, error) {
			if tries.Add(1) > 5 {
				return nil, syscall.EMFILE // which says nothing about the server
			}
			return nil, syscall.ECONNREFUSED
		}
		var err error
		if db.dialer, err = wire.NewDialer(wire.DialerConfig{DSN: db.cfg.DSN, MaxBytes: db.cfg.MaxBytes, Dial: count}); err != nil {
			t.Fatal(err)
		}
		db.suspend(errSilent)
		for want := range int32(5) {
			synctest.Wait()
			if got := tries.Load(); got != want+1 || !db.Stats().Down {
				t.Errorf("got %d tries after %v, want %d", got, time.Duration(want)*probePeriod, want+1)
			}
			if err := db.admit(newCall(t.Context(), time.Hour)); !errors.Is(err, ErrUnavailable) {
				t.Errorf("got %v, want %v", err, ErrUnavailable)
			}
			time.Sleep(probePeriod)
		}
		synctest.Wait()
		if got := db.Stats(); got.Down || got.Outages != 1 {
			t.Errorf("got %+v, want the outage over", got)
		}
		if err := db.admit(newCall(t.Context(), time.Hour)); err != nil {
			t.Error(err)
		}
	})
}

// TestServerThatHangs stops the server without ending it: what is under way
// ends at its deadline, then everything is refused at once, and all is well
// soon after the server goes on. Another database does not notice.
func TestServerThatHangs(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Timeout = 200 * time.Millisecond
	cfg.Max = 4
	db := open(t, cfg)
	e := endpoint(t, db, "select 1 as n")
	trial := Config{DSN: "embedded"}
	trial.SetDefaults()
	trial.Timeout = 10 * time.Second
	other := endpoint(t, open(t, trial), "select 2 as n")
	works := func() bool {
		got, err := serve(e, asker{}, "")
		return err == nil && got == `[{"n":1}]`
	}
	if !works() {
		t.Fatal("no answer before")
	}
	stopped := false
	defer func() {
		if stopped {
			mariaDB(t).Signal(syscall.SIGCONT)
		}
	}()
	for round := range 2 {
		mariaDB(t).Signal(syscall.SIGSTOP)
		stopped = true
		var err error
		var took time.Duration
		eventually(t, 5*time.Second, "the server stops", func() bool {
			began := time.Now()
			_, err = serve(e, asker{}, "")
			took = time.Since(began)
			return err != nil
		})
		if !errors.Is(err, ErrTimeout) || took > time.Second {
			t.Errorf("got %v after %v, want %v at the deadline", err, took, ErrTimeout)
		}
		eventually(t, 3*time.Second, "the outage is found", func() bool { return db.Stats().Down })
		for range 20 {
			expectRefusal(t, e)
		}
		if got, err := serve(other, asker{}, ""); err != nil || got != `[{"n":2}]` {
			t.Errorf("another database: got %s, %v", got, err)
		}
		if round == 1 { // longer than any deadline of ours
			time.Sleep(2500 * time.Millisecond)
			expectRefusal(t, e)
		}
		mariaDB(t).Signal(syscall.SIGCONT)
		stopped = false
		eventually(t, 2*time.Second, "answers again", works)
	}
	eventually(t, 5*time.Second, "the slots are back", func() bool { return db.Stats().Busy == 0 })
	if got := db.Stats(); got.Down || got.Outages < 2 {
		t.Errorf("got %+v, want two outages that are over", got)
	}
}

// TestSlowRouteClosesNothing has one route run into its deadline all the time,
// as the row that it wants is locked: the others go on.
func TestSlowRouteClosesNothing(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Timeout = 150 * time.Millisecond
	cfg.Max = 20
	db := open(t, cfg)
	slow, quick := endpoint(t, db, lockedUpdate), endpoint(t, db, "select 1 as n")
	watchMariaDB(t).lockNote()
	stop := time.Now().Add(1500 * time.Millisecond)
	var clients sync.WaitGroup
	for range 6 {
		clients.Go(func() {
			for time.Now().Before(stop) {
				if _, err := serve(slow, asker{}, ""); !errors.Is(err, ErrTimeout) {
					t.Errorf("got %v, want %v", err, ErrTimeout)
				}
			}
		})
	}
	clients.Go(func() {
		for time.Now().Before(stop) {
			if got, err := serve(quick, asker{}, ""); err != nil || got != `[{"n":1}]` {
				t.Errorf("got %s, %v", got, err)
			}
			time.Sleep(time.Millisecond)
		}
	})
	clients.Wait()
	eventually(t, 3*time.Second, "the slots are back", func() bool { return db.Stats().Busy == 0 })
	if got := db.Stats(); got.Outages != 0 || got.Kills == 0 || got.Timeouts < 6 || got.Kills != got.Timeouts {
		t.Errorf("got %+v, want as many kills as timeouts and no outage", got)
	}
}

// deaf is a listener that stands for a server in trouble: it does with each
// connection what it is told, and counts them.
type deaf struct {
	net.Listener
	accepted atomic.Int64
	open     atomic.Int64
	most     atomic.Int64
}

// newDeaf starts a listener that either hangs up at once, or never says a word.
func newDeaf(t *testing.T, hangUp bool) *deaf {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &deaf{Listener: l}
	var serving sync.WaitGroup
	t.Cleanup(func() { l.Close(); serving.Wait() })
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			d.accepted.Add(1)
			d.most.Store(max(d.most.Load(), d.open.Add(1)))
			serving.Go(func() {
				defer d.open.Add(-1)
				defer conn.Close()
				if !hangUp {
					conn.Read(make([]byte, 1))
				}
			})
		}
	})
	return d
}

// config returns a database at the listener.
func (d *deaf) config(parameters string) Config {
	cfg := Config{DSN: fmt.Sprintf("root@tcp(%s)/zerohop%s", d.Addr(), parameters)}
	cfg.SetDefaults()
	return cfg
}

// TestDeadServerIsLeftAlone has many clients ask for a database whose server
// hangs up: it sees the probes, and not the clients.
func TestDeadServerIsLeftAlone(t *testing.T) {
	d := newDeaf(t, true)
	cfg := d.config("")
	cfg.Max = 4
	e := endpoint(t, open(t, cfg), "select 1 as n")
	stop := time.Now().Add(time.Second)
	var asked atomic.Int64
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			for time.Now().Before(stop) {
				if _, err := serve(e, asker{}, ""); !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrPoolFull) {
					t.Errorf("got %v, want %v", err, ErrUnavailable)
				}
				asked.Add(1)
				time.Sleep(time.Millisecond)
			}
		})
	}
	clients.Wait()
	// The first requests may each have tried, then there is a probe at once
	// and one every 250 ms.
	if got := d.accepted.Load(); got > 4+2+5 {
		t.Errorf("got %d connects for %d requests, want one every 250ms", got, asked.Load())
	}
}

// TestServerThatSaysNothing has connecting hang: requests end at their
// deadlines, slots come back, there are never more connections than allowed,
// and when connecting has failed nobody waits any more.
func TestServerThatSaysNothing(t *testing.T) {
	d := newDeaf(t, false)
	cfg := d.config("?timeout=1s")
	cfg.Max, cfg.Timeout, cfg.Lanes = 3, 300*time.Millisecond, 0
	db := open(t, cfg)
	e := endpoint(t, db, "select 1 as n")
	var clients sync.WaitGroup
	for range 12 {
		clients.Go(func() {
			began := time.Now()
			_, err := serve(e, asker{}, "")
			if took := time.Since(began); took > time.Second || !errors.Is(err, ErrTimeout) && !errors.Is(err, ErrPoolFull) {
				t.Errorf("got %v after %v, want %v after 300ms, or %v", err, took, ErrTimeout, ErrPoolFull)
			}
		})
	}
	clients.Wait()
	if got := db.Stats(); got.Busy != 0 || got.Timeouts != 3 || got.Rejected != 9 {
		t.Errorf("got %+v, want 3 timeouts, 9 rejected and no slot taken", got)
	}
	eventually(t, 3*time.Second, "the outage is found", func() bool { return db.Stats().Down })
	for range 5 {
		expectRefusal(t, e)
	}
	eventually(t, 3*time.Second, "the pool is empty", func() bool { return db.open() == 0 })
	if got := d.most.Load(); got > 3+1 {
		t.Errorf("got %d connections at once, want at most 3 and a probe", got)
	}
}

// TestCloseDuringAnOutage holds that neither a probe nor a connect that hangs
// keeps a database from closing.
func TestCloseDuringAnOutage(t *testing.T) {
	d := newDeaf(t, false)
	cfg := d.config("")
	cfg.Timeout, cfg.Min = 50*time.Millisecond, 2
	db, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Open(); err != nil {
		t.Fatal(err)
	}
	if _, err := serve(endpoint(t, db, "select 1"), asker{}, ""); !errors.Is(err, ErrTimeout) {
		t.Errorf("got %v, want %v", err, ErrTimeout)
	}
	db.suspend(errSilent)
	eventually(t, 3*time.Second, "a probe hangs", func() bool { return d.open.Load() >= 3 })
	began := time.Now()
	for range 2 {
		if err := db.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("closing took %v", took)
	}
}

func TestUnreachable(t *testing.T) {
	f := func(err error, want bool) {
		t.Helper()
		if got := unreachable(fmt.Errorf("connect: %w", err)); got != want {
			t.Errorf("%v: got %t, want %t", err, got, want)
		}
	}
	f(syscall.ECONNREFUSED, true)
	f(syscall.ENOENT, true)
	f(context.DeadlineExceeded, true)
	f(wire.ErrProtocol, true)
	f(context.Canceled, false)
	f(&net.OpError{Op: "dial", Err: syscall.EMFILE}, false)
	f(&wire.ServerError{Number: 1040}, false)
	f(&wire.ServerError{Number: 1045}, false)
	f(errPanic, false)
}

// TestServerThatRefusesIsUp has the server refuse new connections in its own
// words: those that are open go on.
func TestServerThatRefusesIsUp(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max = 2
	db := open(t, cfg)
	e := endpoint(t, db, "select 1 as n")
	wrong := cfg
	wrong.DSN = "nobody:wrong@tcp(" + mariaDB(t).Address() + ")/zerohop"
	stranger := open(t, wrong)
	for range 3 {
		_, err := serve(endpoint(t, stranger, "select 1 as n"), asker{}, "")
		if refused, ok := errors.AsType[*wire.ServerError](err); !errors.Is(err, ErrUnavailable) || !ok || refused.Number != 1045 {
			t.Errorf("got %v, want %v with the server's refusal", err, ErrUnavailable)
		}
	}
	if got := stranger.Stats(); got.Down || got.ConnectFailures != 3 {
		t.Errorf("got %+v, want three failures and no outage", got)
	}
	if got, err := serve(e, asker{}, ""); err != nil || got != `[{"n":1}]` {
		t.Errorf("got %s, %v", got, err)
	}
}
