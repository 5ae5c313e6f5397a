package gateway

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"zerohop/backends"
	"zerohop/sqlapi"
	"zerohop/sqlapi/embedded"
)

func demoConfig(listen string) *Config {
	cfg := &Config{Listen: []string{listen}, Databases: map[string]sqlapi.Config{}}
	cfg.Limits.SetDefaults()
	db := sqlapi.Config{DSN: "embedded"}
	db.SetDefaults()
	cfg.Databases["main"] = db
	cfg.Routes = []RouteConfig{{
		Match:       "GET /getuser",
		Credentials: CredentialsConfig{Type: "basic"},
		EndpointConfig: sqlapi.EndpointConfig{
			SQL: "select count(*) as count from user where user = :auth.user and passwd = :auth.password",
		},
	}}
	return cfg
}

func TestListenFailsAtOnce(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "/", say("")))
	taken := ts.Addrs()[0].String()
	s := newServer(&Config{Listen: []string{taken}, Limits: testLimits()}, &table{}, Options{})
	if err := s.Listen(); err == nil || !strings.Contains(err.Error(), taken) {
		t.Errorf("got %v, want an error that names %s", err, taken)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close of a server that never served: %v", err)
	}
}

func TestCloseIsRepeatable(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "/", say("")))
	for range 2 {
		if err := ts.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := ts.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

func TestTableOfAConfiguration(t *testing.T) {
	cfg := demoConfig("127.0.0.1:0")
	cfg.Backends = map[string]backends.Config{"few": backends.Pool(1, 0)}
	cfg.Routes = append(cfg.Routes, RouteConfig{
		Match: "GET /x/{id}", EndpointConfig: sqlapi.EndpointConfig{SQL: "select :path.id as id"}, Database: "main", Backend: "few",
		RequestTimeout: time.Second, BodyBytes: 7,
	})
	tab, err := newTable(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer tab.close(context.Background())
	var p path
	find := func(raw string) *route {
		t.Helper()
		if err := p.parse([]byte(raw)); err != nil {
			t.Fatal(err)
		}
		rt, _, _ := tab.router.find(nil, []byte("GET"), &p, nil)
		if rt == nil {
			t.Fatalf("%s: no route", raw)
		}
		return rt
	}
	if rt := find("/getuser"); !rt.basic || rt.timeout != cfg.Limits.RequestTimeout || rt.bodyBytes != cfg.Limits.BodyBytes || rt.group != group(tab.groups[localGroup]) {
		t.Errorf("got %+v, want credentials, the limits of the file and the local group", rt)
	}
	if rt := find("/x/1"); rt.basic || rt.timeout != time.Second || rt.bodyBytes != 7 || rt.group != group(tab.groups["few"]) {
		t.Errorf("got %+v, want its own limits and group", rt)
	}
}

func TestTableFaults(t *testing.T) {
	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := demoConfig("127.0.0.1:0")
		change(cfg)
		if _, err := New(cfg, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
	f(func(c *Config) { c.Routes[0].Database = "other" }, `no database "other"`)
	f(func(c *Config) { c.Routes[0].Backend = "other" }, `no group "other"`)
	f(func(c *Config) { c.Routes[0].Match = "getuser" }, "begins with a slash")
	f(func(c *Config) { c.Routes[0].SQL = "select :nothing" }, "route")
	f(func(c *Config) { c.Routes = append(c.Routes, c.Routes[0]) }, "match the same requests")
	f(func(c *Config) { c.Databases["main"] = sqlapi.Config{} }, "database main")
	f(func(c *Config) { c.Limits.Connections = -1 }, "group")
}

// The whole way, from a configuration to rows, on the embedded engine.
func TestGetUser(t *testing.T) {
	cfg := demoConfig("127.0.0.1:0")
	s, err := New(cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ts := &testServer{Server: s, t: t}
	if err := ts.Listen(); errors.Is(err, embedded.ErrLeftOut) {
		t.Skip("the embedded engine is left out of this build; build without -tags noembedded")
	} else if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- ts.Serve() }()
	f := func(authorization string, status int, body string) {
		t.Helper()
		got := ts.do("GET /getuser HTTP/1.1\r\nHost: h.test\r\n" + authorization + "\r\n")
		if got.StatusCode != status || status == 200 && got.body != body {
			t.Errorf("%s: got %d %s, want %d %s", authorization, got.StatusCode, got.body, status, body)
		}
	}
	f("Authorization: "+basic("alice:secret")+"\r\n", 200, `[{"count":1}]`)
	f("Authorization: "+basic("alice:' or '1'='1")+"\r\n", 200, `[{"count":0}]`)
	f("Authorization: "+basic("alice:wrong")+"\r\n", 200, `[{"count":0}]`)
	f("", 401, "")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := ts.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
}
