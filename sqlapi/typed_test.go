package sqlapi

import (
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// typed returns an endpoint whose parameter query.v is of a type.
func typed(t testing.TB, db *Database, sql string, cfg ParamConfig) *Endpoint {
	t.Helper()
	e, err := db.Endpoint(EndpointConfig{SQL: sql, ParametersConfig: ParametersConfig{Params: map[string]ParamConfig{"query.v": cfg}}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// typedUses are what statements do with a value of any type.
var typedUses = []string{
	"select :query.v as v",
	"select hex(:query.v) as h, length(:query.v) as n, concat(:query.v, '') as c, quote(:query.v) as q",
	"select :query.v = 0 as a, :query.v = '0' as b, :query.v is null as c, :query.v <=> null as d",
	"select coalesce(:query.v, 'none') as v, if(:query.v, 1, 2) as i",
	"select 1 as one from (select 1 as x union select 2) as t where x = :query.v",
	"select 1 as one where 1 in (:query.v) or 1 not in (:query.v, 7)",
}

// numericUses are what statements do with a number.
var numericUses = []string{
	"select :query.v + 1 as a, :query.v - 1 as b, 3 - :query.v as c, 3-:query.v*2 as d, -:query.v as e, 2 * :query.v as f",
	"select :query.v / 3 as a, :query.v div 3 as b, :query.v % 7 as c, round(:query.v, 1) as d, truncate(:query.v, 1) as e, sign(:query.v) as f",
	"select sum(:query.v) as a, avg(:query.v) as b, max(:query.v) as c, greatest(:query.v, 0) as d from (select 1 as x union select 2) as t",
	"select cast(:query.v as char) as a, cast(:query.v as decimal(65,30)) as b, format(:query.v, 2) as c",
	"select x from (select 1 as x union select 2 union select -1.5) as t order by abs(x - :query.v), x",
}

// TestTypedValuesComeBack binds declared values on both servers, and reads what
// they have become.
func TestTypedValuesComeBack(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		cfg.TimeZone = "+02:00"
		db := open(t, cfg)
		f := func(kind, v, want string) {
			t.Helper()
			got, err := serve(typed(t, db, "select :query.v as v", ParamConfig{Type: kind}), asker{}, "v="+url.QueryEscape(v))
			if want = `[{"v":` + want + `}]`; err != nil || got != want {
				t.Errorf("%s %s: got %s, %v, want %s", kind, v, got, err, want)
			}
		}
		f("integer", "-9223372036854775808", "-9223372036854775808")
		f("integer", "18446744073709551615", "18446744073709551615")
		if !cfg.Embedded() { // which returns any DECIMAL that is bound as text
			f("number", "-1.50", "-1.50")
			f("number", "12.5e-1", "1.25")
		}
		f("boolean", "true", "1")
		f("date", "2026-11-22", `"2026-11-22"`)
		f("datetime", "2026-11-22 23:00:00", `"2026-11-22 23:00:00"`)
		f("datetime", "2026-11-22T23:00:00.250Z", `"2026-11-23 01:00:00.25"`)
		f("uuid", "0190163D-8694-739B-AEA5-966C26F8AD91", `"0190163d-8694-739b-aea5-966c26f8ad91"`)
		f("json", `{"a": 1}`, `"{\"a\": 1}"`)
		f("string", "5", `"5"`)

		no := false
		got, err := serve(typed(t, db, "select :query.v is null as v", ParamConfig{Type: "integer", Required: &no}), asker{}, "")
		if err != nil || got != `[{"v":1}]` {
			t.Errorf("absent: got %s, %v, want NULL", got, err)
		}
		page := typed(t, db, "select id from user order by id limit :query.v", ParamConfig{Type: "integer", Default: []string{"2"}})
		if got, err := serve(page, asker{}, ""); err != nil || got != `[{"id":1},{"id":2}]` {
			t.Errorf("limit: got %s, %v", got, err)
		}
		// A number would match every password that is none.
		login := typed(t, db, "select count(*) as n from user where passwd = :query.v", ParamConfig{Type: "string"})
		if got, err := serve(login, asker{}, "v=0"); err != nil || got != `[{"n":0}]` {
			t.Errorf("0 for a password: got %s, %v", got, err)
		}
	})
}

// TestTypedValuesAgree binds declared values prepared and as text, on MariaDB:
// what comes back must be the same.
func TestTypedValuesAgree(t *testing.T) {
	db := open(t, mariaDBConfig(t))
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	no := false
	f := func(kind string, uses []string, values ...string) {
		for _, sql := range uses {
			prepared := typed(t, db, sql, ParamConfig{Type: kind, Required: &no})
			text := inText(typed(t, db, sql, ParamConfig{Type: kind, Required: &no}))
			for _, v := range append(values, "\x00absent") {
				q := "v=" + url.QueryEscape(v)
				if v == "\x00absent" {
					q = ""
				}
				got, err := serve(prepared, asker{}, q)
				other, otherErr := serve(text, asker{}, q)
				if got != other || refusal(err) != refusal(otherErr) || (err == nil) != (otherErr == nil) {
					t.Errorf("%s %q: %s:\n got %s, %v prepared\nand %s, %v as text", kind, v, sql, got, err, other, otherErr)
				}
			}
		}
	}
	integers := []string{"0", "1", "-1", "7", "127", "-128", "255", "2147483648", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551615"}
	for range 10 {
		integers = append(integers, strconv.FormatInt(int64(random.Uint64())>>random.IntN(64), 10))
	}
	f("integer", append(numericUses, typedUses...), integers...)
	numbers := []string{"0", "0.0", "1", "-1", "1.50", "-0.001", "1e3", "1.5e-7", "99999999999999999999.5", "-12345678901234567890", strings.Repeat("9", 35) + "." + strings.Repeat("9", 30), "1e-30", "1e64"}
	for range 10 {
		numbers = append(numbers, strconv.FormatFloat(random.NormFloat64()*1e4, 'f', random.IntN(9), 64))
	}
	f("number", append(numericUses, typedUses...), numbers...)
	f("boolean", append(numericUses, typedUses...), "true", "false")
	f("date", typedUses, "2026-11-22", "0001-01-01")
	f("datetime", typedUses, "2026-11-22 01:02:03.5", "2026-11-22T23:00:00+01:00")
	f("uuid", typedUses, "0190163D-8694-739B-AEA5-966C26F8AD91")
	f("json", typedUses, `{"a":["\\'\""]}`, "null", "1")
	f("string", typedUses, "", "'", `\`, "0", "漢\x00")
}
