package gateway

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"zerohop/backends"
)

// troubled is a group in which every figure is another one.
func troubled(at time.Time) backends.GroupStats {
	server := backends.MemberStats{
		Name: "http://a:1", URL: true, State: backends.StateFailing, Since: at, Weight: 10, EffectiveWeight: 11, Backup: true,
		MaxInFlight: 12, Busy: 13, Requests: 14, Failures: 15, Fails: 16, LastError: "reset", LastErrorAt: at.Add(1),
		Checks: 17, CheckFailures: 18, LastCheck: at.Add(2), LastCheckError: "status 500", LastCheckSince: at.Add(3),
		Connections: 19, Idle: 20, Connects: 21, StaleRetries: 22, Tunnels: 23,
	}
	pool := backends.MemberStats{
		Name: "workers", State: backends.StateStarting, Weight: 30, EffectiveWeight: 31, MaxInFlight: 32,
		Workers: 33, Queue: 34, Busy: 35, Waiting: 36, Refused: 37, Requests: 38,
	}
	return backends.GroupStats{
		Name: "shop", Balance: "hash", Queue: 1, Waiting: 2, QueueTimeouts: 3, Refused: 4, Retries: 5, RetriesDenied: 6, Unavailable: 7,
		Members: []backends.MemberStats{server, pool, pool},
	}
}

func TestGroupMetrics(t *testing.T) {
	e := &exposition{}
	groupMetrics(e, []backends.GroupStats{troubled(time.Now())})
	page, err := e.text()
	if err != nil {
		t.Fatal(err)
	}
	families := readExposition(t.Errorf, string(page))
	checkNames(t, families)
	seen := 0
	f := func(name, labels string, want float64) {
		t.Helper()
		seen++
		if families[name] == nil {
			t.Errorf("there is no %s", name)
			return
		}
		if got, there := families[name].series["{"+labels+"}"]; !there || got != want {
			t.Errorf("%s{%s}: got %v, %v, want %v", name, labels, got, there, want)
		}
	}
	f("zerohop_backend_queue_max", "group=shop", 1)
	f("zerohop_backend_queue_waiting", "group=shop", 2)
	f("zerohop_backend_queue_timeouts_total", "group=shop", 3)
	f("zerohop_backend_queue_refused_total", "group=shop", 4)
	f("zerohop_backend_retries_total", "group=shop", 5)
	f("zerohop_backend_retries_denied_total", "group=shop", 6)
	f("zerohop_backend_unavailable_total", "group=shop", 7)
	server := "group=shop,member=http://a:1"
	f("zerohop_backend_up", server, 0)
	f("zerohop_backend_weight", server, 10)
	f("zerohop_backend_weight_effective", server, 11)
	f("zerohop_backend_requests_in_flight_max", server, 12)
	f("zerohop_backend_requests_in_flight", server, 13)
	f("zerohop_backend_requests_total", server, 14)
	f("zerohop_backend_failures_total", server, 15)
	f("zerohop_backend_checks_total", server, 17)
	f("zerohop_backend_check_failures_total", server, 18)
	f("zerohop_backend_connections", server, 19)
	f("zerohop_backend_connections_idle", server, 20)
	f("zerohop_backend_connects_total", server, 21)
	f("zerohop_backend_stale_retries_total", server, 22)
	f("zerohop_backend_tunnels_total", server, 23)
	pool := "group=shop,member=workers"
	f("zerohop_workers_max", pool, 33)
	f("zerohop_workers_busy", pool, 35)
	f("zerohop_workers_waiting", pool, 36)
	f("zerohop_workers_refused_total", pool, 37)
	if seen != len(families) {
		t.Errorf("got %d families, want %d", len(families), seen)
	}
	// The second pool has series of its own, and pools have none of servers.
	f("zerohop_backend_up", pool, 1)
	f("zerohop_backend_up", pool+" #2", 1)
	if n := len(families["zerohop_backend_connections"].series) + len(families["zerohop_workers_max"].series); n != 3 {
		t.Errorf("got %d series of one server and two pools", n)
	}
}

func TestGroupStatus(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	got, err := json.Marshal(newGroupStatus(troubled(at), at.Add(-time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	pool := `{"name":"workers","state":"starting","since":"2026-01-02T02:04:05Z","weight":30,"effective_weight":31,"backup":false,` +
		`"max_in_flight":32,"workers":33,"queue":34,"busy":35,"waiting":36,"refused":37,"requests":38,"failures":0,"fails":0,` +
		`"last_error":"","checks":0,"check_failures":0,"last_check_ok":false,"last_check_error":"",` +
		`"connections":0,"idle":0,"connects":0,"stale_retries":0,"tunnels":0}`
	want := `{"balance":"hash","queue":1,"waiting":2,"queue_timeouts":3,"refused":4,"retries":5,"retries_denied":6,"unavailable":7,"members":[` +
		`{"name":"http://a:1","state":"failing","since":"2026-01-02T03:04:05Z","weight":10,"effective_weight":11,"backup":true,` +
		`"max_in_flight":12,"workers":0,"queue":0,"busy":13,"waiting":0,"refused":0,"requests":14,"failures":15,"fails":16,` +
		`"last_error":"reset","last_error_at":"2026-01-02T03:04:05.000000001Z","checks":17,"check_failures":18,` +
		`"last_check":"2026-01-02T03:04:05.000000002Z","last_check_ok":false,"last_check_error":"status 500",` +
		`"last_check_since":"2026-01-02T03:04:05.000000003Z","connections":19,"idle":20,"connects":21,"stale_retries":22,"tunnels":23},` +
		pool + "," + pool + `]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The log says what has become of a member, and "again" where that is so.
func TestLogTurns(t *testing.T) {
	f := func(turn backends.Turn, want string) {
		t.Helper()
		var text strings.Builder
		turn.Member = "http://a:1"
		logTurns(slog.New(slog.NewTextHandler(&text, nil)), "shop")(turn)
		if _, got, _ := strings.Cut(text.String(), " "); got != want+"\n" {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	refused := errors.New("refused")
	f(backends.Turn{State: backends.StateDown, First: true, Err: refused}, `level=WARN msg="a member is down" group=shop member=http://a:1 error=refused`)
	f(backends.Turn{State: backends.StateFailing, Err: refused}, `level=WARN msg="a member is failing" group=shop member=http://a:1 error=refused`)
	f(backends.Turn{State: backends.StateUp, First: true}, `level=INFO msg="a member is up" group=shop member=http://a:1`)
	f(backends.Turn{State: backends.StateUp}, `level=INFO msg="a member is up again" group=shop member=http://a:1`)
}
