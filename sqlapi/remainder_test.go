package sqlapi

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// leavingOut are settings of an answer that leave out most of many rows, with
// what is left of "select seq as id".
var leavingOut = []struct {
	name string
	set  func(*EndpointConfig)
	want string
}{
	{"rows", func(c *EndpointConfig) { c.MaxRows, c.OnLimit = 2, limitTruncate }, `[{"id":1},{"id":2}]`},
	{"bytes", func(c *EndpointConfig) { c.MaxBytes, c.OnLimit = 64, limitTruncate }, `[{"id":1},{"id":2},{"id":3},{"id":4}]`},
	{"first", func(c *EndpointConfig) { c.Shape, c.First = shapeObject, true }, `{"id":1}`},
	{"exec", func(c *EndpointConfig) { c.Shape = shapeExec }, `{"errcode":0}`},
}

// TestTransactionOfALongAnswer has a transaction answer with a piece of a result
// that is longer than what is read for nobody: it is committed, whatever comes
// behind that result. So has one that reads, before its session is reset.
func TestTransactionOfALongAnswer(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max, cfg.Timeout = 1, 20*time.Second
	db := accountsDB(t, cfg)
	insert := StatementConfig{SQL: "insert into entry (account) values (7)"}
	long := StatementConfig{SQL: "select seq as id from seq_1_to_5000", Answer: true}
	written := 0
	f := func(name string, set func(*EndpointConfig), want string, c EndpointConfig, writes int) {
		t.Helper()
		set(&c)
		got, err := serve(endpointOf(t, db, c), asker{}, "")
		if err != nil || !strings.HasPrefix(got, strings.TrimRight(want, "]")) || len(got) > 64 {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, want)
		}
		written += writes
		if n := watchMariaDB(t).number("select count(*) from entry"); n != written {
			t.Errorf("%s: left %d rows, want %d", name, n, written)
		}
	}
	of := func(statements ...StatementConfig) EndpointConfig {
		return EndpointConfig{TransactionConfig: TransactionConfig{Statements: statements}}
	}
	for _, cut := range leavingOut {
		f(cut.name, cut.set, cut.want, of(insert, long), 1)
		f(cut.name, cut.set, cut.want, of(long, insert), 1)
		f(cut.name, cut.set, cut.want, of(insert, long, insert), 2)
		stateful := EndpointConfig{SQL: "select seq as id from seq_1_to_5000 where seq > coalesce(@x, 0)"}
		stateful.Location = "/"
		f(cut.name, cut.set, cut.want, stateful, 0)
	}
	if stat := db.Stats(); stat.Connects != 1 || stat.Kills != 0 {
		t.Errorf("an answer has cost a connection: %+v", stat)
	}
}

// TestRowsThatAreLeftOut counts for expect, and has the last row be the result's,
// not the body's.
func TestRowsThatAreLeftOut(t *testing.T) {
	db := accountsDB(t, mariaDBConfig(t))
	f := func(name string, set func(*EndpointConfig), expect string, met bool) {
		t.Helper()
		c := EndpointConfig{TransactionConfig: TransactionConfig{Statements: []StatementConfig{
			{SQL: "select seq as id from seq_1_to_8 order by seq", Answer: true, Expect: ExpectConfig{Rows: expect}},
			{SQL: "insert into entry (account) values (:row.id)"},
		}}}
		set(&c)
		if err := mariaDB(t).Run("truncate table entry"); err != nil {
			t.Fatal(err)
		}
		if _, err := serve(endpointOf(t, db, c), asker{}, ""); met && err != nil || !met && !errors.Is(err, ErrUnmet) {
			t.Errorf("%s, expect %s: got %v", name, expect, err)
		}
		want := 0
		if met {
			want = 8
		}
		if got := watchMariaDB(t).number("select coalesce(sum(account), 0) from entry"); got != want {
			t.Errorf("%s, expect %s: got the last row %d, want %d", name, expect, got, want)
		}
	}
	for _, cut := range leavingOut {
		f(cut.name, cut.set, "8", true)
		f(cut.name, cut.set, ">= 5", true)
		f(cut.name, cut.set, "1", false)
		f(cut.name, cut.set, "2", false)
	}
}

// TestLastRowOfALongAnswer takes a value for the header from a row that the body
// has not.
func TestLastRowOfALongAnswer(t *testing.T) {
	db := open(t, mariaDBConfig(t))
	for _, cut := range leavingOut {
		c := EndpointConfig{SQL: "select seq as id from seq_1_to_2000", ResponseConfig: ResponseConfig{Location: "/{row.id}"}}
		cut.set(&c)
		response, err := respond(endpointOf(t, db, c), "")
		if err != nil {
			t.Fatal(err)
		}
		if got := string(response.Header.Peek("Location")); got != "/2000" {
			t.Errorf("%s: got %s, want /2000", cut.name, got)
		}
	}
}

// TestTransactionOfATooLongAnswer bounds what is read behind the body: beyond
// the database's max_bytes nothing stays.
func TestTransactionOfATooLongAnswer(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.MaxBytes, cfg.Timeout = 64<<10, 20*time.Second
	db := accountsDB(t, cfg)
	c := EndpointConfig{TransactionConfig: TransactionConfig{Statements: []StatementConfig{
		{SQL: "insert into entry (account) values (7)"}, {SQL: "select repeat('x', 1000) as x from seq_1_to_5000"},
	}}}
	c.MaxRows, c.OnLimit = 2, limitTruncate
	if got, err := serve(endpointOf(t, db, c), asker{}, ""); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %s, %v, want %v", got, err, ErrTooLong)
	}
	if got := now(t, db, "select count(*) as n from entry"); got != `[{"n":0}]` {
		t.Errorf("left %s", got)
	}
}
