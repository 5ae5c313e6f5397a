package sqlapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"zerohop/sqlapi/wire"
)

// expectFaults compares the faults of a configuration with "field@offset:
// problem" of each, cut short as one likes, in order.
func expectFaults(t *testing.T, c EndpointConfig, want ...string) {
	t.Helper()
	var got []string
	for _, err := range c.Validate() {
		fault, ok := errors.AsType[*FieldError](err)
		if !ok {
			t.Fatalf("got %v, want a FieldError", err)
		}
		got = append(got, fmt.Sprintf("%s@%d: %s (%s)", fault.Field, fault.Offset, fault.Problem, fault.Hint))
	}
	if !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("%+v: got %q, want %q", c.Statements, got, want)
	}
}

func TestTransactionFaults(t *testing.T) {
	f := func(statements []StatementConfig, want ...string) {
		t.Helper()
		expectFaults(t, EndpointConfig{TransactionConfig: TransactionConfig{Statements: statements}}, want...)
	}
	several := func(texts ...string) (statements []StatementConfig) {
		for _, sql := range texts {
			statements = append(statements, StatementConfig{SQL: sql})
		}
		return statements
	}
	f(several("insert into t values (1)", "select :last.insert_id, :last.affected", "select :row.id, :last.affected"))
	f(several("select 1 for update", "update t set a = :row.x"))
	f(several("insert into t values (1) returning id", "select :row.id"))
	f(several("call p()", "select :row.id, :last.insert_id"))
	f(several("select :row.a.b, :last.id"), "statements[0].sql@17: there is no :last.id", "statements[0].sql@7: no statement before this one")
	f(several("select :row.x"), "statements[0].sql@7: no statement before this one returns rows, so there is no :row.x")
	f(several("select :last.affected"), "statements[0].sql@7: no statement before this one changes rows, so there is no :last.affected")
	f(several("insert into t values (1)", "select :row.x"), "statements[1].sql@7: no statement before this one returns rows")
	f(several("select 1", "select :last.insert_id"), "statements[1].sql@7: no statement before this one changes rows")
	f(several("select 1 into @x", "select :row.x"), "statements[1].sql@7: no statement before this one returns rows")
	f(several("selekt (", "select 'open"), "statements[1].sql@7: ")
	f(several("select 1", ""), "statements[1].sql@0: there is no statement")

	f([]StatementConfig{{SQL: "select 1", Answer: true}, {SQL: "select 2"}, {SQL: "select 3", Answer: true}}, "statements[2].answer@-1: another statement is the answer")
	f([]StatementConfig{{SQL: "delete from t", Else: 404}}, "statements[0].else@-1: nothing is expected")
	f([]StatementConfig{{SQL: "delete from t", Expect: ExpectConfig{Affected: "1"}, Else: 399}}, "statements[0].else@-1: 399 is no status of an error")
	f([]StatementConfig{{SQL: "delete from t", Expect: ExpectConfig{Affected: "1"}, Else: 600}}, "statements[0].else@-1: 600 is no status of an error")
	f([]StatementConfig{{SQL: "delete from t", Expect: ExpectConfig{Affected: "some"}}}, `statements[0].expect.affected@-1: "some" is no number of rows (write a number, or ">= 1" or "<= 10")`)
	f([]StatementConfig{{SQL: "delete from t", Expect: ExpectConfig{Rows: "1"}}}, "statements[0].expect.rows@-1: the statement returns no rows")
	f([]StatementConfig{{SQL: "select 1", Expect: ExpectConfig{Affected: "1"}}}, "statements[0].expect.affected@-1: the statement returns rows")
	f(several(slices.Repeat([]string{"select 1"}, maxStatements)...))
	f(several(slices.Repeat([]string{"select 1"}, maxStatements+1)...), "statements@-1: 33 statements (32 at most")
}

