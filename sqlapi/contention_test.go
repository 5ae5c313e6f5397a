package sqlapi

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// crossing returns two endpoints that take the same two rows in another order,
// with a rest in between: run at once they are a deadlock.
func crossing(t *testing.T, db *Database, retry ...string) (one, two *Endpoint) {
	const first, rest, second = "update account set balance = balance + 1 where id = 1", "do sleep(0.3)", "update account set balance = balance + 1 where id = 2"
	build := func(statements ...string) *Endpoint {
		c := TransactionConfig{Retry: retry}
		for _, sql := range statements {
			c.Statements = append(c.Statements, exactly("", sql))
		}
		return endpointOf(t, db, EndpointConfig{TransactionConfig: c})
	}
	return build(first, rest, second), build(second, rest, first)
}

// together serves endpoints at the same time.
func together(endpoints ...*Endpoint) []error {
	ended := make(chan error, len(endpoints))
	for _, e := range endpoints {
		go func() {
			_, err := serve(e, asker{}, "")
			ended <- err
		}()
	}
	var errs []error
	for range endpoints {
		errs = append(errs, <-ended)
	}
	return errs
}

func TestDeadlock(t *testing.T) {
	f := func(lost int, left string, retry ...string) {
		t.Helper()
		cfg := mariaDBConfig(t)
		cfg.Timeout = 20 * time.Second
		db := accountsDB(t, cfg)
		errs := together(crossing(t, db, retry...))
		contended := 0
		for _, err := range errs {
			if errors.Is(err, ErrContended) && refusal(err) == errorDeadlock {
				contended++
			} else if err != nil {
				t.Errorf("%v: %v", retry, err)
			}
		}
		if got := now(t, db, balances); contended != lost || got != left {
			t.Errorf("%v: %d have lost and left %s, want %d and %s", retry, contended, got, lost, left)
		}
		if stats := db.Stats(); stats.Busy != 0 || stats.Reconnects != 0 || stats.Kills != 0 {
			t.Errorf("%v: a deadlock has cost a connection: %+v", retry, stats)
		}
	}
	f(1, `[{"id":1,"balance":101},{"id":2,"balance":51}]`)
	f(0, `[{"id":1,"balance":102},{"id":2,"balance":52}]`, "deadlock")
}

// TestLockTimeout shows that a lock timeout, which undoes one statement only,
// takes back the whole transaction; and that one that may is run again.
func TestLockTimeout(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Timeout = 30 * time.Second
	holder := watchMariaDB(t)
	holder.do("set global innodb_lock_wait_timeout = 1")
	defer holder.do("set global innodb_lock_wait_timeout = default")
	f := func(want error, left string, retry ...string) {
		t.Helper()
		db := accountsDB(t, cfg)
		hold, wait := watchMariaDB(t), make(chan error, 1)
		hold.do("begin")
		hold.do("update account set balance = 7 where id = 1")
		_, e := crossing(t, db, retry...) // begins with the other row
		go func() {
			_, err := serve(e, asker{}, "")
			wait <- err
		}()
		var err error
		select {
		case err = <-wait:
			hold.do("rollback")
		case <-time.After(1800 * time.Millisecond): // it has been refused once
			hold.do("rollback")
			err = <-wait
		}
		if !errors.Is(err, want) || want != nil && refusal(err) != errorLockTimeout {
			t.Errorf("%v: got %v, want %v", retry, err, want)
		}
		if got := now(t, db, balances); got != left {
			t.Errorf("%v: left %s, want %s", retry, got, left)
		}
	}
	f(ErrContended, untouched)
	f(nil, `[{"id":1,"balance":101},{"id":2,"balance":51}]`, "deadlock")
}

// TestLockTimeoutComesFirst awaits a lock, with the server's own settings, and
// is told so before its time is up.
func TestLockTimeoutComesFirst(t *testing.T) {
	f := func(timeout time.Duration, want error) {
		t.Helper()
		cfg := mariaDBConfig(t)
		cfg.Timeout = timeout
		db := accountsDB(t, cfg)
		hold := watchMariaDB(t)
		hold.do("begin")
		defer hold.do("rollback")
		hold.do("update account set balance = 7 where id = 1")
		e := transaction(t, db, exactly("1", "update account set balance = 8 where id = 1"))
		if _, err := serve(e, asker{}, ""); !errors.Is(err, want) {
			t.Errorf("timeout %v: got %v, want %v", timeout, err, want)
		}
	}
	f(3*time.Second, ErrContended)
	f(time.Second, ErrTimeout) // the server waits whole seconds
}

// TestCrowdOfDeadlocks has more clients than two cross each other's way.
func TestCrowdOfDeadlocks(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Timeout = 30 * time.Second
	db := accountsDB(t, cfg)
	first, second := "update account set balance = balance + 1 where id = 1", "update account set balance = balance + 1 where id = 2"
	build := func(statements ...string) *Endpoint {
		c := TransactionConfig{Retry: []string{"deadlock"}}
		for _, sql := range statements {
			c.Statements = append(c.Statements, exactly("", sql))
		}
		return endpointOf(t, db, EndpointConfig{TransactionConfig: c})
	}
	one, two := build(first, "do sleep(0.01)", second), build(second, "do sleep(0.01)", first)
	lost := 0
	for range 5 {
		for _, err := range together(slices.Repeat([]*Endpoint{one, two}, 8)...) {
			if err != nil {
				lost++
			}
		}
	}
	if lost > 0 {
		t.Errorf("%d of 80 have lost", lost)
	}
}

// TestRetryOfOneStatement has a single statement meet a transaction that takes
// its rows in the other order.
func TestRetryOfOneStatement(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Timeout = 20 * time.Second
	db := accountsDB(t, cfg)
	// Row 1 and then, after a rest, row 2.
	both := endpointOf(t, db, EndpointConfig{
		SQL:               "update account set balance = balance + if(id = 1, 1 + sleep(0.3), 1)",
		TransactionConfig: TransactionConfig{Retry: []string{"deadlock"}},
	})
	_, two := crossing(t, db, "deadlock")
	if errs := together(both, two); slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		t.Error(errs)
	}
	if got, want := now(t, db, balances), `[{"id":1,"balance":102},{"id":2,"balance":52}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestPausesAreBounded shows that nobody rests past the deadline, nor for ever.
func TestPausesAreBounded(t *testing.T) {
	f := func(try int, left time.Duration, want bool) {
		t.Helper()
		c := newCall(t.Context(), left)
		defer c.free()
		began := time.Now()
		if got := c.pause(try); got != want {
			t.Errorf("try %d with %v left: got %v, want %v", try, left, got, want)
		}
		if rested := time.Since(began); rested > longestPause+5*time.Second {
			t.Errorf("try %d: rested for %v", try, rested)
		}
	}
	f(1, time.Minute, true)
	f(maxTries-1, time.Minute, true)
	f(maxTries, time.Minute, false)
	f(1, 0, false)
}
