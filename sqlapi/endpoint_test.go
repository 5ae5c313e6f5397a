package sqlapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zerohop/sqlapi/wire"
)

const getUser = "select count(*) as count from user where user = :auth.user and passwd = :auth.password"

func TestGetUser(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		e := endpoint(t, open(t, cfg), getUser)
		f := func(user, password, want string) {
			t.Helper()
			got, err := serve(e, asker{user: user, password: password}, "")
			if err != nil || got != want {
				t.Errorf("%q %q: got %s, %v, want %s", user, password, got, err, want)
			}
		}
		yes, no := `[{"count":1}]`, `[{"count":0}]`
		f("bob", "secret", yes)
		f("bob", "wrong", no)
		f("bob", "", no)
		f("", "", no)
		f("eve", "pa:ss'word", yes)
		f("ünï", "密码😀", yes)
		f("ünï", "密碼😀", no)
		f("bob", "' or '1'='1", no)
		f("bob' -- ", "x", no)
		f(`bob\' --`, "secret", no)
		f(`\`, " or 1=1 -- ", no)
		f("bob", "secret\x00", no)
		f("0", "0", no)
		f("bob", strings.Repeat("x", 10_000), no)
		f(strings.Repeat("'", 10_000), strings.Repeat(`\`, 10_000), no)
		f("\"; drop table user; --", "/*", no)
		f("bob", "secret", yes)
	})
}

// TestValuesComeBack echoes strings through the server: what is bound is what
// comes back, byte for byte.
func TestValuesComeBack(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		e := endpoint(t, open(t, cfg), "select concat(:query.v) as v, length(:query.v) as n")
		f := func(v string) {
			t.Helper()
			got, err := serve(e, asker{}, "v="+url.QueryEscape(v))
			if err != nil {
				t.Fatalf("%q: %v", v, err)
			}
			var rows []struct {
				V string
				N int
			}
			if err := json.Unmarshal([]byte(got), &rows); err != nil {
				t.Fatalf("%q: %s: %v", v, got, err)
			}
			if len(rows) != 1 || rows[0].V != v || rows[0].N != len(v) {
				t.Errorf("got %v, want %q", rows, v)
			}
		}
		f("")
		f("plain")
		f("' or '1'='1")
		f(`\' --`)
		f("a\r\n\t\b\f\"\\/\x00\x01\x1f\x7f")
		f("日本語 😀 é \u2028\u2029")
		f(strings.Repeat("é'\\", 3_400))
		f("?:query.v/*#")
	})
}

func TestInvalidUTF8(t *testing.T) {
	e := endpoint(t, open(t, mariaDBConfig(t)), getUser)
	for _, a := range []asker{{user: "bob", password: "secret\xff"}, {user: "bob\xc3", password: "secret"}} {
		if got, err := serve(e, a, ""); !errors.Is(err, ErrParameter) {
			t.Errorf("got %s, %v, want %v", got, err, ErrParameter)
		}
	}
	db := e.db
	bad := endpoint(t, db, "select 1 as fine, x'ff' as broken from user")
	_, err := serve(bad, asker{}, "")
	if !errors.Is(err, ErrStatement) || !strings.Contains(err.Error(), `column "broken"`) || !strings.Contains(err.Error(), "row 1") {
		t.Errorf("got %v, want the column and the row", err)
	}
	if busy := db.pool.Stat(); busy.IdleResources() != 1 || busy.AcquiredResources() != 0 {
		t.Errorf("the connection was not kept: %+v", busy)
	}
}

