//go:build !noembedded

package embedded_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"zerohop/sqlapi/embedded"
)

func TestOpenSeed(t *testing.T) {
	f := func(seed, wantErr string) {
		t.Helper()
		e, err := embedded.Open(seed)
		if err == nil {
			defer e.Close()
		}
		switch {
		case wantErr == "" && err != nil:
			t.Errorf("Open(%q): got %v, want no error", seed, err)
		case wantErr != "" && (err == nil || !strings.Contains(err.Error(), wantErr)):
			t.Errorf("Open(%q): got %v, want an error with %q", seed, err, wantErr)
		}
	}
	f("", "")
	f(" ;\n ; ", "")
	f("-- nothing\n", "")
	f("create table a (b int);;\n\n insert into a values (1);\n-- the end\n", "")
	f("create table a (b varchar(9)); insert into a values (';')", "")
	f("create table a (b int);\n\ninsert into a values (1, 2);\nselect 1", "line 3: ")
	f("create table a (b int);\n\ninsert in a values (1);\nselect 1", "line 3: ")
}

// The statements of the demo, on the data of the demo.
func TestDemo(t *testing.T) {
	seed, err := os.ReadFile("../../assets/demo.sql")
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, open(t, string(seed)))
	f := func(passwd string, want int) {
		t.Helper()
		var got int
		err := conn.QueryRowContext(t.Context(),
			"select count(*) as count from user where user = ? and passwd = ?", "alice", passwd).Scan(&got)
		if err != nil || got != want {
			t.Errorf("password %q: got %d and error %v, want %d", passwd, got, err, want)
		}
	}
	f("secret", 1)
	f("wrong", 0)
	var user string
	err = conn.QueryRowContext(t.Context(), "select user from user where id = ?", "2").Scan(&user)
	if err != nil || user != "bob" {
		t.Errorf("id 2: got %q and error %v, want bob", user, err)
	}
}

func TestDialErrors(t *testing.T) {
	e := open(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// The server may take the connection before the context is looked at.
	if conn, err := e.Dial(ctx); err == nil {
		conn.Close()
	} else if !errors.Is(err, context.Canceled) {
		t.Errorf("Dial with a cancelled context: got %v, want %v", err, context.Canceled)
	}
	if err := e.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := e.Dial(t.Context()); !errors.Is(err, embedded.ErrClosed) {
		t.Errorf("Dial after Close: got %v, want %v", err, embedded.ErrClosed)
	}
}

func TestGreeting(t *testing.T) {
	e := open(t, userTable)
	conn, err := e.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := &raw{conn, t}
	greeting := r.packet()
	version, rest, _ := strings.Cut(string(greeting[1:]), "\x00")
	if greeting[0] != 10 || version != "8.0.33" {
		t.Errorf("got protocol %d of version %q, want 10 of 8.0.33", greeting[0], version)
	}
	id := binary.LittleEndian.Uint32([]byte(rest))
	capabilities := uint32(binary.LittleEndian.Uint16([]byte(rest[13:]))) |
		uint32(binary.LittleEndian.Uint16([]byte(rest[18:])))<<16
	const deprecateEOF = 1 << 24
	if capabilities&deprecateEOF == 0 {
		t.Errorf("got capabilities %#x, want the bit %#x, deprecate EOF", capabilities, deprecateEOF)
	}
	var inList bool
	rows, err := connect(t, e).QueryContext(t.Context(), "show processlist")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var process [8]any
		var row []any
		for i := range process {
			row = append(row, &process[i])
		}
		if err := rows.Scan(row...); err != nil {
			t.Fatal(err)
		}
		inList = inList || process[0] == int64(id)
	}
	if !inList {
		t.Errorf("the process list has no connection %d, which the greeting named", id)
	}
}

// What a connection of ours sends before its first request.
func TestSessionStatements(t *testing.T) {
	conn := connect(t, open(t, userTable))
	for _, statement := range []string{
		"SET NAMES utf8mb4",
		"SET SESSION sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
		"SET SESSION time_zone = '+00:00'",
		"SET SESSION TRANSACTION READ ONLY",
		"START TRANSACTION READ WRITE",
		"COMMIT",
		"SET SESSION max_execution_time = 2500",
		"KILL 4711",
		"KILL CONNECTION 4711",
		"KILL QUERY 4711",
	} {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Errorf("%s: got %v, want no error", statement, err)
		}
	}
}

func TestPreparedValues(t *testing.T) {
	conn := connect(t, open(t, userTable))
	stmt, err := conn.PrepareContext(t.Context(), "select count(*) from user where user = ? and passwd = ?")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	f := func(user, passwd string, want int) {
		t.Helper()
		var got int
		if err := stmt.QueryRowContext(t.Context(), user, passwd).Scan(&got); err != nil || got != want {
			t.Errorf("%q, %q: got %d and error %v, want %d", user, passwd, got, err, want)
		}
	}
	f("alice", "secret", 1)
	f("alice", "wrong", 0)
	f("日本", "🔑", 1)
	f("' or '1'='1", "' or '1'='1", 0)
	f(`\' -- `, "", 0)
	f("alice", strings.Repeat("x", 10_000), 0)
	f("alice", "secret", 1)
}

