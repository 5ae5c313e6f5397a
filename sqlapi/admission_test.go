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

// gated returns a database that is only asked for admission.
func gated(t *testing.T, change func(*Config)) *Database {
	t.Helper()
	cfg := Config{DSN: "root@tcp(127.0.0.1:1)/nowhere"}
	cfg.SetDefaults()
	cfg.Max, cfg.Overflow = 1, "queue"
	change(&cfg)
	db, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }
	if db.dialer, err = wire.NewDialer(wire.DialerConfig{DSN: cfg.DSN, MaxBytes: cfg.MaxBytes, Dial: refuse}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.background.stop)
	return db
}

func TestAdmissionIsFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := gated(t, func(c *Config) { c.Queue, c.Wait = 5, time.Minute })
		ask := func() error { return db.admit(newCall(t.Context(), time.Hour)) }
		if err := ask(); err != nil {
			t.Fatal(err)
		}
		order := make(chan int, 5)
		for i := range 5 {
			go func() {
				if err := ask(); err != nil {
					t.Error(err)
				}
				order <- i
			}()
			synctest.Wait() // so that they come one after the other
		}
		if err := ask(); !errors.Is(err, ErrPoolFull) {
			t.Errorf("got %v, want %v", err, ErrPoolFull)
		}
		for want := range 5 {
			db.gate.leave()
			if got := <-order; got != want {
				t.Errorf("got the slot given to %d, want %d", got, want)
			}
		}
		if got := db.Stats(); got.Rejected != 1 || got.Busy != 1 || got.Waiting != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

// TestAdmissionEnds tries every way in which waiting can end without a slot,
// and when it does.
func TestAdmissionEnds(t *testing.T) {
	f := func(want error, after time.Duration, change func(*Config), timeout time.Duration, meanwhile func(*Database, context.CancelFunc)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			db := gated(t, change)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			db.gate.enter()
			began := time.Now()
			go meanwhile(db, cancel)
			err := db.admit(newCall(ctx, timeout))
			if took := time.Since(began); !errors.Is(err, want) || took != after {
				t.Errorf("got %v after %v, want %v after %v", err, took, want, after)
			}
			if busy, waiting := db.gate.load(); waiting != 0 || busy != 1 {
				t.Errorf("got %d busy and %d waiting, want 1 and 0", busy, waiting)
			}
		})
	}
	nothing := func(*Database, context.CancelFunc) {}
	f(ErrPoolFull, 0, func(c *Config) { c.Overflow = "reject" }, time.Hour, nothing)
	f(ErrPoolFull, 250*time.Millisecond, func(*Config) {}, time.Hour, nothing)
	f(ErrPoolFull, time.Second, func(c *Config) { c.Wait = time.Second }, time.Hour, nothing)
	f(ErrTimeout, 100*time.Millisecond, func(*Config) {}, 100*time.Millisecond, nothing)
	f(ErrAbandoned, 50*time.Millisecond, func(*Config) {}, time.Hour, func(_ *Database, leave context.CancelFunc) {
		time.Sleep(50 * time.Millisecond)
		leave()
	})
	f(ErrUnavailable, 50*time.Millisecond, func(*Config) {}, time.Hour, func(db *Database, _ context.CancelFunc) {
		time.Sleep(50 * time.Millisecond)
		db.suspend(errSilent)
	})
}

func TestQueueOnMariaDB(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max, cfg.Overflow, cfg.Queue, cfg.Wait = 2, "queue", 4, 20*time.Second
	cfg.Timeout = 20 * time.Second
	db := open(t, cfg)
	e := endpoint(t, db, "select sleep(0.3) as s")
	var answered, refused atomic.Int32
	var clients sync.WaitGroup
	for range 9 {
		clients.Go(func() {
			got, err := serve(e, asker{}, "")
			switch {
			case err == nil && got == `[{"s":0}]`:
				answered.Add(1)
			case errors.Is(err, ErrPoolFull):
				refused.Add(1)
			default:
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
	clients.Wait()
	if answered.Load() != 6 || refused.Load() != 3 {
		t.Errorf("got %d answered and %d refused, want 6 and 3", answered.Load(), refused.Load())
	}
	eventually(t, time.Second, "the slots are back", func() bool { return db.Stats().Busy == 0 })
	got := db.Stats()
	got.Idle = 0
	if want := (Stats{Max: 2, Statements: 6, Rejected: 3, Connects: 2}); got != want {
		t.Errorf("got %s, want %s", fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
	}
}