func TestShapes(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := open(t, cfg)
		f := func(sql, q, want string) {
			t.Helper()
			got, err := serve(endpoint(t, db, sql), asker{path: "2"}, q)
			if err != nil || got != want {
				t.Errorf("%s: got %s, %v, want %s", sql, got, err, want)
			}
		}
		f("select id, user from user order by id", "", `[{"id":1,"user":"bob"},{"id":2,"user":"eve"},{"id":3,"user":"ünï"}]`)
		f("select id, user from user where id = :path.id", "", `[{"id":2,"user":"eve"}]`)
		f("select id from user where id = :query.id", "id=99", `[]`)
		f("select id from user where id = :query.id", "", `[]`)
		f("select null as a, 1 as a, '' as b", "", `[{"a":null,"a":1,"b":""}]`)
		f("select 'a\"b' as `quo\"te`", "", `[{"quo\"te":"a\"b"}]`)
		f("select cast('2026-11-22' as date) as d, cast(1.50 as decimal(5,2)) as n", "", `[{"d":"2026-11-22","n":1.50}]`)
		f("select :client.ip as ip", "", `[{"ip":"192.0.2.1"}]`)
		f("insert into note (n, t) values (7, 'x')", "", `{"errcode":0,"insert_id":1,"affected_rows":1}`)
		remark := `,"errstr":"Rows matched: 1  Changed: 1  Warnings: 0"`
		if cfg.Embedded() {
			remark = "" // it has none
		}
		f("update note set n = 8 where n = 7", "", `{"errcode":0`+remark+`,"affected_rows":1}`)
		f("delete from note where n = 1234", "", `{"errcode":0}`)
		f("delete from note", "", `{"errcode":0,"affected_rows":1}`)
	})
}

func TestTypes(t *testing.T) {
	cfg := mariaDBConfig(t)
	err := mariaDB(t).Run(`create or replace table types (
		i int, u bigint unsigned, z int(5) zerofill, y year, f float, d double, m decimal(10,3), mz decimal(8,2) zerofill,
		dt datetime(3), tm time, b1 bit(1), b16 bit(16), bo boolean, s set('a','b'), e enum('x','y'), j json, bl blob, c char(3));
		set sql_mode = '';
		insert into types values (-1, 18446744073709551615, 42, 0, 16777216, 1e20, 0.500, 0, '0000-00-00', '-01:02:03', b'1', b'0000000111111111', true, 'a,b', 'y', '{"k": "v"}', 'bytes', 'q'),
		(0, 0, 0, 2026, 0.1, 0.1, -1, 7.5, '2026-11-22 01:02:03.4', '00:00:00', b'0', 0, false, '', 'x', '[]', '', ''),
		(null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null)`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := serve(endpoint(t, open(t, cfg), "select * from types"), asker{}, "")
	want := `[{"i":-1,"u":18446744073709551615,"z":42,"y":0,"f":16777200,"d":1e20,"m":0.500,"mz":0.00,` +
		`"dt":"0000-00-00 00:00:00.000","tm":"-01:02:03","b1":"\u0001","b16":"\u0001` + "\u00ff" + `","bo":1,"s":"a,b","e":"y","j":"{\"k\": \"v\"}","bl":"bytes","c":"q"},` +
		`{"i":0,"u":0,"z":0,"y":2026,"f":0.1,"d":0.1,"m":-1.000,"mz":7.50,"dt":"2026-11-22 01:02:03.400","tm":"00:00:00","b1":"\u0000","b16":"\u0000\u0000","bo":0,"s":"","e":"x","j":"[]","bl":"","c":""},` +
		`{"i":null,"u":null,"z":null,"y":null,"f":null,"d":null,"m":null,"mz":null,"dt":null,"tm":null,"b1":null,"b16":null,"bo":null,"s":null,"e":null,"j":null,"bl":null,"c":null}]`
	if err != nil || got != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
	if !json.Valid([]byte(got)) {
		t.Error("the answer is no JSON")
	}
}

func TestErrorKinds(t *testing.T) {
	cfg := mariaDBConfig(t)
	err := mariaDB(t).Run(`create or replace table child (id int, parent int, n tinyint not null check (n < 100), foreign key (parent) references note (id))`)
	if err != nil {
		t.Fatal(err)
	}
	defer mariaDB(t).Run("drop table child")
	db := open(t, cfg)
	f := func(sql string, want error) {
		t.Helper()
		_, err := serve(endpoint(t, db, sql), asker{}, "v=x")
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", sql, err, want)
		}
		kinds := 0
		for _, kind := range []error{ErrParameter, ErrPoolFull, ErrUnavailable, ErrBroken, ErrTimeout, ErrConflict, ErrUnprocessable, ErrStatement} {
			if errors.Is(err, kind) {
				kinds++
			}
		}
		if kinds != 1 {
			t.Errorf("%s: %v is of %d kinds", sql, err, kinds)
		}
	}
	f("insert into user (user) values ('bob')", ErrConflict)
	f("insert into child values (1, 99, 1)", ErrConflict)
	f("insert into child values (1, null, null)", ErrUnprocessable)
	f("insert into child values (1, null, 1000)", ErrUnprocessable)
	f("insert into child values (1, null, 100)", ErrUnprocessable)
	f("insert into note (t) values (repeat('x', 21))", ErrUnprocessable)
	f("insert into note (n) values (:query.v)", ErrUnprocessable)
	f("select exp(1000)", ErrUnprocessable)
	f("select (select 1 union select 2)", ErrStatement)
	f("select no_such_column", ErrStatement)
	f("select 1 from no_such_table", ErrStatement)
	f("selekt 1", ErrStatement)
	if stat := db.pool.Stat(); stat.TotalResources() != 1 || db.Stats().Busy != 0 {
		t.Errorf("got %d connections and %d slots taken, want 1 and 0", stat.TotalResources(), db.Stats().Busy)
	}
}

