package wire

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// dial connects to the shared server; the connection ends with the test.
func dial(t testing.TB, dsn string) *Conn {
	t.Helper()
	d, err := NewDialer(DialerConfig{DSN: dsn, MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	return c
}

// rows reads a whole result as text, fields joined with |, NULL as NULL.
func rows(c *Conn) ([]string, error) {
	var r Result
	if err := c.ReadResult(&r); err != nil {
		return nil, err
	}
	if r.Columns == nil {
		return []string{"OK " + string(r.Info)}, nil
	}
	var lines []string
	for {
		fields, err := rowFields(c, &r)
		if err == io.EOF {
			return lines, nil
		}
		if err != nil {
			return nil, err
		}
		lines = append(lines, strings.Join(fields, "|"))
	}
}

// rowFields reads a row as text, or returns io.EOF.
func rowFields(c *Conn, r *Result) ([]string, error) {
	row, err := c.ReadRow()
	if err != nil {
		return nil, err
	}
	var fields []string
	for i := range r.Columns {
		v, err := row.Next(&r.Columns[i])
		if err != nil {
			return nil, err
		}
		if v.Null() {
			fields = append(fields, "NULL")
		} else {
			fields = append(fields, string(v.AppendText(nil, &r.Columns[i])))
		}
	}
	return fields, nil
}

// prepare prepares a statement in a round trip of its own.
func prepare(t testing.TB, c *Conn, sql string) *Statement {
	t.Helper()
	c.Prepare(sql)
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	s, err := c.ReadPrepared()
	if err != nil {
		t.Fatalf("prepare %q: %v", sql, err)
	}
	return s
}

// ask sends one text query and reads its answer.
func ask(t testing.TB, c *Conn, sql string) string {
	t.Helper()
	c.Query(sql)
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	got, err := rows(c)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return strings.Join(got, "\n")
}

func TestConnSpeaksToMariaDB(t *testing.T) {
	server := mariaDB(t)
	f := func(name, dsn string) {
		t.Run(name, func(t *testing.T) {
			c := dial(t, dsn)
			if s := c.Server(); !s.MariaDB || s.ThreadID == 0 || !strings.Contains(s.Version, "MariaDB") {
				t.Errorf("got server %+v", s)
			}
			if got, want := ask(t, c, "select connection_id() = "+itoa(c.Server().ThreadID)+", null, 'a'"), "1|NULL|a"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			s := prepare(t, c, "select ? as a, ? as b, cast(? as signed) as n")
			c.Execute(s, []Argument{{Text: []byte("x")}, {}, {Text: []byte("-7")}})
			c.Flush()
			got, err := rows(c)
			if err != nil || len(got) != 1 || got[0] != "x|NULL|-7" {
				t.Errorf("got %q, %v", got, err)
			}
			if s.Parameters() != 3 || len(s.Columns()) != 3 || s.Columns()[2].Name != "n" {
				t.Errorf("got %d parameters, columns %+v", s.Parameters(), s.Columns())
			}
			if !c.Idle() || c.Failed() || !c.Alive() {
				t.Errorf("got idle %v, failed %v, alive %v", c.Idle(), c.Failed(), c.Alive())
			}
		})
	}
	f("tcp", server.DSN())
	f("unix", server.SocketDSN())
}

func itoa(n uint32) string { return string(appendPadded(nil, uint64(n), 1)) }

func TestSeveralCommandsUnderWay(t *testing.T) {
	c := dial(t, mariaDB(t).DSN())
	s := prepare(t, c, "select ? + 1")
	c.Query("start transaction")
	c.Execute(s, []Argument{{Text: []byte("1")}})
	c.Query("select no_such_column")
	c.Ping()
	c.Execute(s, []Argument{{Text: []byte("41")}})
	c.Query("commit")
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	want := []string{"OK ", "2", "error 1054", "OK ", "42", "OK "}
	open := []bool{true, true, true, true, true, false}
	for i := range want {
		got, err := rows(c)
		text := strings.Join(got, "")
		if err != nil {
			text = err.Error()
		}
		if !strings.HasPrefix(text, want[i]) {
			t.Errorf("answer %d: got %q, want %q", i, text, want[i])
		}
		if c.InTransaction() != open[i] {
			t.Errorf("answer %d: got transaction %v, want %v", i, c.InTransaction(), open[i])
		}
	}
}

func TestStatementWithoutRows(t *testing.T) {
	server := mariaDB(t)
	if err := server.Run("create or replace table wr (id int auto_increment primary key, n int)"); err != nil {
		t.Fatal(err)
	}
	c := dial(t, server.DSN())
	f := func(sql string, affected, id uint64, info string) {
		t.Helper()
		s := prepare(t, c, sql)
		c.Execute(s, nil)
		c.CloseStatement(s)
		c.Flush()
		var r Result
		if err := c.ReadResult(&r); err != nil {
			t.Fatal(err)
		}
		if r.AffectedRows != affected || r.InsertID != id || string(r.Info) != info || r.Columns != nil {
			t.Errorf("%s: got %d, %d, %q, %v", sql, r.AffectedRows, r.InsertID, r.Info, r.Columns)
		}
	}
	f("insert into wr (n) values (1)", 1, 1, "")
	f("insert into wr (n) values (2),(3)", 2, 2, "Records: 2  Duplicates: 0  Warnings: 0")
	f("update wr set n = 2 where n = 2", 0, 0, "Rows matched: 1  Changed: 0  Warnings: 0")
	f("delete from wr", 3, 0, "")
}

func TestSeveralResults(t *testing.T) {
	server := mariaDB(t)
	if err := server.Run("delimiter //\ncreate or replace procedure two() begin select 1; select 2, 3; end//"); err != nil {
		t.Fatal(err)
	}
	c := dial(t, server.DSN())
	c.Query("call two()")
	c.Query("select 'next'")
	c.Flush()
	var all []string
	for {
		got, err := rows(c)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, got...)
		if !c.MoreResults() {
			break
		}
	}
	if got, want := strings.Join(all, ";"), "1;2|3;OK "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, err := rows(c); err != nil || got[0] != "next" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestReset(t *testing.T) {
	c := dial(t, mariaDB(t).DSN())
	s := prepare(t, c, "select @x")
	ask(t, c, "set @x = 5")
	c.Reset()
	c.Query("select @x")
	c.Execute(s, nil)
	c.Flush()
	if got, err := rows(c); err != nil || got[0] != "OK " {
		t.Fatalf("got %q, %v", got, err)
	}
	if got, err := rows(c); err != nil || got[0] != "NULL" {
		t.Errorf("got %q, %v", got, err)
	}
	_, err := rows(c)
	if refused, ok := errors.AsType[*ServerError](err); !ok || refused.Number != 1243 {
		t.Errorf("got %v, want error 1243", err)
	}
}

func TestDeadline(t *testing.T) {
	c := dial(t, mariaDB(t).DSN())
	c.SetDeadline(time.Now().Add(50 * time.Millisecond))
	c.Query("select sleep(5)")
	c.Flush()
	began := time.Now()
	_, err := rows(c)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want a passed deadline", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	if !c.Failed() || c.Alive() {
		t.Error("the connection must have failed")
	}
}

func TestKill(t *testing.T) {
	server := mariaDB(t)
	victim, killer := dial(t, server.DSN()), dial(t, server.DSN())
	victim.Query("select sleep(10)")
	victim.Flush()
	killer.Kill(victim.Server().ThreadID)
	killer.Flush()
	if _, err := rows(killer); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := victim.AwaitClose(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestQuitLeavesNothingOnTheServer(t *testing.T) {
	server := mariaDB(t)
	c, watcher := dial(t, server.DSN()), dial(t, server.DSN())
	id := c.Server().ThreadID
	if err := c.Quit(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Second)
	sql := "select count(*) from information_schema.processlist where id = " + itoa(id)
	for ask(t, watcher, sql) != "0" {
		if time.Now().After(deadline) {
			t.Fatal("the server still lists the connection")
		}
	}
	if c.Alive() {
		t.Error("got alive after Quit")
	}
}

func TestAliveSeesAClosedConnection(t *testing.T) {
	server := mariaDB(t)
	c, killer := dial(t, server.DSN()), dial(t, server.DSN())
	if !c.Alive() {
		t.Fatal("got dead, want alive")
	}
	ask(t, killer, "kill "+itoa(c.Server().ThreadID))
	deadline := time.Now().Add(5 * time.Second)
	for c.Alive() && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if c.Alive() {
		t.Error("got alive, want dead")
	}
}

func TestTooLargeResult(t *testing.T) {
	c := dial(t, mariaDB(t).DSN()) // the limit is 1 MiB
	if got := ask(t, c, "select length(repeat('x', 1000000))"); got != "1000000" {
		t.Errorf("got %q", got)
	}
	if got := ask(t, c, "select repeat('x', 1000000)"); len(got) != 1000000 {
		t.Errorf("got %d bytes", len(got))
	}
	if got := len(c.in.buf); got > keepSize {
		t.Errorf("an idle connection keeps %d bytes", got)
	}
	c.Query("select repeat('x', 1100000)")
	c.Flush()
	if _, err := rows(c); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want %v", err, ErrTooLarge)
	}
	if !c.Failed() {
		t.Error("the connection must have failed")
	}
}

func TestLocalFileIsNotOffered(t *testing.T) {
	server := mariaDB(t)
	if err := server.Run("create or replace table lf (t text)"); err != nil {
		t.Fatal(err)
	}
	c := dial(t, server.DSN())
	c.Query("load data local infile '/etc/hostname' into table lf")
	c.Flush()
	_, err := rows(c)
	if _, ok := errors.AsType[*ServerError](err); !ok {
		t.Errorf("got %v, want the server's refusal", err)
	}
}

func TestRefusedConnection(t *testing.T) {
	server := mariaDB(t)
	f := func(dsn string, want string) {
		t.Helper()
		d, err := NewDialer(DialerConfig{DSN: dsn, MaxBytes: 1 << 20})
		if err == nil {
			_, err = d.Dial(context.Background())
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want %q", dsn, err, want)
		}
	}
	f("nobody:hunter2@tcp("+server.Address()+")/zerohop", "error 1045 (28000)")
	f("root@tcp("+server.Address()+")/no_such_database", "error 1049 (42000)")
	f("root@tcp(127.0.0.1:1)/zerohop", "connection refused")
	f("root@unix(/nonexistent/socket)/zerohop", "no such file")
	f("root:hunter2@tcp(127.0.0.1/zerohop", "malformed DSN")
	f("root:hunter2", "malformed DSN")
	f("root@udp(127.0.0.1:1)/x", "unknown network")
	f("gw:hunter2secret(127.0.0.1:3306)/nginx", "unknown network")
	f("gw:pa/s?hunter2@tcp(127.0.0.1:3306)", "unknown parameter")
	f("gw:pa/s?hunter2=x&hunter2@tcp(127.0.0.1:1)/x", "connection refused")
	f("gw:hunter1@hunter2(127.0.0.1:3306)/x", "unknown network")
	f("root@tcp(127.0.0.1:1)/x?multiStatements=true", `"multiStatements" is not supported`)
	f("root@tcp(127.0.0.1:1)/x?timeout=1s&charset=gbk", `"charset" is not supported`)
}
