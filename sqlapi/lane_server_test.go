package sqlapi

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// laneConfig is a MariaDB with lanes in which nothing is slow.
func laneConfig(t testing.TB) Config {
	t.Helper()
	cfg := mariaDBConfig(t)
	cfg.Lanes, cfg.LaneSlow = 2, time.Hour
	return cfg
}

// laneEndpoint is the endpoint of a statement that rides in any case.
func laneEndpoint(t testing.TB, db *Database, sql string) *Endpoint {
	t.Helper()
	e, err := db.Endpoint(EndpointConfig{SQL: sql, LaneConfig: LaneConfig{Lane: LaneAlways}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestCrowdNeedsFewConnections has 256 clients ask, from the cold start on: the
// server sees no more connections than the lanes, and one each for the others.
func TestCrowdNeedsFewConnections(t *testing.T) {
	cfg := laneConfig(t)
	db := open(t, cfg)
	w := watchMariaDB(t)
	eventually(t, 5*time.Second, "the connections of tests before", func() bool { return w.others() == 0 })
	rides := endpoint(t, db, "select id, user from user where user = :query.u")
	alone := endpoint(t, db, "select count(*) as n from user where passwd <> ''")
	var asked atomic.Int64
	stop := make(chan struct{})
	var clients sync.WaitGroup
	client := func(e *Endpoint, want string) {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if got, err := serve(e, asker{}, "u=bob"); err != nil || got != want {
				t.Errorf("got %s, %v", got, err)
				return
			}
			asked.Add(1)
		}
	}
	for range 256 {
		clients.Go(func() { client(rides, `[{"id":1,"user":"bob"}]`) })
	}
	most := 0
	look := func(n int64) {
		for until := asked.Load() + n; asked.Load() < until && !t.Failed(); {
			most = max(most, w.others())
		}
	}
	look(5000)
	if most > cfg.Lanes || most == 0 {
		t.Errorf("got %d connections, want %d", most, cfg.Lanes)
	}
	for range 3 { // each asks once in a lane at first, and is told to leave it
		clients.Go(func() { client(alone, `[{"n":3}]`) })
	}
	look(5000)
	if most > cfg.Lanes+3 {
		t.Errorf("got %d connections, want %d and three", most, cfg.Lanes)
	}
	close(stop)
	clients.Wait()
	if got := db.Stats(); got.Busy != 0 || got.Rejected != 0 || got.Timeouts != 0 {
		t.Errorf("got %+v", got)
	}
}

// TestLanesWhenTheServerHangs stops the server with riders under way and
// waiting: they end in time, who comes later is refused at once, and soon after
// the server goes on all is well.
func TestLanesWhenTheServerHangs(t *testing.T) {
	cfg := laneConfig(t)
	cfg.Timeout, cfg.Lanes, cfg.LaneBatch = 300*time.Millisecond, 1, 4
	db := open(t, cfg)
	e := laneEndpoint(t, db, "select :query.v as v")
	works := func() bool {
		got, err := serve(e, asker{}, "v=x")
		return err == nil && got == `[{"v":"x"}]`
	}
	for range 2 {
		if !works() {
			t.Fatal("no answer before")
		}
		mariaDB(t).Signal(syscall.SIGSTOP)
		var clients sync.WaitGroup
		var failed atomic.Int64
		for range 12 {
			clients.Go(func() {
				began := time.Now()
				got, err := serve(e, asker{}, "v=y")
				if err != nil {
					failed.Add(1)
				}
				// The signal may come a moment later.
				right := err == nil && got == `[{"v":"y"}]` || errors.Is(err, ErrTimeout) || errors.Is(err, ErrUnavailable)
				if took := time.Since(began); !right || took > cfg.Timeout+time.Second {
					t.Errorf("got %s, %v after %v, want %v or %v in time", got, err, took, ErrTimeout, ErrUnavailable)
				}
			})
		}
		clients.Wait()
		if failed.Load() == 0 {
			t.Error("got answers from a server that stands still")
		}
		eventually(t, 3*time.Second, "the outage is found", func() bool { return db.Stats().Down })
		expectRefusal(t, e)
		mariaDB(t).Signal(syscall.SIGCONT)
		eventually(t, 3*time.Second, "answers again", works)
		eventually(t, 5*time.Second, "the slots are back", func() bool { return db.Stats().Busy == 0 && db.LaneStats().Busy == 0 })
	}
}

// TestLanesWhenTheServerIsKilled kills the server and brings it back while many
// ask: no wrong answer, ErrUnavailable meanwhile, and lanes again afterwards.
func TestLanesWhenTheServerIsKilled(t *testing.T) {
	db := open(t, laneConfig(t))
	e := laneEndpoint(t, db, "select :query.v as v")
	var stop atomic.Bool
	var good, outside atomic.Int64
	var clients sync.WaitGroup
	for i := range 32 {
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
		eventually(t, time.Second, "answers again", func() bool { return good.Load() > before+32 })
	}
	sum := db.LaneStats().Batches.Sum
	eventually(t, 5*time.Second, "lanes again", func() bool { return db.LaneStats().Batches.Sum > sum+1000 })
	stop.Store(true)
	clients.Wait()
	if got := db.Stats(); got.Busy != 0 {
		t.Errorf("got %+v, want no slot taken", got)
	}
}

// TestSlowRouteLeavesTheLanes declares a route short that sleeps, and sends it
// one request in a hundred: once it is put off, the others are as quick as
// without it.
func TestSlowRouteLeavesTheLanes(t *testing.T) {
	cfg := laneConfig(t)
	cfg.LaneSlow = 10 * time.Millisecond
	db := open(t, cfg)
	told := make(chan PutOff, 10)
	slow, err := db.Endpoint(EndpointConfig{SQL: "select sleep(0.05) as s", LaneConfig: LaneConfig{LaneAlways, func(p PutOff) { told <- p }}})
	if err != nil {
		t.Fatal(err)
	}
	quick := laneEndpoint(t, db, "select id from user where user = 'bob'")
	// crowd has some clients ask until ok, and returns how long the quick ones took.
	crowd := func(ok func(asked int64) bool) (p99 time.Duration) {
		var asked atomic.Int64
		var mu sync.Mutex
		var all []time.Duration
		var clients sync.WaitGroup
		for range 8 {
			clients.Go(func() {
				for !t.Failed() {
					n := asked.Add(1)
					if ok(n) {
						return
					}
					e, want := quick, `[{"id":1}]`
					if n%100 == 0 {
						e, want = slow, `[{"s":0}]`
					}
					began := time.Now()
					if got, err := serve(e, asker{}, ""); err != nil || got != want {
						t.Errorf("got %s, %v", got, err)
					}
					if e == quick {
						mu.Lock()
						all = append(all, time.Since(began))
						mu.Unlock()
					}
				}
			})
		}
		clients.Wait()
		slices.Sort(all)
		return all[len(all)*99/100]
	}
	before := crowd(func(n int64) bool { return n > 50_000 || db.LaneStats().PutOffs > 0 })
	select {
	case p := <-told:
		t.Logf("p99 %v until: %s", before, p.Reason)
	default:
		t.Fatal("the slow route was not put off")
	}
	if after := crowd(func(n int64) bool { return n > 3000 }); after > 25*time.Millisecond {
		t.Errorf("got a p99 of %v after the slow route was put off, want the others not to wait for it", after)
	} else {
		t.Logf("p99 %v after that", after)
	}
	if got := db.LaneStats(); got.PutOff != 1 || got.PutOffs != 1 || len(told) != 0 {
		t.Errorf("got %+v, want one route put off, once", got)
	}
}