// TestWritesAreWrapped shows that the session is read only but for the
// statements that write, and that nothing of a failed one stays.
func TestWritesAreWrapped(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max = 1
	if err := mariaDB(t).Run("delimiter //\ncreate or replace function sly() returns int modifies sql data begin insert into note (n) values (1); return 1; end//"); err != nil {
		t.Fatal(err)
	}
	db := open(t, cfg)
	if _, err := serve(endpoint(t, db, "select sly()"), asker{}, ""); !errors.Is(err, ErrStatement) || !strings.Contains(err.Error(), "1792") {
		t.Errorf("got %v, want error 1792", err)
	}
	if got, err := serve(endpoint(t, db, "insert into note (n) select 1 union select 2"), asker{}, ""); err != nil || !strings.Contains(got, `"affected_rows":2`) {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := serve(endpoint(t, db, "insert into note (n, t) values (5, 'same'), (6, 'same')"), asker{}, ""); !errors.Is(err, ErrConflict) {
		t.Errorf("got %v, want %v", err, ErrConflict)
	}
	if got, err := serve(endpoint(t, db, "select count(*) as n from note"), asker{}, ""); got != `[{"n":2}]` || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := serve(endpoint(t, db, "select sly()"), asker{}, ""); !errors.Is(err, ErrStatement) {
		t.Errorf("got %v, want a refusal", err)
	}
}

// TestCallIsWholeOrNothing has a procedure fail half-way: what it had done is
// taken back, and one that succeeds stays.
func TestCallIsWholeOrNothing(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max = 1
	err := mariaDB(t).Run("delimiter //\ncreate or replace procedure twice(x varchar(20), y varchar(20)) " +
		"begin insert into note (t) values (x); insert into note (t) values (y); select 'done' as state; end//")
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, cfg)
	e := endpoint(t, db, "call twice(:query.x, :query.y)")
	if _, err := serve(e, asker{}, "x=same&y=same"); !errors.Is(err, ErrConflict) {
		t.Errorf("got %v, want %v", err, ErrConflict)
	}
	count := endpoint(t, db, "select count(*) as n from note")
	if got, err := serve(count, asker{}, ""); err != nil || got != `[{"n":0}]` {
		t.Errorf("after the failure: got %s, %v", got, err)
	}
	if got, err := serve(e, asker{}, "x=a&y=b"); err != nil || got != `[{"state":"done"}]` {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := serve(count, asker{}, ""); err != nil || got != `[{"n":2}]` {
		t.Errorf("after the success: got %s, %v", got, err)
	}
	if db.pool.Stat().TotalResources() != 1 || db.Stats().Busy != 0 {
		t.Errorf("got %+v", db.Stats())
	}
}

// TestBrokenWriteIsNotRepeated cuts the connection behind a write that has
// reached the server, before its answer has come back.
func TestBrokenWriteIsNotRepeated(t *testing.T) {
	cfg := mariaDBConfig(t)
	var cut atomic.Bool
	cfg.DSN = "root@tcp(" + cuttingProxy(t, mariaDB(t).Address(), &cut) + ")/zerohop"
	db := open(t, cfg)
	write := endpoint(t, db, "insert into note (n) values (7)")
	if _, err := serve(write, asker{}, ""); err != nil { // prepares it
		t.Fatal(err)
	}
	cut.Store(true)
	_, err := serve(write, asker{}, "")
	if !errors.Is(err, ErrBroken) {
		t.Errorf("got %v, want %v", err, ErrBroken)
	}
	count := endpoint(t, db, "select count(*) as n from note")
	eventually(t, 5*time.Second, "two rows", func() bool { // the server may still be at it
		got, err := serve(count, asker{}, "")
		return err == nil && got == `[{"n":2}]`
	})
	// A read in the same place is tried once more, and nobody notices.
	read := endpoint(t, db, "select 1 as n")
	if _, err := serve(read, asker{}, ""); err != nil {
		t.Fatal(err)
	}
	cut.Store(true)
	if got, err := serve(read, asker{}, ""); err != nil || got != `[{"n":1}]` {
		t.Errorf("got %s, %v", got, err)
	}
	eventually(t, 5*time.Second, "the slots are back", func() bool { return db.Stats().Busy == 0 })
}

// cuttingProxy passes bytes between clients and a server. When cut is set, it
// closes one connection instead of passing an answer on: by then the server
// has done what it was told.
func cuttingProxy(t *testing.T, server string, cut *atomic.Bool) (address string) {
	t.Helper()
	return proxy(t, func(client net.Conn) { passOn(client, server, cut) })
}

// proxy has pass look after every connection that is made to address. They have
// ended when the test has.
func proxy(t *testing.T, pass func(client net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { pass(client) })
		}
	})
	return l.Addr().String()
}

