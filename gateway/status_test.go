package gateway

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// readStatus returns what /status says, which has no field that is not meant.
func (ts *testServer) readStatus() status {
	ts.t.Helper()
	got := ts.adminGet("/status")
	if got.StatusCode != 200 || got.Header.Get("Content-Type") != "application/json" || got.Header.Get("Cache-Control") != "no-store" {
		ts.t.Fatalf("got %d %v", got.StatusCode, got.Header)
	}
	decoder := json.NewDecoder(strings.NewReader(got.body))
	decoder.DisallowUnknownFields()
	var st status
	if err := decoder.Decode(&st); err != nil {
		ts.t.Fatalf("%v in %s", err, got.body)
	}
	return st
}

func TestStatus(t *testing.T) {
	ts := startDemo(t)
	ts.do(getUser)
	ts.get("/getuser")
	ts.get("/nowhere")
	st := ts.readStatus()
	if st.Version != `v1 "x"` || st.State != "serving" || st.UptimeSeconds <= 0 || time.Since(st.Started) < 0 {
		t.Errorf("got %+v", st)
	}
	public, operator := st.Listeners[0], st.Listeners[1]
	if public.Name != "public" || public.Addresses[0] != ts.Addrs()[0].String() || public.MaxConnections < 1 {
		t.Errorf("got the listener %+v", public)
	}
	if operator.Name != "admin" || operator.Addresses[0] != ts.AdminAddr().String() || operator.Connections != 1 {
		t.Errorf("got the listener %+v", operator)
	}
	if l := st.Limits; l.HeaderBytes != 16<<10 || l.BodyBytes != 1<<20 || l.HeaderTimeoutSeconds != 10 || l.IdleTimeoutSeconds != 65 ||
		l.RequestTimeoutSeconds != 30 || l.Connections != 30000 {
		t.Errorf("got the limits %+v", l)
	}
	if len(st.Routes) != 1 || st.Routes[0].Match != "GET /getuser" {
		t.Fatalf("got the routes %+v", st.Routes)
	}
	if got := st.Routes[0]; got.Requests != 2 || len(got.Statuses) != 2 || got.Statuses["2xx"] != 1 || got.Statuses["4xx"] != 1 {
		t.Errorf("got the route %+v", got)
	}
	if got := st.Routes[0]; got.MeanSeconds <= 0 || got.P50Seconds <= 0 || got.P99Seconds < got.P50Seconds || got.P99Seconds > 30 {
		t.Errorf("got the durations of %+v", got)
	}
	if got := st.Unrouted; got.Requests != 1 || got.Statuses["4xx"] != 1 {
		t.Errorf("got %+v without a route", got)
	}
	if st.Problems["unauthorized"] != 1 || st.Problems["not_found"] != 1 {
		t.Errorf("got the problems %v", st.Problems)
	}
	if got := st.Backends["few"]; got.Balance != "least_busy" || len(got.Members) != 1 {
		t.Fatalf("got the group %+v", got)
	}
	member := memberStatus{
		Name: "workers", State: "up", Since: st.Started, Weight: 1, EffectiveWeight: 1, MaxInFlight: 3, Workers: 3, Queue: 4, Requests: 1,
	}
	if got := st.Backends["few"].Members[0]; got != member {
		t.Errorf("got the member %+v, want %+v", got, member)
	}
	want := databaseStatus{Address: "embedded", Up: true, Max: 100, Idle: 1, Statements: 1, Connects: 1}
	if got := st.Databases["main"]; got != want {
		t.Errorf("got the database %+v, want %+v", got, want)
	}
}

// Nobody who may read the status learns how to become a client of the database.
func TestStatusHasNoSecrets(t *testing.T) {
	cfg, err := parseTest(`
[databases.main]
dsn = "gw:${PW}@tcp(127.0.0.1:1)/shop"
[databases.other]
dsn = "gw:${PW}@unix(/no/such.sock)/shop"
[[routes]]
match = "/other"
database = "other"
sql = "select 'hunter2!'"
`)
	if err != nil {
		t.Fatal(err)
	}
	server, err := New(cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	st := server.status()
	if got := st.Databases["main"].Address; got != "tcp(127.0.0.1:1)" {
		t.Errorf("got the address %q", got)
	}
	if got := st.Databases["other"].Address; got != "unix(/no/such.sock)" {
		t.Errorf("got the address %q", got)
	}
	metrics, err := server.metrics()
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{string(st.body()), string(metrics)} {
		for _, secret := range []string{"hunter2", "gw:", "shop", "select"} {
			if strings.Contains(page, secret) {
				t.Errorf("%q is in\n%s", secret, page)
			}
		}
	}
}
