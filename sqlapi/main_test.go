package sqlapi

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/goleak"

	"zerohop/sqlapi/mariadbtest"
)

// startMariaDB starts the server that this package's tests share, once.
var startMariaDB = sync.OnceValues(func() (*mariadbtest.Server, error) { return mariadbtest.Start() })

func TestMain(m *testing.M) {
	code := m.Run()
	if server, err := startMariaDB(); err == nil && server != nil {
		server.Stop()
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func mariaDB(t testing.TB) *mariadbtest.Server {
	t.Helper()
	server, err := startMariaDB()
	return mariadbtest.Require(t, server, err)
}

const seed = `
create table user (id int auto_increment primary key, user varchar(100) unique, passwd varchar(200));
insert into user (user, passwd) values ('bob', 'secret'), ('eve', 'pa:ss''word'), ('ünï', '密码😀');
create table note (id int auto_increment primary key, n int, t varchar(20) unique);
`

// onBoth runs a test on the embedded engine and on MariaDB, there without lanes
// and with them, each with the seed.
func onBoth(t *testing.T, test func(t *testing.T, cfg Config)) {
	t.Run("embedded", func(t *testing.T) {
		cfg := Config{DSN: "embedded"}
		cfg.SetDefaults()
		cfg.Seed = seed
		// The engine is a trial; the race detector makes it slow besides.
		cfg.Timeout = 10 * time.Second
		test(t, cfg)
	})
	t.Run("mariadb", func(t *testing.T) { test(t, mariaDBConfig(t)) })
	t.Run("lanes", func(t *testing.T) { test(t, laneConfig(t)) })
}

func mariaDBConfig(t testing.TB) Config {
	t.Helper()
	server := mariaDB(t)
	if err := server.Run("drop table if exists user, note;" + seed); err != nil {
		t.Fatal(err)
	}
	cfg := Config{DSN: server.DSN()}
	cfg.SetDefaults()
	cfg.Lanes = 0 // the tests of the lanes have some
	return cfg
}

// open returns a database that is closed with the test.
func open(t testing.TB, cfg Config) *Database {
	t.Helper()
	db, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := db.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return db
}

// endpoint returns the endpoint of a statement that may ask for everything.
func endpoint(t testing.TB, db *Database, sql string) *Endpoint {
	t.Helper()
	e, err := db.Endpoint(EndpointConfig{
		SQL: sql, PathNames: []string{"id"}, Credentials: strings.Contains(sql, ":auth.password"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// asker is the context of a request: who asks, and from where.
type asker struct {
	context.Context
	user, password, path string
}

func (a asker) Value(key any) any {
	if key == any(LookupKey) {
		return a
	}
	return a.Context.Value(key)
}

func (a asker) Lookup(source Source, name string) ([]byte, bool) {
	switch {
	case source == SourcePath:
		return []byte(a.path), true
	case source == SourceAuth && name == "user":
		return []byte(a.user), true
	case source == SourceAuth && name == "password":
		return []byte(a.password), true
	case source == SourceClient && name == "ip":
		return []byte("192.0.2.1"), true
	}
	return nil, false
}

// writeRequest returns a request with the query string q; it writes, as far as HTTP goes.
func writeRequest(q string) *fasthttp.RequestCtx {
	rc := new(fasthttp.RequestCtx)
	rc.Request.Header.SetMethod("POST")
	rc.Request.SetRequestURI("/?" + q)
	return rc
}

// serve asks an endpoint and returns the body, or the error.
func serve(e *Endpoint, a asker, q string) (string, error) {
	if a.Context == nil {
		a.Context = context.Background()
	}
	rc := writeRequest(q)
	if err := e.Serve(a, rc); err != nil {
		if len(rc.Response.Body()) > 0 {
			return "", fmt.Errorf("wrote a body and returned %w", err)
		}
		return "", err
	}
	return string(rc.Response.Body()), nil
}