func passOn(client net.Conn, server string, cut *atomic.Bool) {
	defer client.Close()
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer upstream.Close()
	answered := make(chan struct{})
	defer func() { <-answered }()
	go func() {
		defer close(answered)
		defer client.Close()
		b := make([]byte, 64<<10)
		for {
			n, err := upstream.Read(b)
			if err != nil {
				return
			}
			if cut.CompareAndSwap(true, false) {
				client.Close()
				// The server works through what it has been sent.
				upstream.SetReadDeadline(time.Now().Add(time.Second))
				io.Copy(io.Discard, upstream)
				return
			}
			client.Write(b[:n])
		}
	}()
	b := make([]byte, 64<<10)
	for {
		n, err := client.Read(b)
		if err != nil {
			upstream.(*net.TCPConn).CloseWrite()
			upstream.SetReadDeadline(time.Now().Add(time.Second))
			return
		}
		upstream.Write(b[:n])
	}
}

// TestSessionsDoNotLeak sends statements that change the session, and looks
// whether the next one on the same connection sees it.
func TestSessionsDoNotLeak(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max = 1
	db := open(t, cfg)
	f := func(leave, look, want string) {
		t.Helper()
		for range 3 {
			if _, err := serve(endpoint(t, db, leave), asker{}, ""); err != nil {
				t.Fatalf("%s: %v", leave, err)
			}
			if got, err := serve(endpoint(t, db, look), asker{}, ""); err != nil || got != want {
				t.Errorf("%s: got %s, %v, want %s", leave, got, err, want)
			}
		}
	}
	f("set @x = 5", "select @x as x", `[{"x":null}]`)
	f("select @x := 5", "select @x as x", `[{"x":null}]`)
	f("set session sql_mode = 'ANSI_QUOTES'", "select @@sql_mode as m", `[{"m":"`+sessionMode+`"}]`)
	f("select get_lock('zerohop', 0)", "select is_used_lock('zerohop') as l", `[{"l":null}]`)
	f("insert into note (n) values (1)", "select last_insert_id() as id", `[{"id":0}]`)
	f("set session max_statement_time = 0", "select @@max_statement_time > 0 as limited", `[{"limited":1}]`)
	f("start transaction", "select @@in_transaction as open", `[{"open":0}]`)
	if _, err := serve(endpoint(t, db, "create temporary table tt (a int)"), asker{}, ""); err != nil {
		t.Fatal(err)
	}
	if got, err := serve(endpoint(t, db, "select * from tt"), asker{}, ""); !errors.Is(err, ErrStatement) {
		t.Errorf("got %s, %v, want no such table", got, err)
	}
}