func TestErrorNumbers(t *testing.T) {
	conn := connect(t, open(t, userTable))
	f := func(statement string, want uint16) {
		t.Helper()
		_, err := conn.ExecContext(t.Context(), statement)
		var got *mysql.MySQLError
		if !errors.As(err, &got) || got.Number != want {
			t.Errorf("%s: got %v, want error %d", statement, err, want)
		}
	}
	f("select 1 from nowhere", 1146)
	f("insert into user (user, passwd) values ('bob', '')", 1062)
	f("select 1 +", 1105)
}

func TestPipelinedCommands(t *testing.T) {
	r := handshake(t, open(t, userTable))
	r.send(
		command(comQuery, "update user set passwd = 'other' where id < 3"),
		command(comPing, ""),
		command(comQuery, "select nothing"), // its failure stops nothing behind it
		command(comQuery, "select passwd from user where id = 2"),
	)
	if got, want := r.ok(), "Rows matched: 2  Changed: 2  Warnings: 0"; !strings.HasSuffix(got, want) {
		t.Errorf("update: got info %q, want %q", got, want)
	}
	r.ok()
	if got := r.packet(); got[0] != 0xff {
		t.Errorf("a statement with a fault: got %q, want an error", got)
	}
	if got := r.value(); got != "other" {
		t.Errorf("got %q, want other", got)
	}
}

func TestResetConnection(t *testing.T) {
	r := handshake(t, open(t, ""))
	r.send(command(comQuery, "set @kept = 'old'"), command(comReset, ""),
		command(comQuery, "select @kept"), command(comQuery, "select database()"))
	r.ok()
	r.ok()
	if got := r.value(); got != "NULL" {
		t.Errorf("got a variable %q behind the reset, want NULL", got)
	}
	if got := r.value(); got != embedded.Database {
		t.Errorf("got database %q behind the reset, want %q", got, embedded.Database)
	}
}

func TestKill(t *testing.T) {
	const running30 = "select count(*) from information_schema.processlist where info = 'select sleep(30)'"
	f := func(kind string, survives bool) {
		t.Helper()
		e := open(t, "")
		victim, other := handshake(t, e), handshake(t, e)
		victim.send(command(comQuery, "select connection_id()"))
		id := victim.value()
		victim.send(command(comQuery, "select sleep(30)"))
		// Until the statement runs there is nothing to end.
		for running := "0"; running == "0"; running = other.value() {
			other.send(command(comQuery, running30))
		}
		began := time.Now()
		other.send(command(comQuery, kind+" "+id))
		other.ok()
		answer, err := io.ReadAll(io.LimitReader(victim, 5))
		for running := "1"; running != "0" && time.Since(began) < 5*time.Second; running = other.value() {
			other.send(command(comQuery, running30))
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: the statement ended after %v", kind, took)
		}
		if !survives {
			if err == nil && len(answer) > 4 && answer[4] != 0xff {
				t.Errorf("%s: got answer %q, want an error or the end", kind, answer)
			}
			return
		}
		if err != nil || len(answer) < 5 || answer[4] != 0xff {
			t.Fatalf("%s: got answer %q and %v, want an error packet", kind, answer, err)
		}
		if _, err := io.CopyN(io.Discard, victim, int64(answer[0])-1); err != nil {
			t.Fatal(err)
		}
		victim.send(command(comPing, ""))
		victim.ok()
	}
	f("KILL QUERY", true)
	f("KILL CONNECTION", false)
	f("KILL", false)
}

func TestDeadline(t *testing.T) {
	r := handshake(t, open(t, ""))
	r.send(command(comQuery, "select sleep(30)"))
	r.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read: got %v, want %v", err, os.ErrDeadlineExceeded)
	}
}

// Close must not wait for statements, however long they would take.
func TestCloseEndsStatements(t *testing.T) {
	e := open(t, "")
	var clients []*raw
	for range 5 {
		r := handshake(t, e)
		r.send(command(comQuery, "select sleep(30)"))
		clients = append(clients, r)
	}
	began := time.Now()
	var closers sync.WaitGroup
	for range 2 {
		closers.Go(func() {
			if err := e.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	closers.Wait()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("Close took %v", took)
	}
	for _, r := range clients {
		if _, err := io.Copy(io.Discard, r); err != nil && !errors.Is(err, net.ErrClosed) && !strings.Contains(err.Error(), "reset") {
			t.Errorf("read from a closed engine: %v", err)
		}
	}
}
