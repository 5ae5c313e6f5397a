package sqlapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// lookupQuery returns a query that may ask for a user and a password.
func lookupQuery(t testing.TB, db *Database, sql string, writes bool) *Query {
	t.Helper()
	q, err := db.Query(QueryConfig{Field: "sql_hash", SQL: sql, AuthNames: []string{"user", "password"}, Writes: writes})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// written returns a row as "2 rows: a=x b=NULL".
func written(r *Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d rows:", r.Rows())
	for _, c := range r.Columns() {
		text := string(c.Value)
		if c.Value == nil {
			text = "NULL"
		}
		fmt.Fprintf(&b, " %s=%s", c.Name, text)
	}
	return b.String()
}

func TestFirstRow(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := open(t, cfg)
		var row Row
		f := func(sql string, a asker, want string) {
			t.Helper()
			rc := writeRequest("v=2")
			rc.Request.Header.Set("X-Tenant", "7")
			q := lookupQuery(t, db, sql, false)
			for range 3 { // the third may share a connection
				if err := q.Row(context.Background(), rc, a, &row); err != nil || written(&row) != want {
					t.Errorf("%s: got %s, %v, want %s", sql, written(&row), err, want)
				}
			}
		}
		bob := asker{user: "bob", password: "secret"}
		f("select passwd, id, null as n, '' as e from user where user = :auth.user", bob, "1 rows: passwd=secret id=1 n=NULL e=")
		f("select passwd from user where user = :auth.user", asker{user: "' or 1 = 1 #"}, "0 rows:")
		f("select count(*) as n from user where user = :auth.user and passwd = :auth.password", bob, "1 rows: n=1")
		f("select count(*) as n from user where user = :auth.user and passwd = :auth.password", asker{user: "bob", password: "0"}, "1 rows: n=0")
		f("select user from user order by id", bob, "2 rows: user=bob")
		f("select :header.x_tenant as h, :query.v as q, :client.ip as i, :cookie.none as c", bob, "1 rows: h=7 q=2 i=192.0.2.1 c=")
		f("select user, passwd from user where id = 3", bob, "1 rows: user=ünï passwd=密码😀")
	})
}

func TestFirstRowOfManyAndOfLong(t *testing.T) {
	db := open(t, mariaDBConfig(t))
	var row Row
	rc := writeRequest("")
	if err := lookupQuery(t, db, "select seq from seq_1_to_100000", false).Row(t.Context(), rc, asker{}, &row); err != nil || written(&row) != "2 rows: seq=1" {
		t.Errorf("got %s, %v", written(&row), err)
	}
	if err := lookupQuery(t, db, "select repeat('x', 300000) as x", false).Row(t.Context(), rc, asker{}, &row); !errors.Is(err, ErrTooLong) || row.Rows() != 0 {
		t.Errorf("got %s, %v, want %v", written(&row), err, ErrTooLong)
	}
	if err := lookupQuery(t, db, "select 1.50 as d, 7e0 as f, date '2026-11-23' as t, b'1' as b", false).Row(t.Context(), rc, asker{}, &row); err != nil || written(&row) != "1 rows: d=1.50 f=7 t=2026-11-23 b=\x01" {
		t.Errorf("got %q, %v", written(&row), err)
	}
}

func TestFirstRowWrites(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := open(t, cfg)
		row, rc := Row{}, writeRequest("")
		change := lookupQuery(t, db, "update user set passwd = :auth.password where user = :auth.user", true)
		if err := change.Row(t.Context(), rc, asker{user: "bob", password: "new"}, &row); err != nil || written(&row) != "0 rows:" {
			t.Errorf("got %s, %v", written(&row), err)
		}
		read := lookupQuery(t, db, "select passwd from user where user = :auth.user", false)
		if err := read.Row(t.Context(), rc, asker{user: "bob"}, &row); err != nil || written(&row) != "1 rows: passwd=new" {
			t.Errorf("got %s, %v", written(&row), err)
		}
	})
}