// TestRouteFaults has settings that do not fit each other, or the route.
func TestRouteFaults(t *testing.T) {
	f := expectFaults
	write, read := EndpointConfig{SQL: "delete from t"}, EndpointConfig{SQL: "select 1 order by 1"}
	with := func(c EndpointConfig, change func(*EndpointConfig)) EndpointConfig {
		change(&c)
		return c
	}
	statements := []StatementConfig{{SQL: "delete from t"}, {SQL: "select 1"}}
	f(t, with(write, func(c *EndpointConfig) { c.Statements = statements }), "statements@-1: the route has sql, too")
	f(t, EndpointConfig{TransactionConfig: TransactionConfig{Statements: statements}, ReadOnly: true}, "statements@-1: a transaction cannot answer GET")
	f(t, EndpointConfig{TransactionConfig: TransactionConfig{Statements: statements}, AnyMethod: true}, "statements@-1: a transaction cannot answer GET")
	f(t, with(write, func(c *EndpointConfig) { c.SQL = "delete from t where a = :last.affected" }), "sql@24: no statement before this one")
	f(t, with(write, func(c *EndpointConfig) { c.SQL = "delete from t where a = :row.a" }), "sql@24: no statement before this one")

	f(t, with(write, func(c *EndpointConfig) { c.Retry = []string{"deadlock"} }))
	f(t, with(write, func(c *EndpointConfig) { c.Retry = []string{"deadlock", "error"} }), `retry[1]@-1: "error" is no reason`)
	f(t, with(read, func(c *EndpointConfig) { c.Retry = []string{"deadlock"} }), "retry[0]@-1: a statement that only reads has no deadlocks")

	f(t, with(write, func(c *EndpointConfig) { c.Status, c.Location = 201, "/t/{last.insert_id}?x={query.x}" }))
	f(t, with(write, func(c *EndpointConfig) { c.Status = 205 }), "status@-1: an answer with the status 205 has no body, and this one has (take another, such as 200 or 204)")
	f(t, with(write, func(c *EndpointConfig) { c.Status = 404 }), "status@-1: 404 is no status of an answer (from 200 to 299, or 303)")
	f(t, with(write, func(c *EndpointConfig) { c.Location = "/t/{row.id}" }), "location@3: no statement returns rows, so there is no {row.id}")
	f(t, with(read, func(c *EndpointConfig) { c.Location = "/t/{last.insert_id}" }), "location@3: every statement returns rows")
	f(t, with(write, func(c *EndpointConfig) { c.Location = "/t/{page.limit}" }), "location@3: a location has no {page.limit}")
	f(t, with(write, func(c *EndpointConfig) { c.Location = "/a b\r\n" }), `location@-1: " " is in no URL`)

	call := EndpointConfig{SQL: "call p()", TransactionConfig: TransactionConfig{Results: []string{"a", "b"}}}
	f(t, call)
	f(t, with(call, func(c *EndpointConfig) { c.Results = []string{"a", "b", "a"} }), `results[2]@-1: two results are called "a"`)
	f(t, with(call, func(c *EndpointConfig) { c.Shape = shapeObject }), `results@-1: shape = "object" answers no lists`)
	f(t, with(call, func(c *EndpointConfig) { c.Format = "csv" }), "results@-1: only JSON can hold several results")
	f(t, with(call, func(c *EndpointConfig) { c.SQL = "select 1" }), "results@-1: only a CALL has several results")
}

func TestPageFaults(t *testing.T) {
	f := func(change func(*EndpointConfig), want ...string) {
		t.Helper()
		c := EndpointConfig{SQL: byOffset, ReadOnly: true, PageConfig: PageConfig{Page: &PageSettings{Size: 50, Max: 500}}}
		change(&c)
		expectFaults(t, c, want...)
	}
	f(func(*EndpointConfig) {})
	f(func(c *EndpointConfig) { c.Page.Total = "select count(*) from item" })
	f(func(c *EndpointConfig) { c.SQL, c.Keyset = byKey, []string{"id"} })
	f(func(c *EndpointConfig) { c.Page = nil }, "sql@38: the route has no pages, so there is no :page.limit", "sql@57: the route has no pages, so there is no :page.offset")
	f(func(c *EndpointConfig) { c.Page, c.SQL, c.Keyset = nil, "select 1", []string{"id"} }, "keyset@-1: there are no pages")
	f(func(c *EndpointConfig) { c.Page.Size = 0 }, "page.size@-1: 0 rows (from 1 to max, which is 500)")
	f(func(c *EndpointConfig) { c.Page.Size = 501 }, "page.size@-1: 501 rows")
	f(func(c *EndpointConfig) { c.Page.Max = 0 }, "page.max@-1: 0 rows")
	f(func(c *EndpointConfig) { c.Page.Max = maxPage + 1 }, "page.max@-1: 100001 rows")
	f(func(c *EndpointConfig) { c.SQL = " select 1" }, "sql@1: without an ORDER BY", "sql@1: the statement never reads :page.limit", "sql@1: the statement never reads :page.offset")
	f(func(c *EndpointConfig) { c.Keyset = []string{"id"} }, "sql@57: a page of a keyset begins behind a row, and has no offset", "sql@0: the statement never reads :cursor.id")
	f(func(c *EndpointConfig) { c.SQL, c.Keyset = byPrice, []string{"id"} }, "sql@70: the keyset has no column price")
	f(func(c *EndpointConfig) { c.SQL, c.Keyset = byKey, []string{"id", "id", ""} }, `keyset[1]@-1: "id" is no further column`, `keyset[2]@-1: "" is no further column`, "sql@0: the statement never reads :cursor.")
	f(func(c *EndpointConfig) { c.Page.Total = "select count(*) from item limit :page.limit" }, "page.total@32: the total is of all pages")
	f(func(c *EndpointConfig) { c.Page.Total = "select count(*) from item where id = :row.id" }, "page.total@37: the total is of all pages")
	f(func(c *EndpointConfig) { c.Location = "/{row.id}" }, "location@-1: a page is where it is")
	f(func(c *EndpointConfig) { c.Page.Total = "delete from item" }, "page.total@0: this is to count rows")
	f(func(c *EndpointConfig) { c.Page.Total = "select count(* from" + " 'x" }, "page.total@20: ")
	f(func(c *EndpointConfig) { c.Shape = shapeValue }, `page@-1: shape = "value" answers no list`)
	f(func(c *EndpointConfig) { c.MaxRows = 10 }, "page@-1: max_rows and on_limit")
	f(func(c *EndpointConfig) {
		c.SQL, c.ReadOnly, c.Statements = "", false, []StatementConfig{{SQL: byOffset}}
	}, "page@-1: a transaction has no pages")
	f(func(c *EndpointConfig) { c.ReadOnly, c.SQL = false, byOffset+" for update" }, "sql@0: only a statement that reads can have pages")
}

