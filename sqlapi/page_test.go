package sqlapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi/wire"
)

const itemRows = `
drop table if exists item;
create table item (id int primary key, created date not null, name varchar(20) not null, price decimal(8,2) not null);
insert into item values (1, '2026-01-05', 'a', 1.50), (2, '2026-01-03', 'b', 0.10), (3, '2026-01-05', 'c', 12.00), (4, '2026-01-03', 'd', 1.50),
	(5, '2026-01-01', 'e', 2), (6, '2026-01-05', 'f', 3), (7, '2026-01-02', 'g', 4);
`

func itemsDB(t *testing.T, cfg Config) *Database {
	t.Helper()
	if cfg.Embedded() {
		cfg.Seed += itemRows
	} else if err := mariaDB(t).Run(itemRows); err != nil {
		t.Fatal(err)
	}
	return open(t, cfg)
}

// paged returns an endpoint with pages of 3 rows, 5 at most.
func paged(t testing.TB, db *Database, sql, total string, keyset ...string) *Endpoint {
	return endpointOf(t, db, EndpointConfig{SQL: sql, ReadOnly: true, PageConfig: PageConfig{
		Page: &PageSettings{Size: 3, Max: 5, Total: total}, Keyset: keyset, CursorSecret: []byte("0123456789abcdef"), Name: "GET /items",
	}})
}

// askPage asks for a target and returns the answer with the links by their relation.
func askPage(t testing.TB, e *Endpoint, target string) (body, total string, links map[string]string, err error) {
	t.Helper()
	rc := new(fasthttp.RequestCtx)
	rc.Request.SetRequestURI(target)
	if err := e.Serve(asker{Context: context.Background()}, rc); err != nil {
		return "", "", nil, err
	}
	links = map[string]string{}
	for _, found := range regexp.MustCompile(`<([^>]*)>; rel="(\w+)"`).FindAllStringSubmatch(string(rc.Response.Header.Peek("Link")), -1) {
		links[found[2]] = found[1]
	}
	return string(rc.Response.Body()), string(rc.Response.Header.Peek("X-Total-Count")), links, nil
}

const byOffset = "select id from item order by id limit :page.limit offset :page.offset"

func TestPagesByOffset(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := itemsDB(t, cfg)
		f := func(e *Endpoint, target, want string, relations ...string) {
			t.Helper()
			body, total, links, err := askPage(t, e, target)
			var got []string
			for _, relation := range []string{"first", "prev", "next", "last"} {
				if link, ok := links[relation]; ok {
					got = append(got, relation+" "+link)
				}
			}
			if total != "" {
				got = append(got, "total "+total)
			}
			if err != nil || body != want || !slices.Equal(got, relations) {
				t.Errorf("%s: got %s, %q, %v, want %s, %q", target, body, got, err, want, relations)
			}
		}
		e := paged(t, db, byOffset, "")
		f(e, "/items", `[{"id":1},{"id":2},{"id":3}]`, "next /items?limit=3&offset=3")
		f(e, "/items?limit=3&offset=3", `[{"id":4},{"id":5},{"id":6}]`, "first /items?limit=3&offset=0", "prev /items?limit=3&offset=0", "next /items?limit=3&offset=6")
		f(e, "/items?offset=6", `[{"id":7}]`, "first /items?limit=3&offset=0", "prev /items?limit=3&offset=3")
		f(e, "/items?offset=4", `[{"id":5},{"id":6},{"id":7}]`, "first /items?limit=3&offset=0", "prev /items?limit=3&offset=1")
		f(e, "/items?offset=99", `[]`, "first /items?limit=3&offset=0") // the last one is not known
		f(e, "/items?limit=5", `[{"id":1},{"id":2},{"id":3},{"id":4},{"id":5}]`, "next /items?limit=5&offset=5")
		f(e, "/a%2Fb/?q=x+y&%6Cimit=1&offset=6&tag=%26&tag=é", `[{"id":7}]`, // %6C is an l
			"first /a%2Fb/?q=x+y&tag=%26&tag=%C3%A9&limit=1&offset=0", "prev /a%2Fb/?q=x+y&tag=%26&tag=%C3%A9&limit=1&offset=5")

		counted := paged(t, db, byOffset, "select count(*) from item where id <> :query.without")
		f(counted, "/items", `[{"id":1},{"id":2},{"id":3}]`, "next /items?limit=3&offset=3", "last /items?limit=3&offset=6", "total 7")
		f(counted, "/items?offset=4&without=7", `[{"id":5},{"id":6},{"id":7}]`, "first /items?without=7&limit=3&offset=0",
			"prev /items?without=7&limit=3&offset=1", "last /items?without=7&limit=3&offset=4", "total 6")
		f(counted, "/items?offset=99", `[]`, "first /items?limit=3&offset=0", "prev /items?limit=3&offset=6", "last /items?limit=3&offset=6", "total 7")
		f(counted, "/items?offset=8", `[]`, "first /items?limit=3&offset=0", "prev /items?limit=3&offset=5", "last /items?limit=3&offset=5", "total 7")
		nothing := paged(t, db, strings.Replace(byOffset, "order", "where id > 7 order", 1), "select count(*) from item where id > 7")
		f(nothing, "/items?offset=3", `[]`, "first /items?limit=3&offset=0", "last /items?limit=3&offset=0", "total 0")
	})
}

