package sqlapi

import (
	"strings"
	"testing"
	"time"
)

func TestPlainStatements(t *testing.T) {
	f := func(sql string, plain bool) {
		t.Helper()
		s, err := ParseStatement(sql)
		if err != nil {
			t.Fatal(err)
		}
		if s.Plain != plain {
			t.Errorf("%s: got %t, want %t", sql, s.Plain, plain)
		}
		if s.Plain && (!s.Reads || s.Stateful) {
			t.Errorf("%s: is plain, although it writes or leaves something behind", sql)
		}
	}
	f("select id from user where id = :query.id", true)
	f("SELECT count(*) FROM user u JOIN note n ON n.id = u.id", true)
	f("select upper(user), now() from user limit :query.n", true)
	f("select (select 1) union select 2", true)
	f("(select 1)", true)
	f("select 'sleep(1)' as text", true)
	f("select sleep(1)", false)
	f("select Sleep (:query.s) from user", false)
	f("select id from user where benchmark(1000, md5('x')) = 0", false)
	f("select load_file('/etc/hosts')", false)
	f("select get_lock('a', 1)", false)
	f("select id from user for update", false)
	f("select id from user lock in share mode", false)
	f("select id from user into @x", false)
	f("select @x", false)
	f("select @@version", false)
	f("select last_insert_id()", false)
	f("select own_function(1)", false)
	f("select nextval(s)", false)
	f("with x as (select 1) select * from x", false)
	f("show tables", false)
	f("values (1)", false)
	f("explain select 1", false)
	f("insert into note (n) values (1)", false)
	f("update note set n = 1", false)
	f("call p()", false)
	f("set @x = 1", false)
}