// TestCommitsAsTheServerDoes holds what is said of statements against the
// server: run in a transaction, does it end that?
func TestCommitsAsTheServerDoes(t *testing.T) {
	server := mariaDB(t)
	const setUp = "create or replace table commits (a int primary key); drop table if exists commits2, commits3; drop view if exists commits_view; drop user if exists commits_user"
	w := watchMariaDB(t)
	f := func(sql string) {
		t.Helper()
		if err := server.Run(setUp); err != nil {
			t.Fatal(err)
		}
		statement, err := ParseStatement(sql)
		if err != nil {
			t.Fatal(err)
		}
		w.conn.SetDeadline(time.Now().Add(10 * time.Second))
		for _, text := range []string{"start transaction", sql} {
			w.conn.Query(text)
			w.conn.Flush()
			if err := readAnswers(w.conn); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		// What begins another transaction has ended this one.
		ended := !w.conn.InTransaction() || strings.HasPrefix(sql, "begin") || strings.HasPrefix(sql, "start transaction")
		if ended != statement.Commits {
			t.Errorf("%s: it ends the transaction: %v; we say %v", sql, ended, statement.Commits)
		}
		w.do("rollback")
		w.do("unlock tables")
	}
	// These end one under circumstances of which the text says nothing.
	for _, sql := range []string{"set autocommit = 1", "set @@session.autocommit = 0", "cache index t in c", "load index into cache t", "set statement max_statement_time = 1 for select 1"} {
		if statement, err := ParseStatement(sql); err != nil || !statement.Commits {
			t.Errorf("%s: we take it for harmless, %v", sql, err)
		}
	}
	for _, sql := range []string{
		"create table commits2 (a int)", "create or replace table commits2 select 1 as a", "create view commits_view as select 1", "create user commits_user",
		"create index i on commits (a)", "alter table commits add column b int", "drop table commits", "truncate commits", "truncate table commits",
		"rename table commits to commits3", "drop table if exists commits2", "create or replace procedure commits_p() select 1",
		"analyze table commits", "check table commits", "optimize table commits", "repair table commits", "check tables commits",
		"flush tables", "reset query cache", "lock tables commits read", "begin", "start transaction read only", "commit", "rollback",
		"grant select on commits to root@localhost", "set password = ''",
		"select 1", "insert into commits values (1)", "insert into commits values (1) on duplicate key update a = 2", "replace into commits values (1)",
		"update commits set a = 2", "delete from commits", "do sleep(0)", "set @x = 1", "set sql_select_limit = default", "show tables", "explain select 1",
		"create temporary table tt1 (a int)", "drop temporary table if exists tt1", "savepoint s", "checksum table commits",
		"select a from commits for update", "analyze select 1", "values (1)", "with x as (select 1 as a) select * from x", "use zerohop",
	} {
		f(sql)
	}
}

// readAnswers reads every answer that there is to a statement.
func readAnswers(conn *wire.Conn) error {
	var r wire.Result
	for more := true; more; more = conn.MoreResults() {
		if err := conn.ReadResult(&r); err != nil {
			return err
		}
		if r.Columns != nil {
			if err := drain(conn, -1); err != nil {
				return err
			}
		}
	}
	return nil
}
