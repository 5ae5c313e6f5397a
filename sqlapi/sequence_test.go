package sqlapi

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi/wire"
)

// accounts are what the transactions of these tests move money between. Nobody
// may have less than nothing.
const accounts = `
drop table if exists account, entry;
create table account (id int primary key, owner varchar(20), balance int not null check (balance >= 0));
create table entry (id int auto_increment primary key, account int, amount int, note blob);
insert into account values (1, 'alice', 100), (2, 'bob', 50);
`

// accountsDB opens a database with the accounts.
func accountsDB(t *testing.T, cfg Config) *Database {
	t.Helper()
	if cfg.Embedded() {
		cfg.Seed += accounts
	} else if err := mariaDB(t).Run(accounts); err != nil {
		t.Fatal(err)
	}
	return open(t, cfg)
}

// transaction returns the endpoint of several statements.
func transaction(t testing.TB, db *Database, statements ...StatementConfig) *Endpoint {
	t.Helper()
	return endpointOf(t, db, EndpointConfig{TransactionConfig: TransactionConfig{Statements: statements}})
}

func endpointOf(t testing.TB, db *Database, cfg EndpointConfig) *Endpoint {
	t.Helper()
	e, err := db.Endpoint(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// exactly returns a statement that has to affect so many rows.
func exactly(affected, sql string) StatementConfig {
	return StatementConfig{SQL: sql, Expect: ExpectConfig{Affected: affected}}
}

// respond asks an endpoint and returns the response.
func respond(e *Endpoint, q string) (*fasthttp.Response, error) {
	rc := writeRequest(q)
	err := e.Serve(asker{Context: context.Background()}, rc)
	return &rc.Response, err
}

// now returns what a statement answers now.
func now(t testing.TB, db *Database, sql string) string {
	t.Helper()
	got, err := serve(endpoint(t, db, sql), asker{}, "")
	if err != nil {
		t.Fatal(err)
	}
	return got
}

const balances = "select id, balance from account order by id"

// transfer moves :query.amount from one account to another.
func transfer(t testing.TB, db *Database) *Endpoint {
	return transaction(t, db,
		exactly("1", "update account set balance = balance - :query.amount where id = :query.from and balance >= :query.amount"),
		exactly("1", "update account set balance = balance + :query.amount where id = :query.to"),
		StatementConfig{SQL: "insert into entry (account, amount) values (:query.to, :query.amount)"},
		StatementConfig{SQL: "select :last.insert_id as entry, balance from account where id = :query.from", Answer: true},
	)
}

func TestTransfer(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		got, err := serve(transfer(t, accountsDB(t, cfg)), asker{}, "from=1&to=2&amount=30")
		if want := `[{"entry":1,"balance":70}]`; err != nil || got != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	})
}

func TestUnmetExpectationTakesAllBack(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max = 1
	db := accountsDB(t, cfg)
	e := transfer(t, db)
	f := func(q string, statement int, problem string) {
		t.Helper()
		_, err := serve(e, asker{}, q)
		unmet, ok := errors.AsType[*UnmetError](err)
		if !ok || unmet.Statement != statement || unmet.Status != 409 || unmet.Problem != problem || !errors.Is(err, ErrUnmet) {
			t.Errorf("%s: got %v, want statement %d: %s", q, err, statement, problem)
		}
		if got, want := now(t, db, balances), `[{"id":1,"balance":100},{"id":2,"balance":50}]`; got != want {
			t.Errorf("%s: left %s, want %s", q, got, want)
		}
	}
	f("from=1&to=2&amount=101", 1, "0 rows affected, want 1")
	f("from=9&to=2&amount=1", 1, "0 rows affected, want 1")
	f("from=1&to=9&amount=30", 2, "0 rows affected, want 1")
	if stat := db.pool.Stat(); stat.TotalResources() != 1 || db.Stats().Reconnects != 0 {
		t.Errorf("the connection was not kept: %+v", db.Stats())
	}
}

