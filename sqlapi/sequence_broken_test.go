package sqlapi

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zerohop/sqlapi/mariadbtest"
)

// untouched is what balances answers when no transfer was made, or none stayed.
const untouched = `[{"id":1,"balance":100},{"id":2,"balance":50}]`

// slowTransfer rests in its middle, when half of the transfer is made.
func slowTransfer(t testing.TB, db *Database, rest string) *Endpoint {
	return transaction(t, db,
		exactly("1", "update account set balance = balance - 30 where id = 1"),
		StatementConfig{SQL: rest},
		exactly("1", "update account set balance = balance + 30 where id = 2"))
}

// TestTransactionThatIsEndedHalfWay ends a transaction while its second of three
// statements runs, in every way there is: nothing of the first stays.
func TestTransactionThatIsEndedHalfWay(t *testing.T) {
	f := func(name string, want error, end func(w watch, v *visitor)) {
		t.Run(name, func(t *testing.T) {
			cfg := mariaDBConfig(t)
			cfg.Timeout = 30 * time.Second
			if want == ErrTimeout {
				cfg.Timeout = 500 * time.Millisecond
			}
			db := accountsDB(t, cfg)
			e := slowTransfer(t, db, "select sleep(20)")
			w := watchMariaDB(t)
			w.awaitQuiet()
			v := newVisitor()
			ended := make(chan error, 1)
			go func() {
				_, err := serve(e, asker{Context: v}, "")
				ended <- err
			}()
			eventually(t, 5*time.Second, "the transaction is in its middle", func() bool { return w.sleeping() == 1 })
			end(w, v)
			if err := <-ended; !errors.Is(err, want) || errors.Is(err, ErrInterrupted) != (want == ErrUnavailable) {
				t.Errorf("got %v, want %v", err, want)
			}
			// Waits until the server has undone it, and with that its locks.
			if got := w.number("select balance from account where id = 1 for update"); got != 100 {
				t.Errorf("left %d", got)
			}
			if got := now(t, db, balances); got != untouched {
				t.Errorf("left %s", got)
			}
			eventually(t, 5*time.Second, "the slot is back", func() bool { return db.Stats().Busy == 0 })
		})
	}
	thread := func(w watch) string {
		return fmt.Sprint(w.number("select id from information_schema.processlist where info like 'select sleep(%' and id <> connection_id()"))
	}
	f("connection killed", ErrUnavailable, func(w watch, _ *visitor) { w.do("kill " + thread(w)) })
	f("statement killed", ErrUnavailable, func(w watch, _ *visitor) { w.do("kill query " + thread(w)) })
	f("client leaves", ErrAbandoned, func(_ watch, v *visitor) { v.abandon() })
	f("deadline", ErrTimeout, func(watch, *visitor) {})
}

// TestServerDiesInATransaction kills the server when half of a transfer is made.
func TestServerDiesInATransaction(t *testing.T) {
	mariaDB(t) // or skip
	server, err := mariadbtest.Start("--innodb-flush-log-at-trx-commit=1")
	server = mariadbtest.Require(t, server, err)
	defer server.Stop()
	if err := server.Run(accounts); err != nil {
		t.Fatal(err)
	}
	cfg := Config{DSN: server.DSN()}
	cfg.SetDefaults()
	cfg.Timeout = 20 * time.Second
	db := open(t, cfg)
	ended := make(chan error, 1)
	e := slowTransfer(t, db, "select sleep(15)")
	go func() {
		_, err := serve(e, asker{}, "")
		ended <- err
	}()
	sleeping := endpoint(t, db, "select count(*) > 0 as yes from information_schema.processlist where info like 'select sleep(%'")
	eventually(t, 5*time.Second, "the transaction is in its middle", func() bool {
		got, err := serve(sleeping, asker{}, "")
		return err == nil && got == `[{"yes":1}]`
	})
	server.Kill()
	if err := <-ended; !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want %v", err, ErrUnavailable)
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	look := endpoint(t, db, balances)
	eventually(t, 20*time.Second, "the database is back", func() bool {
		_, err := serve(look, asker{}, "")
		return err == nil
	})
	if got := now(t, db, balances); got != untouched {
		t.Errorf("left %s", got)
	}
}

