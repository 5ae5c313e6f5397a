package gateway

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"zerohop/backends"
)

func TestMemberRow(t *testing.T) {
	at := func(clock string) time.Time {
		parsed, err := time.Parse(time.TimeOnly, clock)
		if err != nil {
			t.Fatal(err)
		}
		return parsed.AddDate(2026, 0, 0)
	}
	f := func(m backends.MemberStats, want string) {
		t.Helper()
		row := memberRow("shop", 3, m)
		if got := strings.Join(row, "|"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if len(row) != len(memberColumns) {
			t.Errorf("got %d cells, want %d", len(row), len(memberColumns))
		}
	}
	f(backends.MemberStats{Name: "http://a:1", State: backends.StateUp, Weight: 5, EffectiveWeight: 5, Busy: 7},
		"shop|up|5|7|3|http://a:1|-|-|-|-|0")
	f(backends.MemberStats{
		Name: "http://a:1", State: backends.StateUp, Weight: 5, EffectiveWeight: 5,
		Checks: 2, LastCheckOK: true, LastCheck: at("10:00:02"), LastCheckSince: at("10:00:01"),
	}, "shop|up|5|0|3|http://a:1|2026-01-01T10:00:02Z|2026-01-01T10:00:01Z|0|OK|0")
	f(backends.MemberStats{
		Name: "http://a:1", State: backends.StateDown, Weight: 5, EffectiveWeight: 1, Backup: true,
		Checks: 2, CheckFailures: 1, LastCheckError: "unexpected\n\tanswer:  status 500",
		LastCheck: at("10:00:02"), LastCheckSince: at("10:00:02"),
	}, "shop|down|1/5 backup|0|3|http://a:1|2026-01-01T10:00:02Z|2026-01-01T10:00:02Z|1|unexpected answer: status 500|1")
	f(backends.MemberStats{Name: "workers", State: backends.StateFailing, Weight: 1, EffectiveWeight: 1}, "shop|failing|1|0|3|workers|-|-|-|-|1")
	f(backends.MemberStats{Name: "workers", State: backends.StateStarting, Weight: 1, EffectiveWeight: 1}, "shop|starting|1|0|3|workers|-|-|-|-|0")
	f(backends.MemberStats{Name: "workers", State: backends.StateOff, Weight: 1, EffectiveWeight: 1}, "shop|off|1|0|3|workers|-|-|-|-|1")
}

func TestStatusFormats(t *testing.T) {
	ts := startDemo(t)
	got := ts.adminGet("/status?format=text")
	if got.StatusCode != 200 || got.Header.Get("Content-Type") != plainText {
		t.Errorf("got %d %v", got.StatusCode, got.Header)
	}
	lines := strings.Split(strings.TrimSuffix(got.body, "\n"), "\n")
	apart := regexp.MustCompile(` {2,}`)
	if len(lines) != 3 {
		t.Fatalf("got %d lines, want one for the columns and one for each member:\n%s", len(lines), got.body)
	}
	for _, line := range lines {
		if cells := apart.Split(line, -1); len(cells) != len(memberColumns) {
			t.Errorf("got %d cells in %q, want %d", len(cells), line, len(memberColumns))
		}
	}
	if !strings.HasPrefix(lines[1], "few ") || !strings.HasPrefix(lines[2], "local ") {
		t.Errorf("got the groups in\n%s", got.body)
	}
	if plain, named := ts.adminGet("/status"), ts.adminGet("/status?format=json"); plain.body[:20] != named.body[:20] {
		t.Errorf("got %q and %q", plain.body, named.body)
	}
	for _, format := range []string{"xml", "", "TEXT", "text%00"} {
		if got := ts.adminGet("/status?format=" + format); got.StatusCode != 400 || !strings.Contains(got.body, "format=text") {
			t.Errorf("format=%s: got %d %s, want a 400 that says which there are", format, got.StatusCode, got.body)
		}
	}
}
