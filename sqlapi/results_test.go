package sqlapi

import (
	"errors"
	"strings"
	"testing"
)

const procedures = `
delimiter //
create or replace procedure none(x int) begin insert into note (n) values (x); end//
create or replace procedure one(x int) begin insert into note (n) values (x); select x as a; end//
create or replace procedure two(x int) begin insert into note (n) values (x); select x as a union select x + 1; select 'total' as t, 2 as n; end//
create or replace procedure three(x int) begin insert into note (n) values (x); select x as a; select 1 as b where false; select x as c; end//
create or replace procedure failing(x int) begin insert into note (n) values (x); select x as a; signal sqlstate '45000' set message_text = 'no'; select x as b; end//
create or replace procedure halfway(x int) begin insert into note (n) values (x); select x as a; select x as b, exp(1000 * n) as e from (select 0 as n union select 1) as s; end//
`

func TestProcedures(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max = 1
	if err := mariaDB(t).Run(procedures); err != nil {
		t.Fatal(err)
	}
	db := open(t, cfg)
	written := 0
	f := func(procedure string, names []string, want string) {
		t.Helper()
		e := endpointOf(t, db, EndpointConfig{SQL: "call " + procedure + "(:query.x)", TransactionConfig: TransactionConfig{Results: names}})
		for range 2 { // prepared, and known
			got, err := serve(e, asker{}, "x=7")
			if kind, failing := strings.CutPrefix(want, "error "); failing {
				if err == nil || !strings.Contains(err.Error(), kind) || !errors.Is(err, ErrStatement) && !errors.Is(err, ErrUnprocessable) {
					t.Errorf("%s %q: got %s, %v, want %s", procedure, names, got, err, want)
				}
			} else if written++; err != nil || got != want {
				t.Errorf("%s %q: got %s, %v, want %s", procedure, names, got, err, want)
			}
		}
	}
	f("none", nil, `{"errcode":0,"affected_rows":1}`)
	f("one", nil, `[{"a":7}]`)
	f("two", nil, `[{"a":7},{"a":8}]`)
	f("three", nil, `[{"a":7}]`)
	f("one", []string{"rows"}, `{"rows":[{"a":7}]}`)
	f("two", []string{"users", "total"}, `{"users":[{"a":7},{"a":8}],"total":[{"t":"total","n":2}]}`)
	f("three", []string{"x", "", "a\"b"}, `{"x":[{"a":7}],"":[],"a\"b":[{"c":7}]}`)

	f("none", []string{"rows"}, "error it has 0 results, and there are 1 names")
	f("two", []string{"a", "b", "c"}, "error it has 2 results, and there are 3 names")
	f("two", []string{"a"}, "error more results than the 1 with a name")
	f("three", []string{"a"}, "error more results than the 1 with a name")
	f("failing", nil, "error 1644")
	f("failing", []string{"a", "b"}, "error 1644")
	f("halfway", nil, "error 1690")
	f("halfway", []string{"a", "b"}, "error 1690")

	if got := watchMariaDB(t).number("select count(*) from note"); got != written {
		t.Errorf("%d calls that succeeded have written %d rows", written, got)
	}
	if stat := db.Stats(); stat.Connects != 1 || stat.Kills != 0 {
		t.Errorf("a call has cost a connection: %+v", stat)
	}
}

// TestResultsInAnEnvelope puts named results where rows stand otherwise.
func TestResultsInAnEnvelope(t *testing.T) {
	cfg := mariaDBConfig(t)
	if err := mariaDB(t).Run(procedures); err != nil {
		t.Fatal(err)
	}
	c := EndpointConfig{SQL: "call two(:query.x)"}
	c.Results, c.Shape, c.Root, c.Success = []string{"users", "total"}, shapeCompact, "data", "suc"
	got, err := serve(endpointOf(t, open(t, cfg), c), asker{}, "x=7")
	if want := `{"suc":true,"data":{"users":[["a"],[7],[8]],"total":[["t","n"],["total",2]]}}`; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// TestProcedureInATransaction has one be a statement among others: its rows and
// what it has changed are those of any.
func TestProcedureInATransaction(t *testing.T) {
	cfg := mariaDBConfig(t)
	if err := mariaDB(t).Run(procedures); err != nil {
		t.Fatal(err)
	}
	db := open(t, cfg)
	e := transaction(t, db,
		StatementConfig{SQL: "call two(:query.x)", Expect: ExpectConfig{Rows: "2"}},
		exactly("1", "insert into note (n) values (:row.a)"),
		StatementConfig{SQL: "select n from note order by id"})
	if got, err := serve(e, asker{}, "x=7"); err != nil || got != `[{"n":7},{"n":8}]` {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestProcedureUnderGET has procedures answer GET: those that read do, and one
// that writes is refused by the server.
func TestProcedureUnderGET(t *testing.T) {
	cfg := mariaDBConfig(t)
	if err := mariaDB(t).Run(procedures + "create or replace procedure looks(x int) begin select user from user where id = x; end//"); err != nil {
		t.Fatal(err)
	}
	db := open(t, cfg)
	f := func(procedure string, results ...string) (string, error) {
		c := EndpointConfig{SQL: "call " + procedure + "(:query.x)", ReadOnly: true}
		c.Results = results
		return serve(endpointOf(t, db, c), asker{}, "x=1")
	}
	for range 2 {
		if got, err := f("looks"); err != nil || got != `[{"user":"bob"}]` {
			t.Errorf("got %s, %v", got, err)
		}
		if got, err := f("looks", "users"); err != nil || got != `{"users":[{"user":"bob"}]}` {
			t.Errorf("got %s, %v", got, err)
		}
		for _, results := range [][]string{nil, {"a"}} {
			if got, err := f("one", results...); !errors.Is(err, ErrStatement) || refusal(err) != 1792 {
				t.Errorf("got %s, %v, want error 1792", got, err)
			}
		}
	}
	if got := watchMariaDB(t).number("select count(*) from note"); got != 0 {
		t.Errorf("a GET has written %d rows", got)
	}
}
