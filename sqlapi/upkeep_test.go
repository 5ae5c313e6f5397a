package sqlapi

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestLifespan(t *testing.T) {
	const hour = time.Hour
	seen := map[time.Duration]int{} // by the tenth of the tenth
	for number := range uint32(1000) {
		got := lifespan(hour, number)
		if got > hour || got < hour-hour/10 {
			t.Fatalf("got %v for %d, want within a tenth of %v", got, number, hour)
		}
		seen[(hour-got)/(hour/100)]++
	}
	for tenth := range time.Duration(10) {
		if n := seen[tenth]; n < 80 || n > 120 {
			t.Errorf("got %d of 1000 connections in part %d, want them spread evenly", n, tenth)
		}
	}
	if got := lifespan(24*time.Hour, 1<<32-1); got > 24*time.Hour || got < 21*time.Hour {
		t.Errorf("got %v, want within a tenth of 24h", got)
	}
}

// connections returns the server's numbers of the connections that serve n
// requests, one after the other.
func connections(t *testing.T, e *Endpoint, n int) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	for range n {
		got, err := serve(e, asker{}, "")
		if err != nil {
			t.Fatal(err)
		}
		seen[got] = true
	}
	return seen
}

// TestLifetimeEndsConnections wants a connection replaced when it is given
// back, and its slot with it, but no statement cut off.
func TestLifetimeEndsConnections(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Lifetime, cfg.Max = 100*time.Millisecond, 1
	cfg.IdleTimeout = time.Hour
	db := open(t, cfg)
	if got, err := serve(endpoint(t, db, "select sleep(0.3) as s"), asker{}, ""); err != nil || got != `[{"s":0}]` {
		t.Errorf("got %s, %v, want a statement to outlive its connection's time", got, err)
	}
	id := endpoint(t, db, "select connection_id() as id")
	var seen []string
	eventually(t, 10*time.Second, "the third connection", func() bool {
		got, err := serve(id, asker{}, "")
		if err != nil {
			// The one slot comes back when the server has let go.
			return false
		}
		if len(seen) == 0 || seen[len(seen)-1] != got {
			seen = append(seen, got)
		}
		return len(seen) == 3
	})
	eventually(t, 3*time.Second, "the slot is back", func() bool { return db.Stats().Busy == 0 })
	if got := db.Stats(); got.Reconnects != 0 || got.Kills != 0 {
		t.Errorf("got %+v, want nothing broken or killed", got)
	}
}

func TestLifetimeEndsIdleConnections(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Lifetime, cfg.IdleTimeout = 100*time.Millisecond, time.Hour
	db := open(t, cfg)
	connections(t, endpoint(t, db, "select connection_id() as id"), 1)
	eventually(t, 5*time.Second, "the connection is gone", func() bool { return db.open() == 0 })
}

func TestLifetimeReplacesUnderLoad(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Lifetime, cfg.Max = 50*time.Millisecond, 8
	cfg.Overflow, cfg.Wait = "queue", 10*time.Second
	cfg.Timeout = 10 * time.Second
	db := open(t, cfg)
	e := endpoint(t, db, "select 1 as n")
	stop := time.Now().Add(500 * time.Millisecond)
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for time.Now().Before(stop) {
				if got, err := serve(e, asker{}, ""); err != nil || got != `[{"n":1}]` {
					t.Errorf("got %s, %v", got, err)
				}
			}
		})
	}
	clients.Wait()
	if got := db.Stats(); got.Connects < 16 {
		t.Errorf("got %d connects, want every connection replaced more than once", got.Connects)
	}
}

// TestMinIsKept wants the least number of connections open before anybody
// asks, past the idle timeout, and again when the server has closed them.
func TestMinIsKept(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Min, cfg.Max = 3, 5
	cfg.IdleTimeout = 40 * time.Millisecond
	db := open(t, cfg)
	three := func() bool { return db.Stats().Idle == 3 && db.open() == 3 }
	eventually(t, 5*time.Second, "the least number is open", three)
	time.Sleep(4 * cfg.IdleTimeout)
	if got := db.Stats(); got.Connects != 3 {
		t.Errorf("got %d connects, want those of the least number kept", got.Connects)
	}
	slow := endpoint(t, db, "select sleep(0.1) as s")
	var clients sync.WaitGroup
	for range 5 {
		clients.Go(func() { serve(slow, asker{}, "") })
	}
	clients.Wait()
	eventually(t, 5*time.Second, "the rest is closed", three)

	w := watchMariaDB(t)
	before := connections(t, endpoint(t, db, "select connection_id() as id"), 1)
	if err := mariaDB(t).Run(killOthers(w)); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "they are replaced", func() bool { return three() && db.Stats().Reconnects >= 3 })
	for id := range connections(t, endpoint(t, db, "select connection_id() as id"), 1) {
		if before[id] {
			t.Errorf("got the connection %s that was killed", id)
		}
	}
	if got := db.Stats(); got.Outages != 0 {
		t.Errorf("got %+v, want no outage", got)
	}
}

// TestMinWithoutAServer starts before the server can be reached: requests are
// answered meanwhile, and the connections are there some time after it is.
func TestMinWithoutAServer(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Min, cfg.Max = 2, 2
	mariaDB(t).Kill()
	db := open(t, cfg)
	eventually(t, 3*time.Second, "the outage is found", func() bool { return db.Stats().Down })
	expectRefusal(t, endpoint(t, db, "select 1 as n"))
	if err := mariaDB(t).Restart(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "the connections are there", func() bool { return db.Stats().Idle == 2 })
}

// killOthers is the statement that ends every connection but the watcher's.
func killOthers(w watch) string {
	return strings.ReplaceAll("delimiter //\nfor c in (select id from information_schema.processlist where user = 'root' and command = 'Sleep' and id <> ME) do kill c.id; end for//",
		"ME", w.thread())
}

func TestSweepKeepsTheOrder(t *testing.T) {
	db := open(t, mariaDBConfig(t))
	slow := endpoint(t, db, "select sleep(0.05) as s")
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() { serve(slow, asker{}, "") })
	}
	clients.Wait()
	id := endpoint(t, db, "select connection_id() as id")
	first := connections(t, id, 1)
	for range 3 {
		db.sweep(time.Now())
		for got := range connections(t, id, 1) {
			if !first[got] {
				t.Errorf("got connection %s after a sweep, want the one used last", got)
			}
		}
	}
}

func TestBackgroundStops(t *testing.T) {
	b := newBackground()
	ended := false
	b.start(func(ctx context.Context) { <-ctx.Done(); ended = true })
	b.stop()
	if !ended {
		t.Error("stop did not wait")
	}
	b.start(func(context.Context) { t.Error("started after the end") })
	b.stop()
}
