package sqlapi

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// configured returns an endpoint with further settings.
func configured(t testing.TB, db *Database, sql string, set func(*EndpointConfig)) *Endpoint {
	t.Helper()
	cfg := EndpointConfig{SQL: sql, PathNames: []string{"id"}}
	set(&cfg)
	e, err := db.Endpoint(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestShapesOfRows is the table of what becomes of rows in each shape.
func TestShapesOfRows(t *testing.T) {
	onBoth(t, func(t *testing.T, cfg Config) {
		db := open(t, cfg)
		f := func(shape string, first bool, sql, want string, wantErr error) {
			t.Helper()
			e := configured(t, db, sql, func(c *EndpointConfig) { c.Shape, c.First = shape, first })
			for range 2 { // the second time with what the connection has kept
				got, err := serve(e, asker{}, "")
				if got != want || !errors.Is(err, wantErr) {
					t.Errorf("%s of %s: got %s, %v, want %s, %v", shape, sql, got, err, want, wantErr)
				}
				if err == nil && !json.Valid([]byte(got)) {
					t.Errorf("%s of %s: %s is no JSON", shape, sql, got)
				}
			}
		}
		none, one, many := "select id, user from user where id = 99", "select id, user from user where id = 2", "select id, user from user order by id"
		f("", false, many, `[{"id":1,"user":"bob"},{"id":2,"user":"eve"},{"id":3,"user":"ünï"}]`, nil)
		f("rows", false, one, `[{"id":2,"user":"eve"}]`, nil)
		f("rows", false, none, `[]`, nil)
		f("compact", false, many, `[["id","user"],[1,"bob"],[2,"eve"],[3,"ünï"]]`, nil)
		f("compact", false, none, `[["id","user"]]`, nil)
		f("compact", false, "select null as `a\"`, 1 as a", `[["a\"","a"],[null,1]]`, nil)
		f("object", false, one, `{"id":2,"user":"eve"}`, nil)
		f("object", false, none, "", ErrNoRow)
		f("object", false, many, "", ErrStatement)
		f("object", true, many, `{"id":1,"user":"bob"}`, nil)
		f("object", true, none, "", ErrNoRow)
		f("value", false, one, `2`, nil)
		f("value", false, "select user from user where id = 2", `"eve"`, nil)
		f("value", false, "select null", `null`, nil)
		f("value", false, none, "", ErrNoRow)
		f("value", false, many, "", ErrStatement)
		f("value", true, many, `1`, nil)
		f("exec", false, many, `{"errcode":0}`, nil)
		f("exec", false, none, `{"errcode":0}`, nil)
		for _, shape := range shapes {
			f(shape, false, "delete from user where id = 99", `{"errcode":0}`, nil)
		}
		if busy := db.Stats().Busy; busy != 0 {
			t.Errorf("got %d connections busy, want none", busy)
		}
	})
}

// TestSecondRowSaysSo has the log know what to do.
func TestSecondRowSaysSo(t *testing.T) {
	db := open(t, mariaDBConfig(t))
	_, err := serve(configured(t, db, "select id from user", func(c *EndpointConfig) { c.Shape = "object" }), asker{}, "")
	if err == nil || !strings.Contains(err.Error(), "first = true") {
		t.Errorf("got %v", err)
	}
	if connections := db.pool.Stat().TotalResources(); connections != 1 {
		t.Errorf("got %d connections, want the one that was kept", connections)
	}
}

// TestFirstOfMany leaves a long result where it is: that costs the connection,
// and nobody notices.
func TestFirstOfMany(t *testing.T) {
	db := open(t, mariaDBConfig(t))
	first := configured(t, db, "select seq from seq_1_to_1000000", func(c *EndpointConfig) { c.Shape, c.First = "value", true })
	for range 2 {
		if got, err := serve(first, asker{}, ""); got != "1" || err != nil {
			t.Errorf("got %s, %v", got, err)
		}
	}
	kept := configured(t, db, "select seq from seq_1_to_500", func(c *EndpointConfig) { c.Shape, c.First = "value", true })
	before := db.Stats().Connects
	for range 3 {
		if got, err := serve(kept, asker{}, ""); got != "1" || err != nil {
			t.Errorf("got %s, %v", got, err)
		}
	}
	if after := db.Stats().Connects; after > before+1 {
		t.Errorf("got %d connections for short results, want one", after-before)
	}
}

// TestExecOfAProcedure drops its rows, and answers what it did.
func TestExecOfAProcedure(t *testing.T) {
	cfg := mariaDBConfig(t)
	err := mariaDB(t).Run("delimiter //\ncreate or replace procedure noted(x varchar(20)) begin select x; insert into note (t) values (x); end//")
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, cfg)
	e := configured(t, db, "call noted(:query.x)", func(c *EndpointConfig) { c.Shape = "exec" })
	if got, err := serve(e, asker{}, "x=a"); got != `{"errcode":0,"affected_rows":1}` || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := serve(endpoint(t, db, "call noted(:query.x)"), asker{}, "x=b"); got != `[{"x":"b"}]` || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestEverythingIsReadBehindAWrite has a statement with a commit behind it fail
// in the middle of a long result: what comes behind is found where it is.
func TestEverythingIsReadBehindAWrite(t *testing.T) {
	db := open(t, mariaDBConfig(t))
	e := configured(t, db, "insert into note (n) select seq from seq_1_to_5000 returning n", func(c *EndpointConfig) { c.MaxRows = 10 })
	if _, err := serve(e, asker{}, ""); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v, want %v", err, ErrTooLong)
	}
	stateful := configured(t, db, "select seq, @x from seq_1_to_5000", func(c *EndpointConfig) { c.MaxRows = 10 })
	if _, err := serve(stateful, asker{}, ""); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v, want %v", err, ErrTooLong)
	}
	if connections := db.pool.Stat().TotalResources(); connections != 1 {
		t.Errorf("got %d connections, want the one that was kept", connections)
	}
}

// TestNoAnswerNoChange has statements write, and their rows be no answer: then
// they have not written.
func TestNoAnswerNoChange(t *testing.T) {
	db := open(t, mariaDBConfig(t))
	f := func(sql string, want error, set func(*EndpointConfig)) {
		t.Helper()
		e := configured(t, db, sql, set)
		if _, err := serve(e, asker{}, ""); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", sql, err, want)
		}
		if got, err := serve(endpoint(t, db, "select count(*) as n from note"), asker{}, ""); got != `[{"n":0}]` || err != nil {
			t.Errorf("%s: got %s, %v", sql, got, err)
		}
	}
	f("insert into note (n) values (1), (2) returning n", ErrStatement, func(c *EndpointConfig) { c.Shape = "object" })
	f("insert into note (n) values (1), (2) returning n", ErrTooLong, func(c *EndpointConfig) { c.MaxRows = 1 })
	f("insert into note (n) values (1) returning x'ff'", ErrStatement, func(*EndpointConfig) {})
	f("insert into note (n) values (1) returning n", ErrStatement, func(c *EndpointConfig) { c.JSON = []string{"doc"} })
	if connections := db.pool.Stat().TotalResources(); connections != 1 {
		t.Errorf("got %d connections, want the one that was kept", connections)
	}
	e := configured(t, db, "insert into note (n) values (1) returning n", func(c *EndpointConfig) { c.Shape = "object" })
	if got, err := serve(e, asker{}, ""); got != `{"n":1}` || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}
