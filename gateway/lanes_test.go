package gateway

import (
	"encoding/json"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"zerohop/sqlapi"
	"zerohop/sqlapi/mariadbtest"
)

// startLanes runs a server on a private MariaDB until the test ends. Its route
// /slow says that it is short, and is not.
func startLanes(t *testing.T) *testServer {
	t.Helper()
	database, err := mariadbtest.Start()
	mariadbtest.Require(t, database, err)
	t.Cleanup(database.Stop)
	cfg := demoConfig("127.0.0.1:0")
	cfg.Admin = "127.0.0.1:0"
	db := sqlapi.Config{DSN: database.DSN()}
	db.SetDefaults()
	cfg.Databases["main"] = db
	route := func(match, sql string, lane sqlapi.LaneMode) {
		endpoint := sqlapi.EndpointConfig{SQL: sql, LaneConfig: sqlapi.LaneConfig{Lane: lane}}
		cfg.Routes = append(cfg.Routes, RouteConfig{Match: match, EndpointConfig: endpoint})
	}
	cfg.Routes = nil
	route("GET /quick", "select :query.v as v", sqlapi.LaneAuto)
	route("GET /slow", "select sleep(0.02) as s", sqlapi.LaneAlways)
	route("GET /alone", "select :query.v as v", sqlapi.LaneNever)
	ts := &testServer{t: t}
	log := slog.New(slog.NewTextHandler(&ts.log, nil))
	if ts.Server, err = New(cfg, Options{ErrorLog: log}); err != nil {
		t.Fatal(err)
	}
	if err := ts.Listen(); err != nil {
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

// TestPutOffIsTold has a route be too slow for the lanes: the log says which and
// why, once, and whoever watches sees it in the metrics and in the status.
func TestPutOffIsTold(t *testing.T) {
	ts := startLanes(t)
	ask := func(target, want string) {
		t.Helper()
		if got := ts.get(target); got.StatusCode != 200 || got.body != want {
			t.Fatalf("%s: got %d %s, want %s", target, got.StatusCode, got.body, want)
		}
	}
	f := func(families map[string]*readFamily, name string, want float64) {
		t.Helper()
		if families[name] == nil {
			t.Fatalf("there is no %s", name)
		}
		key := "{database=main}"
		if got, there := families[name].series[key]; !there || got != want {
			t.Errorf("%s%s: got %v, %t, want %v", name, key, got, there, want)
		}
	}
	for range 3 {
		ask("/quick?v=a", `[{"v":"a"}]`)
		ask("/alone?v=b", `[{"v":"b"}]`)
	}
	before := ts.families()
	f(before, "zerohop_lanes_max", 2)
	f(before, "zerohop_lanes_open", 1)
	f(before, "zerohop_lanes_busy", 0)
	f(before, "zerohop_lane_requests_waiting", 0)
	f(before, "zerohop_lane_routes_put_off", 0)
	f(before, "zerohop_lane_put_offs_total", 0)
	f(before, "zerohop_lane_reruns_total", 0)
	for name, want := range map[string]float64{"_count{database=main}": 3, "_sum{database=main}": 3, "_bucket{database=main,le=1}": 3} {
		if got := before["zerohop_lane_batch_statements"].series[name]; got != want {
			t.Errorf("zerohop_lane_batch_statements%s: got %v, want %v", name, got, want)
		}
	}
	for range 5 {
		ask("/slow", `[{"s":0}]`)
	}
	after := ts.families()
	f(after, "zerohop_lane_routes_put_off", 1)
	f(after, "zerohop_lane_put_offs_total", 1)
	if got := after["zerohop_lane_batch_statements"].series["_count{database=main}"]; got != 6 {
		t.Errorf("got %v batches, want three more", got)
	}
	log := ts.log.String()
	if n := strings.Count(log, "does without the lanes"); n != 1 {
		t.Errorf("got %d lines in\n%s\nwant one", n, log)
	}
	for _, want := range []string{"level=WARN", `route="GET /slow"`, "the limit is 5ms", "for=1m0s"} {
		if !strings.Contains(log, want) {
			t.Errorf("got %s, want %s in it", log, want)
		}
	}
	// The server sleeps 20 ms; what is measured begins and ends a little later.
	found := regexp.MustCompile(`held up their lane for (\S+) each`).FindStringSubmatch(log)
	if found == nil {
		t.Fatalf("got %s, want how long the lane was held up", log)
	}
	if held, err := time.ParseDuration(found[1]); err != nil || held < 15*time.Millisecond || held > time.Second {
		t.Errorf("got %v and error %v, want some 20ms", held, err)
	}
	var status struct {
		Databases map[string]struct{ Lanes laneStatus }
	}
	if err := json.Unmarshal([]byte(ts.adminGet("/status").body), &status); err != nil {
		t.Fatal(err)
	}
	got := status.Databases["main"].Lanes
	got.MeanWaitSeconds = 0 // as it comes
	if want := (laneStatus{Max: 2, Open: 1, RoutesPutOff: 1, PutOffs: 1, Batches: 6, Statements: 6, MeanBatch: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
