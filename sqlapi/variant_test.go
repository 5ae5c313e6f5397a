package sqlapi

import (
	"fmt"
	"strings"
	"testing"

	"zerohop/sqlapi/wire"
)

// listQuery returns a query whose parameters query.a and query.b are lists.
func listQuery(t testing.TB, sql string) *query {
	t.Helper()
	statement, ps := mustParse(t, sql), &parameters{}
	for i := range statement.Params {
		p := &ps.list[ps.add(&statement.Params[i])]
		if (p.name == "a" || p.name == "b") && p.declared == nil {
			p.declared = &declared{list: ps.lists, maxItems: 1000}
			ps.lists++
		}
	}
	return newQuery(statement, ps, nil)
}

// itemsOf returns values with lists of so many items, after as many scalars as
// a query needs.
func itemsOf(q *query, sizes ...int) *values {
	v := &values{}
	v.reset(len(q.from), len(sizes))
	for i := range v.scalars {
		v.scalars[i].Text = fmt.Appendf(nil, "s%d", i)
	}
	for i, size := range sizes {
		v.lists[i] = items{from: len(v.items), to: len(v.items) + size}
		for n := range size {
			v.items = append(v.items, wire.Argument{Text: fmt.Appendf(nil, "%c%d", 'a'+i, n)})
		}
	}
	return v
}

func TestVariants(t *testing.T) {
	f := func(sql, wantText, wantArgs string, sizes ...int) {
		t.Helper()
		q := listQuery(t, sql)
		variant, args := q.bind(itemsOf(q, sizes...), nil)
		var got []string
		for _, arg := range args {
			got = append(got, string(arg.Text))
		}
		if variant.Text != wantText || strings.Join(got, " ") != wantArgs {
			t.Errorf("%s: got %s with %s, want %s with %s", sql, variant.Text, got, wantText, wantArgs)
		}
		if len(args) != len(variant.Params) {
			t.Errorf("%s: got %d arguments for %d parameters", sql, len(args), len(variant.Params))
		}
		for _, p := range variant.Params {
			if variant.Text[p.Mark] != '?' {
				t.Errorf("%s: the mark %d is at %q", sql, p.Mark, variant.Text[p.Mark:])
			}
		}
		if again, _ := q.bind(itemsOf(q, sizes...), nil); again != variant {
			t.Errorf("%s: got another variant the second time", sql)
		}
	}
	const in = "select :query.x from t where a in (:query.a) limit :query.n"
	f(in, "select ? from t where a in (?) limit ?", "s0 a0 s2", 1)
	f(in, "select ? from t where a in (?,?) limit ?", "s0 a0 a1 s2", 2)
	f(in, "select ? from t where a in (?,?,?,?) limit ?", "s0 a0 a1 a2 a2 s2", 3)
	f(in, "select ? from t where a in ("+emptyList+") limit ?", "s0 s2", 0)
	f("select 1 where a in (:query.a) or b not in (:query.b)", "select 1 where a in (?,?) or b not in (?,?)", "a0 a0 b0 b1", 1, 2)
	f("select 1 where a in (:query.a) or b not in (:query.b)", "select 1 where a in ("+emptyList+") or b not in (?,?)", "b0 b1", 0, 2)
	f("select 1 where a in (:query.a) or b in (:query.a)", "select 1 where a in (?) or b in (?)", "a0 a0", 1)

	// However long lists are, there are few variants.
	q := listQuery(t, "select 1 where a in (:query.a)")
	seen := map[*query]bool{}
	for size := range 1001 {
		variant, _ := q.bind(itemsOf(q, size), nil)
		seen[variant] = true
	}
	if len(seen) != 12 { // none, and 1 to 1024
		t.Errorf("got %d variants, want 12", len(seen))
	}
}
