package sqlapi

import (
	"errors"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the machine may have no table of zones
)

func TestParseZone(t *testing.T) {
	f := func(name, wantSQL, wantFixed string) {
		t.Helper()
		got, err := parseZone(name)
		if err != nil || got.sql != wantSQL || got.fixed != wantFixed {
			t.Errorf("%s: got %+v, %v, want %s, %s", name, got, err, wantSQL, wantFixed)
		}
	}
	f("UTC", "+00:00", "Z")
	f("Etc/UTC", "+00:00", "Z")
	f("+00:00", "+00:00", "Z")
	f("+05:30", "+05:30", "+05:30")
	f("-03:00", "-03:00", "-03:00")
	f("+14:00", "+14:00", "+14:00")
	f("Europe/Berlin", "Europe/Berlin", "")
	for _, name := range []string{"", "Local", "SYSTEM", "Berlin", "+1:00", "+0100", "+14:01", "-15:00", "+05:60", "../passwd", "'", "Europe/Berlin'"} {
		if got, err := parseZone(name); err == nil {
			t.Errorf("%q: got %+v, want a fault", name, got)
		}
	}
}

// TestInstant reads clocks in one zone and shows them in another.
func TestInstant(t *testing.T) {
	f := func(stored, shown, clock, want string) {
		t.Helper()
		types, err := newTypes(TypesConfig{Datetime: "rfc3339", TimeZone: shown}, stored, nil)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse("2006-01-02 15:04:05", clock)
		if err != nil {
			t.Fatal(err)
		}
		got := types.calendar.instant(at.Year(), int(at.Month()), at.Day(), at.Hour(), at.Minute(), at.Second()).Format(time.RFC3339)
		if got != want {
			t.Errorf("%s of %s in %s: got %s, want %s", clock, stored, shown, got, want)
		}
		if _, err := time.Parse(time.RFC3339, got); err != nil {
			t.Errorf("%s is not RFC 3339: %v", got, err)
		}
	}
	f("UTC", "Europe/Berlin", "2026-01-15 12:00:00", "2026-01-15T13:00:00+01:00")
	f("UTC", "Europe/Berlin", "2026-07-15 12:00:00", "2026-07-15T14:00:00+02:00")
	f("Europe/Berlin", "", "2026-07-15 12:00:00", "2026-07-15T12:00:00+02:00")
	f("Europe/Berlin", "UTC", "2026-07-15 12:00:00", "2026-07-15T10:00:00Z")
	f("+05:30", "-03:00", "2026-01-01 01:00:00", "2025-12-31T16:30:00-03:00")
	// The hour that clocks show twice, the one that they leave out, and what is
	// right beside them.
	f("Europe/Berlin", "", "2026-10-25 01:59:59", "2026-10-25T01:59:59+02:00")
	f("Europe/Berlin", "", "2026-10-25 02:00:00", "2026-10-25T02:00:00+02:00")
	f("Europe/Berlin", "", "2026-10-25 02:30:00", "2026-10-25T02:30:00+02:00")
	f("Europe/Berlin", "", "2026-10-25 02:59:59", "2026-10-25T02:59:59+02:00")
	f("Europe/Berlin", "", "2026-10-25 03:00:00", "2026-10-25T03:00:00+01:00")
	f("America/New_York", "UTC", "2026-11-01 01:30:00", "2026-11-01T05:30:00Z")
	f("Australia/Lord_Howe", "", "2026-04-05 01:45:00", "2026-04-05T01:45:00+11:00")
	f("Europe/Berlin", "", "2026-03-29 03:00:00", "2026-03-29T03:00:00+02:00")
	// What has no place in RFC 3339 is shown in UTC.
	f("UTC", "Europe/Berlin", "9999-12-31 23:59:59", "9999-12-31T23:59:59Z")
	f("UTC", "-03:00", "0000-01-01 00:00:00", "0000-01-01T00:00:00Z")
	f("UTC", "Europe/Berlin", "1800-01-01 00:00:00", "1800-01-01T00:00:00Z")
}

func TestIsDay(t *testing.T) {
	f := func(year, month, day int, want bool) {
		t.Helper()
		if got := isDay(year, month, day); got != want {
			t.Errorf("%d-%d-%d: got %v, want %v", year, month, day, got, want)
		}
	}
	f(2026, 11, 30, true)
	f(2026, 11, 31, false)
	f(2024, 2, 29, true)
	f(2026, 2, 29, false)
	f(0, 0, 0, false)
	f(2026, 0, 1, false)
	f(2026, 1, 0, false)
	f(2026, 13, 1, false)
}

// TestTimeZones has the server and us agree on what a time is.
func TestTimeZones(t *testing.T) {
	if err := mariaDB(t).Run(`create or replace table moments (d datetime(3), s timestamp(3) null);
		set time_zone = '+00:00'; insert into moments values ('2026-07-15 12:00:00.250', '2026-07-15 12:00:00.250')`); err != nil {
		t.Fatal(err)
	}
	f := func(database, route, want string) {
		t.Helper()
		cfg := mariaDBConfig(t)
		cfg.TimeZone, cfg.Datetime = database, "rfc3339"
		db := open(t, cfg)
		e := configured(t, db, "select d, s from moments", func(c *EndpointConfig) { c.TimeZone, c.Shape = route, "object" })
		touch := endpoint(t, db, "set session time_zone = '-11:00'")
		for range 2 {
			for _, e := range []*Endpoint{e, inText(e)} {
				if got, err := serve(e, asker{}, ""); got != want || err != nil {
					t.Errorf("%s, %s: got %s, %v, want %s", database, route, got, err, want)
				}
			}
			// After this the session is reset, and has its zone again.
			if _, err := serve(touch, asker{}, ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	f("UTC", "", `{"d":"2026-07-15T12:00:00.250Z","s":"2026-07-15T12:00:00.250Z"}`)
	f("+02:00", "", `{"d":"2026-07-15T12:00:00.250+02:00","s":"2026-07-15T14:00:00.250+02:00"}`)
	f("UTC", "Europe/Berlin", `{"d":"2026-07-15T14:00:00.250+02:00","s":"2026-07-15T14:00:00.250+02:00"}`)
	f("+02:00", "UTC", `{"d":"2026-07-15T10:00:00.250Z","s":"2026-07-15T12:00:00.250Z"}`)
}

// TestNowIsNow compares the server's clock with ours, through either kind of column.
func TestNowIsNow(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		cfg.TimeZone, cfg.Datetime = "+05:00", "rfc3339"
		db := open(t, cfg)
		e := configured(t, db, "select now()", func(c *EndpointConfig) { c.Shape = "value" })
		got, err := serve(e, asker{}, "")
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, strings.Trim(got, `"`))
		if away := time.Since(at); err != nil || away < -time.Minute || away > time.Minute {
			t.Errorf("got %s, which is %s away, %v", got, away, err)
		}
	})
}

// TestUnknownZoneSaysSo: a server knows names only if it was told of them.
func TestUnknownZoneSaysSo(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.TimeZone = "Europe/Berlin"
	_, err := serve(endpoint(t, open(t, cfg), "select 1"), asker{}, "")
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "time_zone = 'Europe/Berlin'") {
		t.Errorf("got %v", err)
	}
}