func TestReadsRunPastAMissingStatement(t *testing.T) {
	cfg := mariaDBConfig(t)
	db := open(t, cfg)
	e := endpoint(t, db, "select id from user where user = :query.u")
	for range 3 {
		if got, err := serve(e, asker{}, "u=bob"); got != `[{"id":1}]` || err != nil {
			t.Fatalf("got %s, %v", got, err)
		}
		// The server forgets every statement; the session does not know.
		res := db.pool.AcquireAllIdle()[0]
		conn := res.Value().conn
		conn.SetDeadline(time.Now().Add(time.Second))
		conn.Reset()
		conn.Flush()
		if err := conn.ReadResult(new(wire.Result)); err != nil {
			t.Fatal(err)
		}
		res.Release()
	}
}

func TestPreparedStatementsAreBounded(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max = 1
	db := open(t, cfg)
	var all []*Endpoint
	for i := range 2 * maxPrepared {
		all = append(all, endpoint(t, db, fmt.Sprintf("select %d as n", i)))
	}
	for range 2 {
		for i, e := range all {
			if got, err := serve(e, asker{}, ""); got != fmt.Sprintf(`[{"n":%d}]`, i) || err != nil {
				t.Fatalf("got %s, %v", got, err)
			}
		}
	}
	got, err := serve(endpoint(t, db, "select variable_value <= :query.most as few from information_schema.session_status where variable_name = 'prepared_stmt_count'"),
		asker{}, fmt.Sprint("most=", maxPrepared))
	_ = got
	if err != nil {
		t.Error(err)
	}
	res := db.pool.AcquireAllIdle()[0]
	if got := len(res.Value().prepared); got != maxPrepared {
		t.Errorf("got %d statements, want %d", got, maxPrepared)
	}
	res.Release()
}

func TestColumnsThatChange(t *testing.T) {
	cfg := mariaDBConfig(t)
	if err := mariaDB(t).Run("create or replace table changing (a int); insert into changing values (1)"); err != nil {
		t.Fatal(err)
	}
	e := endpoint(t, open(t, cfg), "select * from changing")
	f := func(change, want string) {
		t.Helper()
		if err := mariaDB(t).Run(change); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got, err := serve(e, asker{}, ""); err != nil || got != want {
				t.Errorf("%s: got %s, %v, want %s", change, got, err, want)
			}
		}
	}
	f("", `[{"a":1}]`)
	f("alter table changing add column b varchar(5) default 'x'", `[{"a":1,"b":"x"}]`)
	f("alter table changing change a c varchar(5)", `[{"c":"1","b":"x"}]`)
	f("alter table changing drop column b", `[{"c":"1"}]`)
}
