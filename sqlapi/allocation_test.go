package sqlapi

import (
	"context"
	"testing"

	"github.com/valyala/fasthttp"
)

// TestGetUserAllocates holds what one request costs between the router and the
// socket of the database: nothing.
//
//   - the call, its arguments and its patience are reused (calls);
//   - credentials are bound where they stand, in the request's memory;
//   - the command goes into the connection's buffer, the rows are read in
//     place, and the JSON goes into the response's buffer;
//   - the columns are those of the preparation, so they are not read again.
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
	f := func(name, dsn string) {
		b.Run(name, func(b *testing.B) {
			cfg := mariaDBConfig(b)
			cfg.DSN = dsn
			e := endpoint(b, open(b, cfg), getUser)
			b.ReportAllocs()
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
	f("tcp", server.DSN())
	f("unix", server.SocketDSN())
}
