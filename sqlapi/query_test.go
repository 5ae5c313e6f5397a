package sqlapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"zerohop/sqlapi/wire"
)

// inText has an endpoint's statements go as text.
func inText(e *Endpoint) *Endpoint {
	e.query.unpreparable.Store(true)
	return e
}

// TestTextAgrees runs statements in both protocols: same answer, same error.
func TestTextAgrees(t *testing.T) {
	cfg := mariaDBConfig(t)
	db := open(t, cfg)
	empty := func(sql string) {
		if !strings.HasPrefix(sql, "insert") {
			return
		}
		if err := mariaDB(t).Run("truncate note"); err != nil {
			t.Fatal(err)
		}
	}
	f := func(sql string, values ...string) {
		t.Helper()
		prepared, text := endpoint(t, db, sql), inText(endpoint(t, db, sql))
		for _, v := range append(values, "", "bob", "1", "it's", `\`, `\'`, "é😀", "a\x00b", "-1", "2", " 2x", "' or '1'='1") {
			q := "v=" + url.QueryEscape(v)
			empty(sql)
			want, wantErr := serve(prepared, asker{path: "2"}, q)
			empty(sql)
			text.query.names.Store(prepared.query.names.Load())
			got, err := serve(text, asker{path: "2"}, q)
			if got != want || refusal(err) != refusal(wantErr) || (err == nil) != (wantErr == nil) {
				t.Errorf("%s with %q: got %s, %v, want %s, %v", sql, v, got, err, want, wantErr)
			}
		}
	}
	f("select id, user from user where user = :query.v")
	f("select id from user where user like concat(:query.v, '%') order by id")
	f("select :query.v as v, hex(:query.v) as h, length(:query.v) as n, charset(:query.v) as c, collation(:query.v) as co")
	f("select :query.v + 1 as n, :query.v = 0 as z, :query.v = '0' as t, :query.v is null as e")
	f("select :query.v", "a\"b", strings.Repeat("x", 100))
	f("select hex(:query.v), concat('?', :query.v), :path.id")
	f("select id from user order by id limit :query.v")
	f("select id from user order by id limit 1 offset :query.v")
	f("select id from user order by id limit :query.v, 2")
	f("insert into note (t) values (:query.v)", "repeated", strings.Repeat("x", 21))
	f("insert into note (n) values (:query.v)", "1e1", "99999999999")
	f("select sum(n) as n from note where n > :query.v")
	f("update note set n = n + :query.v where id = :path.id")
	f("select date_add('2026-11-22', interval :query.v day) as d, cast(:query.v as decimal(5,2)) as m")
	f("select user from user where id in (:query.v, :path.id) order by id")
	f("set @x = :query.v")
	f("select no_such_column where :query.v")
	f("selekt :query.v")
	if got := db.pool.Stat().TotalResources(); got != 1 {
		t.Errorf("got %d connections, want 1", got)
	}
}