func TestLaneMode(t *testing.T) {
	f := func(text string, want LaneMode) {
		t.Helper()
		var got LaneMode
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
	f("auto", LaneAuto)
	f("true", LaneAlways)
	f("false", LaneNever)
	for _, text := range []string{"", "Auto", "yes", "1"} {
		if err := new(LaneMode).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got no error", text)
		}
	}
	db, err := New(Config{DSN: "u@tcp(127.0.0.1:1)/d", Max: 2, Overflow: "reject", Queue: 1, Wait: 1e9, LaneBatch: 1, LaneSlow: 1e9, IdleTimeout: 1e9, Lifetime: 1e9, Timeout: 1e9, MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	allows := func(sql string, want string) {
		t.Helper()
		cfg := EndpointConfig{SQL: sql, ParametersConfig: ParametersConfig{Params: map[string]ParamConfig{}}}
		if strings.Contains(sql, ":query.ids") {
			cfg.Params["query.ids"] = ParamConfig{Type: "list", Items: "integer"}
		}
		e, err := db.Endpoint(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for mode, name := range []string{LaneAuto: "auto", LaneNever: "never", LaneAlways: "always"} {
			if LaneMode(mode).rides(e) {
				got = append(got, name)
			}
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: got %q, want %q", sql, text, want)
		}
	}
	allows("select 1", "auto always")
	allows("select sleep(0.05)", "always")
	allows("show tables", "always")
	allows("select 1 from t where id in (:query.ids)", "always")
	allows("select @x", "")
	allows("insert into note (n) values (1)", "")
	allows("select 1 for update", "")
}

func TestLaneOfAWriteIsAFault(t *testing.T) {
	f := func(sql string, want int) {
		t.Helper()
		faults := EndpointConfig{SQL: sql, LaneConfig: LaneConfig{Lane: LaneAlways}}.Validate()
		if len(faults) != want {
			t.Errorf("%s: got %v, want %d faults", sql, faults, want)
		}
		for _, fault := range faults {
			if got := fault.(*FieldError).Field; got != "lane" {
				t.Errorf("%s: got a fault of %s, want one of lane", sql, got)
			}
		}
	}
	f("select sleep(0.05)", 0)
	f("insert into note (n) values (1)", 1)
	f("select get_lock('a', 1)", 1)
}

// TestBoarding asks at several times, which are seconds, whether a route rides
// and whether the server is to be asked first.
func TestBoarding(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	board := func(mode LaneMode, eligible bool) *boarding { return &boarding{mode: mode, eligible: eligible} }
	f := func(b *boarding, seconds float64, admits, unsure bool) {
		t.Helper()
		if a, u := b.admits(at(seconds)), b.unsure(at(seconds)); a != admits || u != unsure {
			t.Errorf("after %vs: got admitted %t, unsure %t, want %t, %t", seconds, a, u, admits, unsure)
		}
	}
	f(board(LaneNever, false), 0, false, false)
	f(board(LaneAlways, false), 0, false, false)
	f(board(LaneAlways, true), 0, true, false)

	auto := board(LaneAuto, true)
	f(auto, 0, true, true)
	auto.decide(verdict{short: true}, at(0))
	f(auto, 1, true, false)
	f(auto, 59.9, true, false)
	f(auto, 60, true, true)
	auto.decide(verdict{short: false}, at(60))
	f(auto, 61, false, false)
	f(auto, 120, true, true)
	auto.decide(verdict{short: true, glimpse: true}, at(120))
	f(auto, 120.9, true, false)
	f(auto, 121, true, true)
	auto.decide(verdict{short: true}, at(121))
	auto.doubt()
	f(auto, 122, true, true)
	auto.decide(verdict{short: true}, at(122))
	if got := auto.exclude(at(123)); got != time.Minute {
		t.Errorf("got %v, want a minute", got)
	}
	f(auto, 182, false, true)
	f(auto, 183, true, true)
}

// TestBans has a route behave badly over and over, and then well for long.
func TestBans(t *testing.T) {
	b := &boarding{mode: LaneAlways, eligible: true}
	now := time.Unix(1_000_000, 0)
	f := func(want time.Duration) {
		t.Helper()
		if got := b.exclude(now); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		if got := b.exclude(now.Add(want - 1)); got != 0 {
			t.Errorf("got %v for a route that is out already, want 0", got)
		}
		if b.admits(now.Add(want-1)) || !b.admits(now.Add(want)) {
			t.Errorf("is not out for %v", want)
		}
		now = now.Add(want)
	}
	for _, minutes := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		f(minutes * time.Minute)
	}
	now = now.Add(probation)
	f(time.Hour)
	now = now.Add(probation + 1)
	f(time.Minute)
}

func TestPace(t *testing.T) {
	const limit = 5 * time.Millisecond
	// f notes gaps and wants the route to be too slow at the last of them, if at all.
	f := func(name string, slow bool, gaps ...time.Duration) {
		t.Helper()
		var p pace
		for i, gap := range gaps {
			reason := p.note(gap*time.Millisecond, limit)
			if want := slow && i == len(gaps)-1; (reason != "") != want {
				t.Fatalf("%s: answer %d: got %q, want %t", name, i, reason, want)
			}
			if reason != "" && (p != pace{} || !strings.Contains(reason, "limit is 5ms")) {
				t.Errorf("%s: got %q and %+v, want to begin anew", name, reason, p)
			}
		}
	}
	repeat := func(n int, gaps ...time.Duration) (all []time.Duration) {
		for range n {
			all = append(all, gaps...)
		}
		return all
	}
	f("fast", false, repeat(200, 1, 4)...)
	f("three in a row", true, 5, 5, 5)
	f("two in a row", false, repeat(100, 9, 9, 0, 0)...)
	f("a moment in which all stood still", false, append(repeat(60, 1), 100)...)
	f("three late after many that were not", false, append(repeat(60, 0), 20, 20, 20)...)
	f("every second one", true, repeat(25, 11, 0)...)
	f("fast for long, and then slow", true, append(repeat(60, 0), repeat(12, 25)...)...)
}