func TestPageParameters(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := itemsDB(t, cfg)
		e := paged(t, db, byOffset, "")
		f := func(q string, want ...string) {
			t.Helper()
			_, _, _, err := askPage(t, e, "/items?"+q)
			var got []string
			if faulty, ok := errors.AsType[*ParameterError](err); ok {
				for _, fault := range faulty.Faults {
					got = append(got, fault.Parameter+" "+fault.Problem)
				}
			} else if err != nil {
				t.Error(err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", q, got, want)
			}
		}
		limit, offset := "query.limit must be a whole number from 1 to 5", "query.offset must be a whole number from 0 to 9007199254740991"
		f("limit=5")
		f("limit=1&offset=0")
		f("limit=1&limit=x") // the first counts
		f("limit=6", limit)
		f("limit=0", limit)
		f("limit=", limit)
		f("limit=-1&offset=-1", limit, offset)
		f("limit=1e1&offset=1.0", limit, offset)
		f("limit=%2B1", limit)
		f("limit=18446744073709551617", limit)
		f("offset=9007199254740992", offset)
		f("offset=1;drop", offset)
		f("after=x") // is of no meaning here
	})
}

const (
	byKey   = "select id, name from item where (:cursor.id is null or id > :cursor.id) order by id limit :page.limit"
	byDate  = "select created, id from item where :cursor.id is null or created < :cursor.created or created = :cursor.created and id > :cursor.id order by created desc, id limit :page.limit"
	byPrice = "select price, id from item where :cursor.id is null or (price, id) > (:cursor.price, :cursor.id) order by price, id limit :page.limit"
)

// walk follows the links to the end, and returns the ids in their order.
// between is called behind every page.
func walk(t testing.TB, e *Endpoint, target string, between func(page int)) (ids []int) {
	t.Helper()
	for page := 1; target != ""; page++ {
		body, _, links, err := askPage(t, e, target)
		if err != nil {
			t.Fatal(err)
		}
		var rows []struct{ ID int }
		if err := json.Unmarshal([]byte(body), &rows); err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			ids = append(ids, row.ID)
		}
		if target = links["next"]; target != "" && between != nil {
			between(page)
		}
	}
	return ids
}