// TestNoRoomForStatements has the server refuse to prepare anything: requests
// are answered all the same, and prepared again once there is room.
func TestNoRoomForStatements(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max = 1
	db := open(t, cfg)
	state := func() (prepared int, crowded time.Time) {
		res := db.pool.AcquireAllIdle()[0]
		defer res.Release()
		return len(res.Value().prepared), res.Value().crowded
	}
	f := func(e *Endpoint, q, want string) {
		t.Helper()
		if got, err := serve(e, asker{user: "bob", password: "secret"}, q); err != nil || got != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
	kept, unnamed := endpoint(t, db, getUser), endpoint(t, db, "select concat(:query.v, 'x')")
	f(kept, "", `[{"count":1}]`)
	f(unnamed, "v=a", `[{"concat(?, 'x')":"ax"}]`)
	res := db.pool.AcquireAllIdle()[0]
	res.Value().forget(unnamed.query)
	res.Release()

	if err := mariaDB(t).Run("set global max_prepared_stmt_count = 0"); err != nil {
		t.Fatal(err)
	}
	restore := func() {
		if err := mariaDB(t).Run("set global max_prepared_stmt_count = default"); err != nil {
			t.Error(err)
		}
	}
	defer restore()
	fresh := endpoint(t, db, "select id from user where user = :query.v")
	insert := endpoint(t, db, "insert into note (n) values (:query.v)")
	began := time.Now()
	for range 20 {
		f(kept, "", `[{"count":1}]`)
		f(fresh, "v=bob", `[{"id":1}]`)
		f(fresh, "v="+url.QueryEscape("' or '1'='1"), `[]`)
		f(unnamed, "v=b", `[{"concat(?, 'x')":"bx"}]`)
	}
	if got, err := serve(insert, asker{}, "v=7"); err != nil || !strings.Contains(got, `"affected_rows":1`) {
		t.Errorf("got %s, %v", got, err)
	}
	if prepared, crowded := state(); prepared != 1 || crowded.Before(began) || crowded.After(time.Now().Add(crowdedPause)) {
		t.Errorf("got %d statements kept and the next tried at %v", prepared, crowded)
	}
	restore()
	eventually(t, 10*time.Second, "the statement is prepared again", func() bool {
		f(fresh, "v=bob", `[{"id":1}]`)
		prepared, _ := state()
		return prepared == 2
	})
}

func TestStatementThatCannotBePrepared(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max = 1
	db := open(t, cfg)
	e := endpoint(t, db, "prepare zerohop from 'select 1'")
	for range 3 {
		if got, err := serve(e, asker{}, ""); err != nil || got != `{"errcode":0,"errstr":"Statement prepared"}` {
			t.Errorf("got %s, %v", got, err)
		}
	}
	if !e.query.unpreparable.Load() {
		t.Error("it is not remembered that the statement cannot be prepared")
	}
	// Nothing of it is there for the next one, and its 1243 is no reason to
	// try again.
	if _, err := serve(endpoint(t, db, "execute zerohop"), asker{}, ""); !errors.Is(err, ErrStatement) || refusal(err) != 1243 {
		t.Errorf("got %v, want error 1243", err)
	}
	if got := db.pool.Stat().TotalResources(); got != 1 {
		t.Errorf("got %d connections, want 1", got)
	}
}

// refusing is a connection whose server refuses executions, as often as told.
type refusing struct {
	net.Conn
	number uint16
	times  int
	seen   int    // executions in all
	say    []byte // what the server has not said
}

func (r *refusing) Write(p []byte) (int, error) {
	const execute = 0x17
	if len(p) > 4 && p[4] == execute {
		r.seen++
		if r.times > 0 {
			r.times--
			refused := []byte{0, 0, 0, 1, 0xff, byte(r.number), byte(r.number >> 8), '#', 'H', 'Y', '0', '0', '0', 'n', 'o'}
			refused[0] = byte(len(refused) - 4)
			r.say = append(r.say, refused...)
			size := 4 + int(p[0]) + int(p[1])<<8
			if len(p) > size { // what was written behind it
				if _, err := r.Conn.Write(p[size:]); err != nil {
					return 0, err
				}
			}
			return len(p), nil
		}
	}
	return r.Conn.Write(p)
}

func (r *refusing) Read(p []byte) (int, error) {
	if len(r.say) > 0 {
		n := copy(p, r.say)
		r.say = r.say[n:]
		return n, nil
	}
	return r.Conn.Read(p)
}

// TestPreparedAgainOnce has the server forget a statement, or want it prepared
// again: that is done once, and then its refusal counts.
func TestPreparedAgainOnce(t *testing.T) {
	f := func(number uint16, sql string, times, executions int, want string) {
		t.Helper()
		cfg := mariaDBConfig(t)
		cfg.Max = 1
		db := open(t, cfg)
		var conn *refusing
		var err error
		db.dialer, err = wire.NewDialer(wire.DialerConfig{DSN: cfg.DSN, MaxBytes: cfg.MaxBytes,
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				nc, err := new(net.Dialer).DialContext(ctx, network, address)
				conn = &refusing{Conn: nc, number: number, times: times}
				return conn, err
			}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := serve(endpoint(t, db, sql), asker{}, "")
		if err != nil {
			got = fmt.Sprint(refusal(err))
		}
		if got != want || conn.seen != executions {
			t.Errorf("%s, refused %d times with %d: got %s (%v) after %d executions, want %s after %d", sql, times, number, got, err, conn.seen, want, executions)
		}
		if stat := db.pool.Stat(); stat.TotalResources() != 1 {
			t.Errorf("got %d connections, want 1", stat.TotalResources())
		}
	}
	plain, stateful := "select 1 as n", "select @n := 1 as n"
	for _, number := range []uint16{1243, 1615} {
		f(number, plain, 0, 1, `[{"n":1}]`)
		f(number, plain, 1, 2, `[{"n":1}]`)
		f(number, plain, 2, 2, fmt.Sprint(number))
		f(number, stateful, 1, 2, `[{"n":1}]`)
		f(number, stateful, 2, 2, fmt.Sprint(number))
	}
	f(1064, plain, 1, 1, "1064")
}