func TestExpectations(t *testing.T) {
	db := accountsDB(t, mariaDBConfig(t))
	f := func(sql, affected, rows string, met bool) {
		t.Helper()
		e := transaction(t, db, StatementConfig{SQL: sql, Expect: ExpectConfig{Affected: affected, Rows: rows}, Else: 412})
		_, err := serve(e, asker{}, "")
		if unmet, _ := errors.AsType[*UnmetError](err); (err == nil) != met || !met && (unmet == nil || unmet.Status != 412) {
			t.Errorf("%s, affected %q, rows %q: got %v", sql, affected, rows, err)
		}
	}
	const both = "update account set balance = balance + 1"
	f(both, "2", "", true)
	f(both, "1", "", false)
	f(both, ">= 1", "", true)
	f(both, ">= 3", "", false)
	f(both, "<= 2", "", true)
	f(both, "<= 1", "", false)
	f("update account set balance = balance", "0", "", true) // as before is not changed
	f("delete from account where id = 9", "0", "", true)
	f("delete from account where id = 9", ">=1", "", false)
	f("select id from account for update", "", "2", true)
	f("select id from account where id = 9", "", "0", true)
	f("select id from account where id = 9", "", "1", false)
	f("insert into entry (account) values (1), (2) returning id", "", "2", true)
	f("insert into entry (account) values (1), (2) returning id", "", "1", false)
	if got, want := now(t, db, "select count(*) as n from entry"), `[{"n":2}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestAnswerOfAStatement shows which statement's answer is the route's.
func TestAnswerOfAStatement(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := accountsDB(t, cfg)
		f := func(answers int, want string) {
			t.Helper()
			statements := []StatementConfig{
				{SQL: "select owner from account where id = 1"},
				{SQL: "select id from account order by id"},
				{SQL: "delete from entry where id = 99"},
			}
			if answers >= 0 {
				statements[answers].Answer = true
			}
			if got, err := serve(transaction(t, db, statements...), asker{}, ""); err != nil || got != want {
				t.Errorf("%d: got %s, %v, want %s", answers, got, err, want)
			}
		}
		f(0, `[{"owner":"alice"}]`)
		f(1, `[{"id":1},{"id":2}]`)
		f(2, `{"errcode":0}`)
		f(-1, `{"errcode":0}`)
	})
}

// TestRowsOfEarlierStatements takes values of every kind from one statement to
// the next, and compares there.
func TestRowsOfEarlierStatements(t *testing.T) {
	cfg := mariaDBConfig(t)
	if err := mariaDB(t).Run(`create or replace table kinds (i int, u bigint unsigned, z int(5) zerofill, y year, f float, d double,
		m decimal(65,30), dt datetime(6), da date, tm time(3), b bit(17), s varchar(50), bl blob, bi binary(4), j json, e enum('x','y'), empty varchar(5), nothing int);
		insert into kinds values (-5, 18446744073709551615, 42, 2026, 0.1, 0.1, 12345678901234567890.123456789012345678901234567890,
		'2026-11-22 01:02:03.456789', '2026-11-22', '-01:02:03.5', b'10000000000000001', 'é\\\\''"', unhex('00ff80c328275c'), x'00ff0001', '{"a": 1}', 'y', '', null)`); err != nil {
		t.Fatal(err)
	}
	db := open(t, cfg)
	columns := strings.Fields("i u z y f d m dt da tm b s bl bi j e empty nothing")
	var same []string
	for _, column := range columns {
		same = append(same, fmt.Sprintf("%s <=> :row.%[1]s as %[1]s", column))
	}
	f := func(e *Endpoint) {
		t.Helper()
		got, err := serve(e, asker{}, "")
		if want := `[{"` + strings.Join(columns, `":1,"`) + `":1}]`; err != nil || got != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
	statements := []StatementConfig{{SQL: "select * from kinds"}, {SQL: "select " + strings.Join(same, ", ") + " from kinds"}}
	f(transaction(t, db, statements...))
	// As text the server itself rounds FLOAT, to six digits.
	statements[0].SQL = "select *, 0.5 as f from (select " + strings.Replace(strings.Join(columns, ", "), "f, ", "", 1) + " from kinds) as k"
	statements[1].SQL = strings.Replace(statements[1].SQL, "f <=> :row.f", ":row.f = 0.5", 1)
	f(allInText(transaction(t, db, statements...)))
	statements[0].SQL = "select * from kinds"

	copied := transaction(t, db, statements[0],
		StatementConfig{SQL: "insert into kinds values (:row." + strings.Join(columns, ", :row.") + ")"},
		StatementConfig{SQL: "select count(*) as n from (select distinct * from kinds) as k"})
	if got, err := serve(copied, asker{}, ""); err != nil || got != `[{"n":1}]` {
		t.Errorf("got %s, %v, want the copy to be the same row", got, err)
	}
}

// allInText has a sequence's statements sent in the text protocol.
func allInText(e *Endpoint) *Endpoint {
	for i := range e.sequence.steps {
		e.sequence.steps[i].query.unpreparable.Store(true)
	}
	return e
}

// TestSequenceOfForgottenStatements has the server forget all that was prepared
// on the connection, which the session does not know: the transaction begins
// again, once.
func TestSequenceOfForgottenStatements(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max = 1
	db := accountsDB(t, cfg)
	e := transaction(t, db,
		StatementConfig{SQL: "update account set balance = balance + 1 where id = 1"},
		StatementConfig{SQL: "select balance from account where id = 1"})
	for i := range 3 {
		if got, err := serve(e, asker{}, ""); err != nil || got != fmt.Sprintf(`[{"balance":%d}]`, 101+i) {
			t.Errorf("got %s, %v", got, err)
		}
		res := db.pool.AcquireAllIdle()[0]
		conn := res.Value().conn
		conn.SetDeadline(time.Now().Add(time.Second))
		conn.Reset()
		// Without the second statement alone the first one has run by then.
		if i == 1 {
			conn.Prepare("update account set balance = balance + 1 where id = 1")
		}
		conn.Flush()
		if err := conn.ReadResult(new(wire.Result)); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			if _, err := conn.ReadPrepared(); err != nil {
				t.Fatal(err)
			}
		}
		res.Release()
	}
	if got := db.Stats().Connects; got != 1 {
		t.Errorf("got %d connections, want 1", got)
	}
}

// TestStatefulSequence uses the session from one statement to the next, and
// leaves nothing in it.
func TestStatefulSequence(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max = 1
	db := accountsDB(t, cfg)
	f := func(want string, wanted error, statements ...StatementConfig) {
		t.Helper()
		for range 2 {
			got, err := serve(transaction(t, db, statements...), asker{}, "")
			if got != want || !errors.Is(err, wanted) {
				t.Errorf("got %s, %v, want %s, %v", got, err, want, wanted)
			}
			if got := now(t, db, "select @x as x"); got != `[{"x":null}]` {
				t.Errorf("left %s", got)
			}
		}
	}
	set, look := StatementConfig{SQL: "set @x = 5"}, StatementConfig{SQL: "select @x as x"}
	f(`[{"x":5}]`, nil, set, look)
	f("", ErrUnmet, set, exactly("1", "delete from account where id = 99"), look)
}

func TestRowThatIsNotThere(t *testing.T) {
	db := accountsDB(t, mariaDBConfig(t))
	f := func(want error, text string, statements ...StatementConfig) {
		t.Helper()
		_, err := serve(transaction(t, db, statements...), asker{}, "")
		if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want %v, %s", err, want, text)
		}
	}
	use := StatementConfig{SQL: "update account set balance = :row.balance"}
	insert := StatementConfig{SQL: "insert into entry (account) values (7)"}
	f(ErrNoRow, "statement 3: ", insert, StatementConfig{SQL: "select balance from account where id = 9"}, use)
	f(ErrStatement, `no column "balance"`, insert, StatementConfig{SQL: "select id from account"}, use)
	f(ErrStatement, `two columns "balance"`, insert, StatementConfig{SQL: "select balance, balance from account"}, use)
	// The last rows count, though earlier ones would have the column.
	f(ErrStatement, `no column "balance"`, insert, StatementConfig{SQL: "select balance from account"}, StatementConfig{SQL: "select id from account"}, use)
	if got := now(t, db, "select count(*) as n from entry"); got != `[{"n":0}]` {
		t.Errorf("left %s", got)
	}
}

// TestLastIsOfTheLastEffect has a SELECT between an INSERT and the statement
// that wants to know its number.
func TestLastIsOfTheLastEffect(t *testing.T) {
	db := accountsDB(t, mariaDBConfig(t))
	e := transaction(t, db,
		StatementConfig{SQL: "insert into entry (account) values (1), (2), (3)"},
		StatementConfig{SQL: "select id from entry where id = :last.insert_id"},
		StatementConfig{SQL: "select :last.insert_id as id, :last.affected as n, :row.id as row"})
	if got, err := serve(e, asker{}, ""); err != nil || got != `[{"id":1,"n":3,"row":1}]` {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestLocationAndStatus(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := accountsDB(t, cfg)
		f := func(c EndpointConfig, q string, status int, location string) {
			t.Helper()
			response, err := respond(endpointOf(t, db, c), q)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(response.Header.Peek("Location")); got != location || response.StatusCode() != status {
				t.Errorf("%s: got %d, %q, want %d, %q", q, response.StatusCode(), got, status, location)
			}
		}
		created := EndpointConfig{SQL: "insert into entry (account) values (:query.a)", ResponseConfig: ResponseConfig{Status: 201, Location: "/entries/{last.insert_id}"}}
		f(created, "a=1", 201, "/entries/1")
		f(created, "a=1", 201, "/entries/2")
		f(EndpointConfig{SQL: "delete from entry where id = 99", ResponseConfig: ResponseConfig{Status: 204, Location: "/entries/{last.insert_id}"}}, "", 204, "")
		statements := TransactionConfig{Statements: []StatementConfig{
			{SQL: "insert into entry (account) values (:query.a)"},
			{SQL: "select :query.name as name, null as nothing, cast(id as char) as id from account where id = :query.id"},
		}}
		f(EndpointConfig{TransactionConfig: statements, ResponseConfig: ResponseConfig{Status: 303, Location: "/a/{row.name}?of={query.a}&x={row.id}"}},
			"a=7&id=1&name="+url.QueryEscape("a/b\r\nX: é?&=.-_~"), 303, "/a/a%2Fb%0D%0AX%3A%20%C3%A9%3F%26%3D.-_~?of=7&x=1")
		f(EndpointConfig{TransactionConfig: statements, ResponseConfig: ResponseConfig{Location: "/{row.nothing}"}}, "a=7&id=1", 200, "")
		f(EndpointConfig{TransactionConfig: statements, ResponseConfig: ResponseConfig{Location: "/{row.name}"}}, "a=7&id=9", 200, "")
		dots := EndpointConfig{TransactionConfig: statements, ResponseConfig: ResponseConfig{Location: "../a/.{row.name}/{query.b}?q=/{row.name}/"}}
		f(dots, "a=7&id=1&name=..&b=7", 200, "../a/.../7?q=/../")
		f(dots, "a=7&id=1&name=.&b=7", 200, "")
		f(dots, "a=7&id=1&name=b&b=..", 200, "")
	})
}

// TestLocationThatFails shows that the commit comes behind the header.
func TestLocationThatFails(t *testing.T) {
	db := accountsDB(t, mariaDBConfig(t))
	e := endpointOf(t, db, EndpointConfig{SQL: "insert into entry (account) values (1) returning id", ResponseConfig: ResponseConfig{Location: "/{row.number}"}})
	if _, err := serve(e, asker{}, ""); !errors.Is(err, ErrStatement) || !strings.Contains(err.Error(), `no column "number"`) {
		t.Errorf("got %v", err)
	}
	if got := now(t, db, "select count(*) as n from entry"); got != `[{"n":0}]` {
		t.Errorf("left %s", got)
	}
}

// TestIncrementsLoseNothing reads a number and writes the next one, in many
// requests at once: those that come too late are told so, and nothing else is
// lost.
func TestIncrementsLoseNothing(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max, cfg.Timeout = 10, 20*time.Second
	db := accountsDB(t, cfg)
	e := transaction(t, db,
		StatementConfig{SQL: "select balance from account where id = 1", Expect: ExpectConfig{Rows: "1"}, Else: 404},
		exactly("1", "update account set balance = :row.balance + 1 where id = 1 and balance = :row.balance"))
	var done, refused int
	var mu sync.Mutex
	var clients sync.WaitGroup
	for range 10 {
		clients.Go(func() {
			for range 30 {
				_, err := serve(e, asker{}, "")
				mu.Lock()
				switch {
				case err == nil:
					done++
				case errors.Is(err, ErrUnmet):
					refused++
				default:
					t.Error(err)
				}
				mu.Unlock()
			}
		})
	}
	clients.Wait()
	if done+refused != 300 || done == 0 {
		t.Errorf("got %d and %d", done, refused)
	}
	if got, want := now(t, db, "select balance from account where id = 1"), fmt.Sprintf(`[{"balance":%d}]`, 100+done); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
