package sqlapi

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// TestGetUserAllocates holds what one request costs between the router and the
// socket of the database: nothing.
//
//   - the call, its arguments and its patience are reused (calls);
//   - credentials are bound where they stand, in the request's memory;
//   - the command goes into the connection's buffer, the rows are read in
//     place, and the JSON goes into the response's buffer;
//   - the columns are those of the preparation, so they are not read again;
//   - in a lane the rider is reused too, with its turn, its alarm and what is
//     sent for it.
func TestGetUserAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	f := func(name string, cfg Config) {
		t.Run(name, func(t *testing.T) {
			e := endpoint(t, open(t, cfg), getUser)
			var ctx context.Context = &asking{Context: context.Background(), user: []byte("bob"), password: []byte("secret")}
			rc := new(fasthttp.RequestCtx)
			got := testing.AllocsPerRun(500, func() {
				rc.Response.Reset()
				if err := e.Serve(ctx, rc); err != nil {
					t.Fatal(err)
				}
			})
			if body := string(rc.Response.Body()); body != `[{"count":1}]` {
				t.Errorf("got %s", body)
			}
			if got != 0 {
				t.Errorf("got %v allocations a request, want 0", got)
			}
		})
	}
	tcp := mariaDBConfig(t)
	f("tcp", tcp)
	unix := tcp
	unix.DSN = mariaDB(t).SocketDSN()
	f("unix", unix)
	lanes := unix
	lanes.Lanes, lanes.LaneSlow = 1, time.Hour
	f("lane", lanes)
	t.Run("lane with followers", func(t *testing.T) { testCrowdAllocates(t, lanes) })
}

// testCrowdAllocates has many ask at the same time, so that they lead, follow
// and wait in the queue of a lane.
func testCrowdAllocates(t *testing.T, cfg Config) {
	db := open(t, cfg)
	e := endpoint(t, db, getUser)
	const clients = 8
	start, done := make(chan struct{}), make(chan error)
	defer close(start)
	for range clients {
		go func() {
			ctx := &asking{Context: context.Background(), user: []byte("bob"), password: []byte("secret")}
			rc := new(fasthttp.RequestCtx)
			for range start {
				rc.Response.Reset()
				done <- e.Serve(ctx, rc)
			}
		}()
	}
	got := testing.AllocsPerRun(500, func() {
		for range clients {
			start <- struct{}{}
		}
		for range clients {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
	})
	if got != 0 {
		t.Errorf("got %v allocations for %d requests, want 0", got, clients)
	}
	if st := db.LaneStats(); st.Batches.Sum < 1.5*float64(st.Batches.Count()) {
		t.Errorf("got %v statements in %d batches, want them to travel together", st.Batches.Sum, st.Batches.Count())
	}
}

// asking is an asker that allocates nothing when it is asked.
type asking struct {
	context.Context
	user, password []byte
}

func (a *asking) Value(key any) any {
	if key == any(LookupKey) {
		return a
	}
	return nil
}

func (a *asking) Lookup(_ Source, name string) ([]byte, bool) {
	if name == "user" {
		return a.user, true
	}
	return a.password, true
}

func BenchmarkGetUser(b *testing.B) {
	f := func(name, dsn string, clients, lanes int) {
		b.Run(name, func(b *testing.B) {
			cfg := mariaDBConfig(b)
			cfg.DSN, cfg.Lanes = dsn, lanes
			e := endpoint(b, open(b, cfg), getUser)
			b.ReportAllocs()
			b.SetParallelism(max(clients/runtime.GOMAXPROCS(0), 1))
			b.RunParallel(func(pb *testing.PB) {
				ctx := &asking{Context: context.Background(), user: []byte("bob"), password: []byte("secret")}
				rc := new(fasthttp.RequestCtx)
				for pb.Next() {
					rc.Response.Reset()
					if err := e.Serve(ctx, rc); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
	server := mariaDB(b)
	f("tcp", server.DSN(), 1, 0)
	f("unix", server.SocketDSN(), 1, 0)
	for _, lanes := range []int{0, 1, 2, 4} {
		f(fmt.Sprintf("unix/clients=64/lanes=%d", lanes), server.SocketDSN(), 64, lanes)
	}
}
