package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/backends"
	"zerohop/sqlapi"
	"zerohop/sqlapi/embedded"
)

// families returns what /metrics says, read and checked.
func (ts *testServer) families() map[string]*readFamily {
	ts.t.Helper()
	got := ts.adminGet("/metrics")
	if got.StatusCode != 200 || got.Header.Get("Content-Type") != expositionType || got.Header.Get("Cache-Control") != "no-store" {
		ts.t.Fatalf("got %d %v", got.StatusCode, got.Header)
	}
	families := readExposition(ts.t.Errorf, got.body)
	checkNames(ts.t, families)
	return families
}

func TestMetricsOfRequests(t *testing.T) {
	ts := startServer(t, testLimits(),
		newTestRoute(t, "GET /users/{id}", say("x")),
		newTestRoute(t, `/a"b\/{rest...}`, say("x")),
		newTestRoute(t, "/full", func(context.Context, *fasthttp.RequestCtx) error { return backends.ErrFull }),
		newTestRoute(t, "/odd", func(_ context.Context, rc *fasthttp.RequestCtx) error {
			rc.SetStatusCode(999)
			return nil
		}))
	for range 3 {
		ts.get("/users/1")
	}
	ts.get("/users/2")
	ts.get("/odd")
	ts.get("/full")
	ts.get("/nowhere/17")
	ts.get("/nowhere/18")
	ts.do("POST /users/1 HTTP/1.1\r\nHost: h.test\r\nContent-Length: 0\r\n\r\n")
	ts.do("broken\r\n\r\n")
	got := ts.families()
	f := func(name, key string, want float64) {
		t.Helper()
		if n, there := got[name].series[key]; !there || n != want {
			t.Errorf("%s%s: got %v, %v, want %v", name, key, n, there, want)
		}
	}
	const requests = "zerohop_requests_total"
	f(requests, "{route=GET /users/{id},status=200}", 4)
	f(requests, "{route=/full,status=503}", 1)
	f(requests, "{route=/odd,status=other}", 1)
	f(requests, "{route=none,status=404}", 2)
	f(requests, "{route=none,status=405}", 1)
	f(requests, "{route=none,status=400}", 1)
	if n := len(got[requests].series); n != 6 {
		t.Errorf("got %d series, want 6: %v", n, got[requests].series)
	}
	f("zerohop_request_duration_seconds", "_count{route=GET /users/{id}}", 4)
	f("zerohop_request_duration_seconds", `_count{route=/a"b\/{rest...}}`, 0)
	f("zerohop_request_duration_seconds", "_count{route=none}", 4)
	f("zerohop_problems_total", "{code=pool_full}", 1)
	f("zerohop_problems_total", "{code=not_found}", 2)
	f("zerohop_problems_total", "{code=method_not_allowed}", 1)
	f("zerohop_problems_total", "{code=bad_request}", 1)
	f("zerohop_problems_total", "{code=timeout}", 0)
	f("zerohop_connections_max", "{listener=public}", float64(testLimits().Connections))
	f("zerohop_connections", "{listener=admin}", 1)
	f("zerohop_draining", "{}", 0)
}

func TestMetricsOfWhatIsUnderWay(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	ts := startServer(t, testLimits(), newTestRoute(t, "/", func(context.Context, *fasthttp.RequestCtx) error {
		entered <- struct{}{}
		<-release
		return nil
	}))
	f := func(want float64) {
		t.Helper()
		families := ts.families()
		if got := families["zerohop_requests_in_flight"].series["{}"]; got != want {
			t.Errorf("got %v requests in flight, want %v", got, want)
		}
	}
	f(0)
	var clients []*client
	for range 2 {
		clients = append(clients, ts.dial())
		clients[len(clients)-1].send("GET / HTTP/1.1\r\nHost: h.test\r\n\r\n")
		<-entered
	}
	f(2)
	if got := ts.families()["zerohop_connections"].series["{listener=public}"]; got != 2 {
		t.Errorf("got %v connections, want 2", got)
	}
	close(release)
	for _, c := range clients {
		c.receive("GET")
	}
	f(0)
}

// Every code that a client can meet has its count from the start, so that an
// alert sees the first one.
func TestEveryProblemIsCounted(t *testing.T) {
	counts := newCounts()
	for _, err := range []error{faultSyntax, context.Canceled, fmt.Errorf("x: %w", sqlapi.ErrTimeout)} {
		if code := classify(err).code; counts[code] == nil {
			t.Errorf("%v: nothing counts %s", err, code)
		}
	}
	for _, p := range knownProblems {
		if code := classify(p.cause).code; counts[code] == nil {
			t.Errorf("%v: nothing counts %s", p.cause, code)
		}
	}
}

// startDemo runs a server on the demo's database until the test ends.
func startDemo(t *testing.T) *testServer {
	t.Helper()
	cfg := demoConfig("127.0.0.1:0")
	cfg.Admin = "127.0.0.1:0"
	cfg.Backends = map[string]backends.Config{"few": backends.Pool(3, 4)}
	cfg.Routes[0].Backend = "few"
	return startConfig(t, cfg)
}

