package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// dialLarge connects with a limit that lets answers of many megabytes pass.
func dialLarge(t testing.TB) *Conn {
	t.Helper()
	server := mariaDB(t)
	if err := server.Run("set global max_allowed_packet = 256 * 1024 * 1024"); err != nil {
		t.Fatal(err)
	}
	d, err := NewDialer(DialerConfig{DSN: server.DSN(), MaxBytes: 128 << 20})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(60 * time.Second))
	return c
}

// field reads the one value of a result with one row and one column.
func field(t testing.TB, c *Conn) []byte {
	t.Helper()
	var r Result
	if err := c.ReadResult(&r); err != nil {
		t.Fatal(err)
	}
	row, err := c.ReadRow()
	if err != nil {
		t.Fatal(err)
	}
	v, err := row.Next(&r.Columns[0])
	if err != nil {
		t.Fatal(err)
	}
	text, _ := v.Text()
	text = bytes.Clone(text)
	if _, err := c.ReadRow(); err != io.EOF {
		t.Fatalf("got %v, want the end", err)
	}
	return text
}

// TestLongPacketsBothWays echoes values around the 16 MB at which a packet is
// continued in the next: as an argument, and within a text.
func TestLongPacketsBothWays(t *testing.T) {
	c := dialLarge(t)
	s := prepare(t, c, "select ?")
	// How many bytes stand in front of the value: in the execution, in the
	// query, in a row.
	const execution, query, row = 1 + 4 + 1 + 4 + 1 + 1 + 2 + 4, 1 + 8, 4
	f := func(size int) {
		t.Helper()
		value := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		for _, way := range []string{"argument", "text"} {
			// One at a time: the server reads nothing while it writes.
			if way == "argument" {
				c.Execute(s, []Argument{{Text: value}})
			} else {
				c.Query("select '" + string(value) + "'")
			}
			c.Query("select 'next'")
			if err := c.Flush(); err != nil {
				t.Fatal(err)
			}
			if got := field(t, c); !bytes.Equal(got, value) {
				t.Errorf("%d bytes as %s: got %d", size, way, len(got))
			}
			if got := field(t, c); string(got) != "next" {
				t.Errorf("got %q", got)
			}
		}
		if len(c.in.buf) > keepSize || cap(c.out) > keepSize {
			t.Errorf("an idle connection keeps %d and %d bytes", len(c.in.buf), cap(c.out))
		}
	}
	f(maxPayload - execution - 1)
	f(maxPayload - execution)
	f(maxPayload - query - 2)
	f(maxPayload - row)
	f(maxPayload)
	f(2*maxPayload + 17)
}

func TestPacketLargerThanTheServerTakes(t *testing.T) {
	server := mariaDB(t)
	if err := server.Run("set global max_allowed_packet = 16 * 1024 * 1024"); err != nil {
		t.Fatal(err)
	}
	c := dial(t, server.DSN())
	c.Query("select length('" + strings.Repeat("x", 17<<20) + "')")
	err := c.Flush()
	if err == nil {
		_, err = rows(c)
	}
	// The server may close while the rest is still being sent.
	if refused, ok := errors.AsType[*ServerError](err); err == nil || ok && refused.Number != 1153 {
		t.Errorf("got %v, want error 1153 or a broken connection", err)
	}
}

func TestManyColumns(t *testing.T) {
	c := dialLarge(t)
	const most = 4096
	names := make([]string, most)
	values := make([]string, most)
	for i := range names {
		names[i], values[i] = fmt.Sprintf("%d as column_%d", i, i), fmt.Sprint(i)
		if i%7 == 0 {
			names[i], values[i] = fmt.Sprintf("null as column_%d", i), "NULL"
		}
	}
	sql, want := "select "+strings.Join(names, ","), strings.Join(values, "|")
	s := prepare(t, c, sql)
	if got := len(s.Columns()); got != most || s.Columns()[most-1].Name != "column_4095" {
		t.Fatalf("got %d columns", got)
	}
	c.Query(sql)
	c.Execute(s, nil)
	c.Execute(s, nil)
	c.Query("select 'next'")
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got, err := rows(c); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("got %d rows, %v", len(got), err)
		}
	}
	if got, err := rows(c); err != nil || got[0] != "next" {
		t.Errorf("got %q, %v", got, err)
	}
}

