package sqlapi

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi/mariadbtest"
	"zerohop/sqlapi/wire"
)

func TestTLSConfigValidate(t *testing.T) {
	a := mariadbtest.NewAuthority(t, t.TempDir(), "ca")
	f := func(dsn string, tls wire.TLSConfig, want ...string) {
		t.Helper()
		cfg := Config{DSN: dsn}
		cfg.SetDefaults()
		cfg.TLS = &tls
		faults := cfg.Validate()
		if len(faults) != len(want) {
			t.Fatalf("%+v: got %v, want %v", tls, faults, want)
		}
		for i, fault := range faults {
			if !strings.Contains(fault.Error(), want[i]) {
				t.Errorf("%+v: got %v, want %q", tls, fault, want[i])
			}
		}
	}
	tcp, unix := "u:hunter2@tcp(db.test:3306)/d", "u:hunter2@unix(/run/db.sock)/d"
	ca, key := a.Path("ca.pem"), a.Path("ca.key")
	f(tcp, wire.TLSConfig{})
	f(tcp, wire.TLSConfig{CA: ca, ServerName: "other.test", Certificate: ca, Key: key})
	f(tcp, wire.TLSConfig{SkipVerify: true, ServerName: "other.test"})
	f(unix, wire.TLSConfig{CA: ca, ServerName: "db.test"})
	f(unix, wire.TLSConfig{SkipVerify: true})
	f(unix, wire.TLSConfig{CA: ca}, "tls.server_name: ")
	f(tcp, wire.TLSConfig{CA: ca, SkipVerify: true}, "tls.skip_verify: ")
	f(tcp, wire.TLSConfig{Certificate: ca}, "tls.certificate: ")
	f(tcp, wire.TLSConfig{Key: key, CA: ca, SkipVerify: true}, "tls.skip_verify: ", "tls.key: ")
	f(tcp, wire.TLSConfig{CA: a.Path("none.pem")}, "tls: read authorities: open ")
	f(tcp, wire.TLSConfig{CA: key}, "no certificate in PEM form")
	f(tcp, wire.TLSConfig{Certificate: key, Key: ca}, "tls: read client certificate: ")
	f("embedded", wire.TLSConfig{}, "tls: the embedded engine")
	f(tcp+"?tls=true", wire.TLSConfig{}, `dsn: DSN parameter "tls" is not supported`)
}

// TestDatabaseOverTLS runs the pool over TLS: statements, one that is killed
// over a control connection that is encrypted too, and a connection that the
// server has closed.
func TestDatabaseOverTLS(t *testing.T) {
	server, a := mariadbtest.StartTLS(t)
	err := server.Run(seed + "create user tls@'%' identified by 'hunter2' require ssl; grant all on *.* to tls@'%'; set global require_secure_transport = on")
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{DSN: "tls:hunter2@tcp(" + server.Address() + ")/zerohop"}
	cfg.SetDefaults()
	cfg.Timeout = time.Second
	cfg.TLS = &wire.TLSConfig{CA: a.Path("ca.pem")}
	db := open(t, cfg)
	e := endpoint(t, db, getUser)
	ask := func() {
		t.Helper()
		if got, err := serve(e, asker{user: "bob", password: "secret"}, ""); err != nil || got != `[{"count":1}]` {
			t.Errorf("got %s, %v", got, err)
		}
	}
	ask()
	if _, err := serve(endpoint(t, db, "select sleep(5)"), asker{}, ""); !errors.Is(err, ErrTimeout) {
		t.Errorf("got %v, want %v", err, ErrTimeout)
	}
	running := endpoint(t, db, "select count(*) as n from information_schema.processlist where info like '%sleep(5)%' and info not like '%processlist%'")
	eventually(t, 2*time.Second, "the statement is gone", func() bool {
		got, err := serve(running, asker{}, "")
		return err == nil && got == `[{"n":0}]`
	})
	// A read finds its connection closed, and a write looks before.
	closeAll := func() {
		t.Helper()
		if err := server.Run("kill user tls"); err != nil {
			t.Fatal(err)
		}
		eventually(t, 5*time.Second, "the connections are closed", func() bool {
			alive := false
			for _, res := range db.pool.AcquireAllIdle() {
				alive = alive || res.Value().conn.Alive()
				res.ReleaseUnused()
			}
			return !alive
		})
	}
	closeAll()
	ask()
	insert := endpoint(t, db, "insert into note (n) values (1)")
	for range 5 {
		closeAll()
		if _, err := serve(insert, asker{}, ""); err != nil {
			t.Error(err)
		}
	}
	ask()
	if !raceEnabled {
		testTLSAllocates(t, e)
	}

	cfg.TLS = nil
	if _, err := serve(endpoint(t, open(t, cfg), getUser), asker{}, ""); !errors.Is(err, ErrUnavailable) || refusal(err) == 0 {
		t.Errorf("in the clear: got %v, want the server's refusal", err)
	}
}

// testTLSAllocates holds what encryption costs the hot path: the one allocation
// of crypto/tls's that reading a record takes.
func testTLSAllocates(t *testing.T, e *Endpoint) {
	var ctx context.Context = &asking{Context: context.Background(), user: []byte("bob"), password: []byte("secret")}
	rc := new(fasthttp.RequestCtx)
	got := testing.AllocsPerRun(500, func() {
		rc.Response.Reset()
		if err := e.Serve(ctx, rc); err != nil {
			t.Fatal(err)
		}
	})
	if got > 1 {
		t.Errorf("got %v allocations a request over TLS, want 1", got)
	}
}