// startConfig runs a server on the embedded engine until the test ends.
func startConfig(t testing.TB, cfg *Config) *testServer {
	t.Helper()
	ts := &testServer{t: t}
	var err error
	ts.Server, err = New(cfg, Options{
		AccessLog: &ts.access, ErrorLog: slog.New(slog.NewTextHandler(&ts.log, nil)), Version: `v1 "x"`,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ts.Listen(); errors.Is(err, embedded.ErrLeftOut) {
		t.Skip("the embedded engine is left out of this build; build without -tags noembedded")
	} else if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- ts.Serve() }()
	t.Cleanup(func() {
		if err := ts.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return ts
}

func TestMetricsOfDatabasesAndGroups(t *testing.T) {
	ts := startDemo(t)
	if got := ts.do(getUser); got.StatusCode != 200 {
		t.Fatalf("got %d %s", got.StatusCode, got.body)
	}
	families := ts.families()
	f := func(name, key string, want float64) {
		t.Helper()
		if families[name] == nil {
			t.Fatalf("there is no %s", name)
		}
		if n, there := families[name].series[key]; !there || n != want {
			t.Errorf("%s%s: got %v, %v, want %v", name, key, n, there, want)
		}
	}
	f("zerohop_database_up", "{database=main}", 1)
	f("zerohop_database_connections_max", "{database=main}", 100)
	f("zerohop_database_connections_busy", "{database=main}", 0)
	f("zerohop_database_connections_idle", "{database=main}", 1)
	f("zerohop_database_statements_total", "{database=main}", 1)
	f("zerohop_database_connects_total", "{database=main}", 1)
	f("zerohop_database_rejected_total", "{database=main}", 0)
	f("zerohop_workers_max", "{group=few,member=workers}", 3)
	f("zerohop_workers_busy", "{group=few,member=workers}", 0)
	f("zerohop_workers_max", "{group=local,member=workers}", 30000)
	f("zerohop_workers_refused_total", "{group=few,member=workers}", 0)
	for key := range families["zerohop_build_info"].series {
		if !strings.HasPrefix(key, `{version=v1 "x",goversion=go1.`) {
			t.Errorf("got %s", key)
		}
	}
}

// Under load, whatever is a counter only grows, and no page is malformed.
func TestCountersOnlyGrow(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "/a", say("x")), newTestRoute(t, "/b", say("y")))
	var load sync.WaitGroup
	for _, target := range []string{"/a", "/b", "/c"} {
		load.Go(func() {
			c := ts.dial()
			defer c.Close()
			for range 300 {
				c.send("GET " + target + " HTTP/1.1\r\nHost: h.test\r\n\r\n")
				c.receive("GET")
			}
		})
	}
	before := ts.families()
	for range 10 {
		now := ts.families()
		for name, family := range before {
			if family.kind == gauge {
				continue
			}
			for key, n := range family.series {
				if got, there := now[name].series[key]; !there || got < n {
					t.Errorf("%s%s: %v after %v", name, key, got, n)
				}
			}
		}
		before = now
	}
	load.Wait()
	sum := 0.0
	for key, n := range ts.families()["zerohop_requests_total"].series {
		if !strings.Contains(key, "status=200}") && !strings.Contains(key, "status=404}") {
			t.Errorf("got %s", key)
		}
		sum += n
	}
	if sum != 900 {
		t.Errorf("got %v requests, want 900", sum)
	}
}

func TestMetricsOfTheProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/statm"); err != nil {
		t.Skip("there is no /proc as Linux has it")
	}
	ts := startServer(t, testLimits(), newTestRoute(t, "/", say("x")))
	families := ts.families()
	f := func(name string, least, most float64) {
		t.Helper()
		if families[name] == nil {
			t.Fatalf("there is no %s", name)
		}
		if got := families[name].series["{}"]; got < least || got > most {
			t.Errorf("%s: got %v, want %v to %v", name, got, least, most)
		}
	}
	now := float64(time.Now().Unix())
	f("process_start_time_seconds", now-60, now+60)
	f("process_cpu_seconds_total", 0, 3600*64)
	f("process_resident_memory_bytes", 1<<20, 1<<40)
	f("process_open_fds", 3, 10_000)
	f("process_max_fds", 64, 1<<30)
	f("go_goroutines", 2, 100_000)
	f("go_memstats_heap_alloc_bytes", 1<<10, 1<<40)
	f("go_memstats_sys_bytes", 1<<20, 1<<40)
	f("go_gc_cycles_total", 0, 1e9)
}

func TestNumberAt(t *testing.T) {
	f := func(text string, index int, want float64, known bool) {
		t.Helper()
		if got, ok := numberAt(text, index); got != want || ok != known {
			t.Errorf("numberAt(%q, %d): got %v, %v, want %v, %v", text, index, got, ok, want, known)
		}
	}
	f("a 17 b", 1, 17, true)
	f("a 17 b", 2, 0, false)
	f("a 17", 2, 0, false)
	f("", 0, 0, false)
	f("  unlimited  unlimited  files", 0, 0, false)
}
