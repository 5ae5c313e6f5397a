package sqlapi

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestListPlace(t *testing.T) {
	f := func(sql string, want ...bool) {
		t.Helper()
		var got []bool
		for _, p := range mustParse(t, sql).Params {
			got = append(got, p.alone)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", sql, got, want)
		}
	}
	f("select 1 where a in (:query.a)", true)
	f("select 1 where a NOT IN /* all */ ( :query.a ) and b = :query.b", true, false)
	f("select 1 where a in (1, :query.a)", false)
	f("select 1 where a in (:query.a, 1)", false)
	f("select 1 where a in ((:query.a))", false)
	f("select 1 where a in (:query.a + 1)", false)
	f("select concat(:query.a), `in`(:query.b)", false, false)
	f("select 1 where a in (select :query.a)", false)
}

// TestLists asks both servers for rows by lists of every length.
func TestLists(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := open(t, cfg)
		no, most := false, 40
		cfg.SetDefaults()
		ids := ParamConfig{Type: "list", Items: "integer", Required: &no, MaxItems: &most}
		names := ParamConfig{Type: "list", Items: "string", Required: &no}
		build := func(sql string, cfg ParamConfig) *Endpoint { return typed(t, db, sql, cfg) }
		f := func(sql string, cfg ParamConfig, q, want string) {
			t.Helper()
			for path, e := range map[string]*Endpoint{"prepared": build(sql, cfg), "text": inText(build(sql, cfg))} {
				if got, err := serve(e, asker{}, q); err != nil || got != want {
					t.Errorf("%s, %q, %s: got %s, %v, want %s", sql, q, path, got, err, want)
				}
			}
		}
		const in, notIn = "select id from user where id in (:query.v) order by id", "select id from user where id not in (:query.v) order by id"
		f(in, ids, "v=2", `[{"id":2}]`)
		f(in, ids, "v=2&v=1", `[{"id":1},{"id":2}]`)
		f(in, ids, "v=3,1, 2", `[{"id":1},{"id":2},{"id":3}]`)
		f(in, ids, "v=3,99&v=1&v=-7", `[{"id":1},{"id":3}]`)
		f(in, ids, "", `[]`)
		f(in, ids, "v=", `[]`)
		f(notIn, ids, "v=2", `[{"id":1},{"id":3}]`)
		f(notIn, ids, "", `[{"id":1},{"id":2},{"id":3}]`)
		const byName = "select id from user where user in (:query.v) order by id"
		f(byName, names, "v=bob", `[{"id":1}]`)
		f(byName, names, "v=bob&v=eve&v=x", `[{"id":1},{"id":2}]`)
		f(byName, names, "v=bob,eve", `[]`) // a comma is part of a text
		f(byName, names, "v="+"bob')+or+('1'%3D'1", `[]`)
		f("select count(*) as n from user where user in (:query.v) or user not in (:query.v)", names, "v=bob&v=eve&v=x", `[{"n":3}]`)

		long := make([]string, 40)
		for i := range long {
			long[i] = fmt.Sprint(i + 2)
		}
		f(in, ids, "v="+strings.Join(long, ","), `[{"id":2},{"id":3}]`)
		if _, err := serve(build(in, ids), asker{}, "v=1,"+strings.Join(long, ",")); err == nil || !strings.Contains(err.Error(), "query.v: has more than 40 items") {
			t.Errorf("41 items: got %v", err)
		}
	})
}

// An empty list holds nothing, not even NULL.
func TestEmptyListMatchesNothing(t *testing.T) {
	db := open(t, mariaDBConfig(t))
	no := false
	cfg := ParamConfig{Type: "list", Items: "integer", Required: &no}
	e := typed(t, db, "select x in (:query.v) as a, x not in (:query.v) as b from (select 1 as x union select null) as t", cfg)
	want := `[{"a":0,"b":1},{"a":0,"b":1}]`
	if got, err := serve(e, asker{}, ""); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}