func refusedWith(err error) uint16 {
	if refused, ok := errors.AsType[*ServerError](err); ok {
		return refused.Number
	}
	return 0
}

// TestErrorInMidResult has the server fail after it has sent rows; what was
// asked behind that is answered.
func TestErrorInMidResult(t *testing.T) {
	c := dialLarge(t)
	ask(t, c, "create or replace temporary table some (n int)")
	ask(t, c, "insert into some select seq from seq_1_to_1000")
	sql := "select n, repeat('x', 1000), exp(n) from some"
	s := prepare(t, c, sql)
	c.Query(sql)
	c.Execute(s, nil)
	c.Query("select 'next'")
	c.Flush()
	for _, way := range []string{"text", "binary"} {
		var r Result
		if err := c.ReadResult(&r); err != nil {
			t.Fatal(err)
		}
		n := 0
		var err error
		for ; err == nil; n++ {
			_, err = c.ReadRow()
		}
		if n--; n < 100 || n >= 1000 || refusedWith(err) != 1690 {
			t.Errorf("%s: got %v after %d rows, want error 1690 after some", way, err, n)
		}
	}
	if got, err := rows(c); err != nil || got[0] != "next" || !c.Idle() {
		t.Errorf("got %q, %v, idle %v", got, err, c.Idle())
	}
}

// TestSeveralResultsOfAStatement drains what a prepared CALL returns, an error
// behind results included.
func TestSeveralResultsOfAStatement(t *testing.T) {
	server := mariaDB(t)
	err := server.Run("delimiter //\ncreate or replace procedure many(n int) begin select n; select n, n + 1 from seq_1_to_3; do 1; select 'x' where n = 0; if n = 9 then signal sqlstate '45000'; end if; end//")
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, server.DSN())
	s := prepare(t, c, "call many(?)")
	f := func(n, want string, number uint16) {
		t.Helper()
		c.Execute(s, []Argument{{Text: []byte(n)}})
		c.Query("select 'next'")
		c.Flush()
		var all []string
		var failure error
		for more := true; more; more = c.MoreResults() {
			got, err := rows(c)
			all = append(all, strings.Join(got, ","))
			if failure = err; err != nil {
				break
			}
		}
		if got := strings.Join(all, ";"); got != want || refusedWith(failure) != number {
			t.Errorf("call many(%s): got %q, %v, want %q, %d", n, got, failure, want, number)
		}
		if got, err := rows(c); err != nil || got[0] != "next" {
			t.Errorf("then got %q, %v", got, err)
		}
	}
	f("1", "1;1|2,1|2,1|2;;OK ", 0)
	f("9", "9;9|10,9|10,9|10;;", 1644)
	f("2", "2;2|3,2|3,2|3;;OK ", 0)
}

// TestColumnsThatChange alters a table under a statement that is kept: the
// columns follow, whether the server repeats them or not.
func TestColumnsThatChange(t *testing.T) {
	server := mariaDB(t)
	if err := server.Run("create or replace table ch (a int); insert into ch values (7)"); err != nil {
		t.Fatal(err)
	}
	c := dial(t, server.DSN())
	s := prepare(t, c, "select * from ch")
	f := func(change, want string, typ Type) {
		t.Helper()
		if err := server.Run(change); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			c.Execute(s, nil)
			c.Flush()
			got, err := rows(c)
			if err != nil || len(got) != 1 || got[0] != want || s.Columns()[0].Type != typ {
				t.Errorf("%s: got %q, %v, columns %+v, want %q", change, got, err, s.Columns(), want)
			}
		}
	}
	f("", "7", TypeLong)
	f("alter table ch modify a bigint", "7", TypeLongLong)
	f("alter table ch modify a varchar(9)", "7", TypeVarString)
	f("alter table ch change a b double", "7", TypeDouble)
	f("alter table ch add c date default '2026-11-22'", "7|2026-11-22", TypeDouble)
	f("alter table ch drop b", "2026-11-22", TypeDate)
	f("drop table ch; create table ch (x time(3)); insert into ch values ('-01:02:03.5')", "-01:02:03.500", TypeTime)
}