func TestFirstRowFails(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := open(t, cfg)
		f := func(ctx context.Context, q *Query, a asker, want error) {
			t.Helper()
			row := Row{rows: 1}
			if err := q.Row(ctx, writeRequest(""), a, &row); !errors.Is(err, want) || row.Rows() != 0 {
				t.Errorf("got %v and %d rows, want %v", err, row.Rows(), want)
			}
		}
		q := lookupQuery(t, db, "select passwd from user where user = :auth.user", false)
		f(t.Context(), q, asker{user: "\xff"}, ErrParameter)
		f(t.Context(), lookupQuery(t, db, "select nothing from user", false), asker{}, ErrStatement)
		late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		f(late, q, asker{user: "bob"}, ErrTimeout)
	})
	cfg := Config{DSN: "u:p@tcp(127.0.0.1:1)/d"}
	cfg.SetDefaults()
	q := lookupQuery(t, open(t, cfg), "select 1 as one", false)
	if err := q.Row(t.Context(), writeRequest(""), asker{}, new(Row)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want %v", err, ErrUnavailable)
	}
}

func TestQueryConfig(t *testing.T) {
	f := func(sql string, writes bool, want ...string) {
		t.Helper()
		faults := QueryConfig{Field: "sql_hash", SQL: sql, AuthNames: []string{"user"}, Writes: writes}.Validate()
		if len(faults) != len(want) {
			t.Errorf("%s: got %v, want %q", sql, faults, want)
			return
		}
		for i, err := range faults {
			if !strings.Contains(err.Error(), want[i]) {
				t.Errorf("%s: got %v, want %s", sql, err, want[i])
			}
		}
	}
	f("select a from b where c = :auth.user and d = :header.x_y and e = :query.e and f = :cookie.f and g = :client.ip", false)
	f("select a from b where c = :auth.pass", false, "sql_hash: there is no :auth.pass here (there is :auth.user)")
	f("select :json.a, :form.b, :path.id", false, "the body has not been read", "the body has not been read", "there is no :path.id here")
	f("selec a from b", false, "writes or locks")
	f("select a from b for update", false, "writes or locks")
	f("update b set a = 1", false, "writes or locks")
	f("update b set a = :auth.user", true)
	f("select 1", true, "changes nothing")
	f("", false, "there is no statement")
	f("select 'a", false, "sql_hash: ")

	needs := func(sql string, writes bool, want ...string) {
		t.Helper()
		faults := QueryConfig{Field: "sql_count", SQL: sql, AuthNames: []string{"user", "password"}, Needs: []string{"user", "password"}, Writes: writes}.Validate()
		if len(faults) != len(want) {
			t.Errorf("%s: got %v, want %q", sql, faults, want)
			return
		}
		for i, err := range faults {
			if !strings.Contains(err.Error(), want[i]) {
				t.Errorf("%s: got %v, want %s", sql, err, want[i])
			}
		}
	}
	needs("select count(*) from u where n = :auth.user and p = :auth.password", false)
	needs("update u set p = :auth.password where n = :auth.user", true)
	needs("select count(*) from u where n = :auth.user", false, "does not take :auth.password")
	needs("select 1", false, "does not take :auth.user", "does not take :auth.password")
	needs("select count(*) from u where n = :query.user and p = :auth.password", false, "does not take :auth.user")
	needs("select 1 -- :auth.user :auth.password", false, "does not take :auth.user", "does not take :auth.password")
	needs("select 1, ':auth.user', ':auth.password'", false, "does not take :auth.user", "does not take :auth.password")
	needs("select count(*) from u where n = :auth.usr", false, "there is no :auth.usr here")
}

// TestFirstRowAllocations has a row that is used again cost nothing.
func TestFirstRowAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	db := open(t, mariaDBConfig(t))
	q := lookupQuery(t, db, "select passwd, id from user where user = :auth.user", false)
	var a Lookuper = asker{user: "bob"}
	row, rc, ctx := new(Row), new(fasthttp.RequestCtx), context.Background()
	ask := func() {
		if err := q.Row(ctx, rc, a, row); err != nil || row.Rows() != 1 {
			t.Fatalf("got %d rows, %v", row.Rows(), err)
		}
	}
	ask()
	// One is the asker's own: it makes bytes of its user.
	if got := testing.AllocsPerRun(100, ask); got > 1 {
		t.Errorf("got %v allocations, want at most 1", got)
	}
}