// TestConnectionBreaksBetweenStatements cuts the connection behind each of the
// messages of a transaction, when the server has done what it says: before the
// commit nothing of it stays and the client may be told so, behind it nobody
// can tell. In no case is it repeated.
func TestConnectionBreaksBetweenStatements(t *testing.T) {
	cfg := mariaDBConfig(t)
	var message atomic.Int32
	cfg.DSN = "root@tcp(" + countingProxy(t, mariaDB(t).Address(), &message) + ")/zerohop"
	f := func(behind int32, want error, left string) {
		t.Helper()
		db := accountsDB(t, cfg)
		e := slowTransfer(t, db, "select 1")
		look := endpoint(t, db, balances)
		if _, err := serve(e, asker{}, ""); err != nil { // prepares it
			t.Fatal(err)
		}
		if err := mariaDB(t).Run(accounts); err != nil {
			t.Fatal(err)
		}
		if _, err := serve(e, asker{}, ""); err != nil { // and once more, for other tables
			t.Fatal(err)
		}
		message.Store(behind)
		if _, err := serve(e, asker{}, ""); !errors.Is(err, want) {
			t.Errorf("behind message %d: got %v, want %v", behind, err, want)
		}
		eventually(t, 5*time.Second, "the server has undone it", func() bool {
			got, err := serve(look, asker{}, "")
			return err == nil && got == left
		})
		if retries := db.Stats().Retries; retries != 0 {
			t.Errorf("behind message %d: %d retries", behind, retries)
		}
	}
	const once, twice = `[{"id":1,"balance":70},{"id":2,"balance":80}]`, `[{"id":1,"balance":40},{"id":2,"balance":110}]`
	f(1, ErrUnavailable, once) // the beginning and the first statement
	f(2, ErrUnavailable, once)
	f(3, ErrUnavailable, once)
	f(4, ErrBroken, twice) // the commit
}

// countingProxy passes bytes between clients and a server. Once message has been
// set, it counts down with what a client sends; behind the last one it passes
// nothing on any more and closes the connection, as soon as the server has
// answered.
func countingProxy(t *testing.T, server string, message *atomic.Int32) (address string) {
	t.Helper()
	return proxy(t, func(client net.Conn) { passCounted(client, server, message) })
}

func passCounted(client net.Conn, server string, message *atomic.Int32) {
	defer client.Close()
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer upstream.Close()
	var cut atomic.Bool
	go func() {
		defer client.Close()
		b := make([]byte, 64<<10)
		for {
			n, err := upstream.Read(b)
			if err != nil || cut.Load() {
				return
			}
			client.Write(b[:n])
		}
	}()
	b := make([]byte, 64<<10)
	for {
		n, err := client.Read(b)
		if err != nil {
			return
		}
		if message.Load() > 0 && message.Add(-1) == 0 {
			cut.Store(true)
		}
		upstream.Write(b[:n])
	}
}

// TestProcedureThatCommits has a statement end the transaction where nobody can
// see that in its text: the request fails, and says so in the log.
func TestProcedureThatCommits(t *testing.T) {
	cfg := mariaDBConfig(t)
	cfg.Max = 1
	db := accountsDB(t, cfg)
	if err := mariaDB(t).Run("delimiter //\ncreate or replace procedure sneaky() begin commit; end//"); err != nil {
		t.Fatal(err)
	}
	e := transaction(t, db, StatementConfig{SQL: "insert into entry (account) values (1)"}, StatementConfig{SQL: "call sneaky()"}, StatementConfig{SQL: "select 1 as one"})
	for range 2 {
		_, err := serve(e, asker{}, "")
		if !errors.Is(err, ErrStatement) || !strings.Contains(err.Error(), "statement 2: statement failed: it has ended the transaction") {
			t.Errorf("got %v, want %v", err, ErrStatement)
		}
	}
	// What it has committed nobody can take back.
	if got := now(t, db, "select count(*) as n from entry"); got != `[{"n":2}]` {
		t.Errorf("got %s, want what came before the commit", got)
	}
	if got := now(t, db, "select @@in_transaction as open"); got != `[{"open":0}]` {
		t.Errorf("got %s", got)
	}
}