func TestPagesByKeyset(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := itemsDB(t, cfg)
		f := func(sql, target string, keyset []string, want ...int) {
			t.Helper()
			if got := walk(t, paged(t, db, sql, "", keyset...), target, nil); !slices.Equal(got, want) {
				t.Errorf("%s: got %d, want %d", sql, got, want)
			}
		}
		f(byKey, "/items", []string{"id"}, 1, 2, 3, 4, 5, 6, 7)
		f(byKey, "/items?limit=1", []string{"id"}, 1, 2, 3, 4, 5, 6, 7)
		f(byDate, "/items?limit=2", []string{"created", "id"}, 1, 3, 6, 2, 4, 7, 5)
		f(byPrice, "/items?limit=2", []string{"price", "id"}, 2, 1, 4, 5, 6, 7, 3)
		_, _, links, err := askPage(t, paged(t, db, byKey, "", "id"), "/items?limit=2&q=x")
		if err != nil || !strings.HasPrefix(links["next"], "/items?q=x&limit=2&after=") || len(links) != 1 {
			t.Errorf("got %v, %v", links, err)
		}
		_, _, links, err = askPage(t, paged(t, db, byKey, "", "id"), links["next"])
		if err != nil || links["first"] != "/items?q=x&limit=2" || links["next"] == "" || len(links) != 2 {
			t.Errorf("got %v, %v", links, err)
		}
	})
}

// TestKeysetOverRowsThatChange takes rows away and adds some while a client
// goes through the pages: what was there all the time comes exactly once.
func TestKeysetOverRowsThatChange(t *testing.T) {
	db := itemsDB(t, mariaDBConfig(t))
	change := []string{
		"delete from item where id = 1",                     // the very row of the cursor
		"insert into item values (0, '2026-01-01', 'z', 1)", // behind it
		"delete from item where id = 4",                     // the next one
		"insert into item values (8, '2026-01-01', 'h', 1)",
		"update item set id = 100 where id = 0",
	}
	got := walk(t, paged(t, db, byKey, "", "id"), "/items?limit=1", func(page int) {
		if page <= len(change) {
			if err := mariaDB(t).Run(change[page-1]); err != nil {
				t.Fatal(err)
			}
		}
	})
	if want := []int{1, 2, 3, 5, 6, 7, 8, 100}; !slices.Equal(got, want) {
		t.Errorf("got %d, want %d", got, want)
	}
}

