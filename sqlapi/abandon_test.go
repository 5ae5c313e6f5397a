package sqlapi

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"
)

// visitor is a request whose client may leave.
type visitor struct {
	context.Context
	leave context.CancelFunc

	mu      sync.Mutex
	left    bool
	running Aborter
	began   chan struct{} // one for each statement that runs
}

func newVisitor() *visitor {
	ctx, cancel := context.WithCancel(context.Background())
	return &visitor{Context: ctx, leave: cancel, began: make(chan struct{}, 10)}
}

func (v *visitor) Value(key any) any {
	if key == any(AbandonKey) {
		return v
	}
	return v.Context.Value(key)
}

func (v *visitor) Running(a Aborter) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.running = a
	if a != nil {
		v.began <- struct{}{}
	}
	return !v.left
}

func (v *visitor) abandon() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.left = true
	v.leave()
	if v.running != nil {
		v.running.Abort()
	}
}

// A statement ends on the server soon after its client has left, and its slot
// is there for the next.
func TestAbandonEndsTheStatement(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max, cfg.Timeout = 1, 30*time.Second
	db := open(t, cfg)
	slow := endpoint(t, db, "select sleep(10) as s")
	quick := endpoint(t, db, "select 1 as one")
	w := watchMariaDB(t)
	w.awaitQuiet()
	v := newVisitor()
	ended := make(chan error, 1)
	go func() {
		_, err := serve(slow, asker{Context: v}, "")
		ended <- err
	}()
	<-v.began
	eventually(t, 5*time.Second, "the statement runs", func() bool { return w.sleeping() == 1 })
	v.abandon()
	select {
	case err := <-ended:
		if !errors.Is(err, ErrAbandoned) || errors.Is(err, ErrTimeout) || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v, want %v alone", err, ErrAbandoned)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the request goes on without its client")
	}
	eventually(t, time.Second, "the statement ends on the server", func() bool { return w.sleeping() == 0 })
	eventually(t, 2*time.Second, "the slot is free", func() bool {
		got, err := serve(quick, asker{}, "")
		return err == nil && got == `[{"one":1}]`
	})
	if v.running != nil {
		t.Error("the request still knows of its statement")
	}
}

// A write whose client leaves before its statement is through is rolled back.
func TestAbandonRollsAWriteBack(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Timeout = 30 * time.Second
	db := open(t, cfg)
	e := endpoint(t, db, "insert into note (n) select 7 from (select sleep(10)) as s")
	w := watchMariaDB(t)
	w.awaitQuiet()
	v := newVisitor()
	ended := make(chan error, 1)
	go func() {
		_, err := serve(e, asker{Context: v}, "")
		ended <- err
	}()
	eventually(t, 5*time.Second, "the statement runs", func() bool { return w.sleeping() == 1 })
	v.abandon()
	if err := <-ended; !errors.Is(err, ErrAbandoned) {
		t.Errorf("got %v, want %v", err, ErrAbandoned)
	}
	eventually(t, time.Second, "the statement ends on the server", func() bool { return w.sleeping() == 0 })
	if n := w.number("select count(*) from note"); n != 0 {
		t.Errorf("got %d rows, want none", n)
	}
}

// Who has left before anything was sent costs no connection.
func TestAbandonBeforeTheStatement(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		e := endpoint(t, open(t, cfg), "select 1 as one")
		v := newVisitor()
		v.left = true // and the context has not heard of it yet
		for range 3 {
			if _, err := serve(e, asker{Context: v}, ""); !errors.Is(err, ErrAbandoned) {
				t.Errorf("got %v, want %v", err, ErrAbandoned)
			}
		}
		v.left = false
		if got, err := serve(e, asker{Context: v}, ""); err != nil || got != `[{"one":1}]` {
			t.Errorf("got %s, %v, want the connection in order", got, err)
		}
		v.abandon()
		if _, err := serve(e, asker{Context: v}, ""); !errors.Is(err, ErrAbandoned) || cfg.Lanes == 0 && !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, ErrAbandoned)
		}
	})
}

// An abort at any moment ends the request it is meant for, and spoils no other
// that uses the same connection.
func TestAbandonAtAnyMoment(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max = 4
	e := endpoint(t, open(t, cfg), "select :query.v as v")
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for i := range 200 {
				v := newVisitor()
				done := make(chan struct{})
				go func() {
					defer close(done)
					time.Sleep(time.Duration(i%20) * 20 * time.Microsecond)
					v.abandon()
				}()
				got, err := serve(e, asker{Context: v}, "v=x")
				<-done
				full := errors.Is(err, ErrPoolFull) // while a killed connection keeps its slot
				if err == nil && got != `[{"v":"x"}]` || err != nil && !full && !errors.Is(err, ErrAbandoned) {
					t.Errorf("got %s, %v", got, err)
				}
			}
		})
	}
	clients.Wait()
	eventually(t, 5*time.Second, "all slots are back", func() bool {
		got, err := serve(e, asker{}, "v=y")
		return err == nil && got == `[{"v":"y"}]`
	})
}