// TestLargeNumbersInCursors shows that a cursor's number is none of floating
// point, which would take neighbours for one.
func TestLargeNumbersInCursors(t *testing.T) {
	cfg := mariaDBConfig(t)
	if err := mariaDB(t).Run("create or replace table large (id bigint unsigned primary key); insert into large values (9007199254740992), (9007199254740993), (9007199254740994), (18446744073709551615)"); err != nil {
		t.Fatal(err)
	}
	e := paged(t, open(t, cfg), "select id from large where :cursor.id is null or id > :cursor.id order by id limit :page.limit", "", "id")
	var all []string
	for target := "/?limit=1"; target != ""; {
		body, _, links, err := askPage(t, e, target)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, body)
		target = links["next"]
	}
	if got, want := strings.Join(all, ""), `[{"id":9007199254740992}][{"id":9007199254740993}][{"id":9007199254740994}][{"id":18446744073709551615}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestForeignCursors(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := itemsDB(t, cfg)
		e := paged(t, db, byKey, "", "id")
		_, _, links, err := askPage(t, e, "/items")
		if err != nil {
			t.Fatal(err)
		}
		next, err := url.Parse(links["next"])
		if err != nil {
			t.Fatal(err)
		}
		cursor := next.Query().Get("after")
		f := func(e *Endpoint, cursor string, good bool) {
			t.Helper()
			body, _, _, err := askPage(t, e, "/items?after="+url.QueryEscape(cursor))
			fault, _ := errors.AsType[*ParameterError](err)
			if good && (err != nil || body == "") || !good && (fault == nil || fault.Faults[0].Parameter != "query.after") {
				t.Errorf("%q: got %s, %v", cursor, body, err)
			}
		}
		f(e, cursor, true)
		f(e, "", false)
		f(e, "x", false)
		f(e, cursor+"A", false)
		f(e, cursor[:len(cursor)-1], false)
		f(e, cursor+"=", false)
		f(e, strings.Repeat(cursor, 200), false)
		for i := range cursor {
			changed := []byte(cursor)
			changed[i] ^= 1
			f(e, string(changed), false)
		}
		other := func(change func(*PageConfig)) *Endpoint {
			c := PageConfig{Page: &PageSettings{Size: 3, Max: 5}, Keyset: []string{"id"}, CursorSecret: []byte("0123456789abcdef"), Name: "GET /items"}
			change(&c)
			sql := byKey
			if len(c.Keyset) > 1 {
				sql = byPrice
			}
			return endpointOf(t, db, EndpointConfig{SQL: sql, PageConfig: c})
		}
		f(other(func(*PageConfig) {}), cursor, true) // as after a restart
		f(other(func(c *PageConfig) { c.Name = "GET /others" }), cursor, false)
		f(other(func(c *PageConfig) { c.CursorSecret = []byte("0123456789abcdeg") }), cursor, false)
		f(other(func(c *PageConfig) { c.Keyset = []string{"price", "id"} }), cursor, false)
	})
}

// TestKeysetThatIsNone has columns in a keyset that cannot be.
func TestKeysetThatIsNone(t *testing.T) {
	db := itemsDB(t, mariaDBConfig(t))
	f := func(column, want string) {
		t.Helper()
		sql := "select " + column + " from item where (:cursor.k is null or id > :cursor.k) order by id limit :page.limit"
		_, _, _, err := askPage(t, paged(t, db, sql, "", "k"), "/items")
		if !errors.Is(err, ErrStatement) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", column, err, want)
		}
	}
	f("id", `no column "k"`)
	f("nullif(id, id) as k", "k is NULL")
	f("repeat('x', 4000) as k", "too long")
	f("id as k, id as k", `two columns "k"`)
}

// TestTotals has statements that count no rows.
func TestTotals(t *testing.T) {
	db := itemsDB(t, mariaDBConfig(t))
	f := func(total, want string) {
		t.Helper()
		_, got, _, err := askPage(t, paged(t, db, byOffset, total), "/items")
		if want != "" && (err != nil || got != want) || want == "" && !errors.Is(err, ErrStatement) {
			t.Errorf("%s: got %s, %v, want %q", total, got, err, want)
		}
	}
	f("select count(*) from item", "7")
	f("select 3, 4 union select 5, 6", "3")
	f("select count(*) from item where id = 99", "0")
	f("select null", "")
	f("select -1", "")
	f("select 'many'", "")
	f("select id from item where id = 99", "")
	f("select no_such_column", "")
}

func TestLink(t *testing.T) {
	f := func(path, query, want string) {
		t.Helper()
		l := links{path: []byte(path), query: []byte(query)}
		l.add("next", "limit=1")
		if got := string(l.out); got != want {
			t.Errorf("%s?%s: got %s, want %s", path, query, got, want)
		}
	}
	f("/a", "", `</a?limit=1>; rel="next"`)
	f("/a", "b=c&limit=9&offset=2&after=x&d", `</a?b=c&d&limit=1>; rel="next"`)
	f("/a", "&&b==&limitless=1&%zz=1&o%66fset=5", `</a?b==&limitless=1&%zz=1&limit=1>; rel="next"`)
	f("/a", `q=">,<x>;rel=next`, `</a?q=%22%3E,%3Cx%3E;rel=next&limit=1>; rel="next"`)
	f("/\r\nX: y", "\x00\xff", `</%0D%0AX:%20y?%00%FF&limit=1>; rel="next"`)
	f("//example.com/", "", `</example.com/?limit=1>; rel="next"`)
}

// FuzzCursor reads whatever a client may send: a cursor is one of ours, or none.
func FuzzCursor(f *testing.F) {
	c := newCursors([]byte("0123456789abcdef"), "GET /items", []string{"id", "name"})
	genuine, _ := c.append(nil, []wire.Argument{{Text: []byte("7"), As: wire.BindInteger}, {Text: []byte("é")}})
	f.Add(genuine)
	f.Add([]byte("AAAA"))
	f.Add(bytes.Repeat([]byte("A"), 44))
	f.Fuzz(func(t *testing.T, text []byte) {
		values, ok := c.parse(text)
		if !ok {
			return
		}
		if again, fits := c.append(nil, values); !fits || !bytes.Equal(again, text) {
			t.Errorf("%q is a cursor of %v, whose own is %q", text, values, again)
		}
	})
}
