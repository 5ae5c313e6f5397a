package sqlapi

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	_ "github.com/go-sql-driver/mysql"
)

// serverConn returns a connection to MariaDB, in a sql_mode that leaves the
// ends of literals where the scanner expects them.
func serverConn(t *testing.T) *sql.Conn {
	t.Helper()
	db, err := sql.Open("mysql", mariaDB(t).DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := c.ExecContext(context.Background(), "set sql_mode = ''"); err != nil {
		t.Fatal(err)
	}
	return c
}

// serverPieces are put together at random. Most of what comes out is nonsense
// to both sides; what both accept must mean the same.
var serverPieces = []string{
	"'", `"`, "`", `\`, `\\`, "''", `""`, "``", "'x'", `"y"`, "x'41'", "_utf8mb4'a'", "N'b'", "as `q`", "ä", "\x01", "\x7f",
	"--", "-- ", "--\n", "#", "\n", "\t", "\r", " ", "/*", "*/", "/*!", "/*!123 ", "/*!50000 ", "/*!50699", "/*!50701 ",
	"/*!99999 ", "/*!100100 ", "/*!999999 ", "/*M!", "/*M!100100 ", "/*m!", ":query.a", ", :query.b", ", ", "1", "+", "-", "*", "/",
	"(", ")", ";", "@a", "@a:=1", "limit 1",
}

func TestServerSeesTheSameParameters(t *testing.T) {
	c := serverConn(t)
	random := rand.New(rand.NewPCG(1, 2))
	accepted := 0
	for range 60_000 {
		var b strings.Builder
		b.WriteString("select 1")
		for range 1 + random.IntN(10) {
			b.WriteString([]string{"", "", ", "}[random.IntN(3)])
			b.WriteString(serverPieces[random.IntN(len(serverPieces))])
		}
		s, err := ParseStatement(b.String())
		if err != nil {
			continue
		}
		c.Raw(func(conn any) error {
			prepared, err := conn.(driver.Conn).Prepare(s.Text)
			if err != nil {
				return nil // nonsense to the server
			}
			accepted++
			if got := prepared.NumInput(); got != len(s.Params) {
				t.Errorf("%q: the server sees %d parameters, the scanner %d", b.String(), got, len(s.Params))
			}
			return prepared.Close()
		})
	}
	if accepted < 1000 {
		t.Errorf("the server accepted %d statements: too few to say anything", accepted)
	}
}

// TestPlainFunctionsAreBuiltIn gives a stored function to every word that the
// server knows and that isPlainFunction lets pass, and calls it.
func TestPlainFunctionsAreBuiltIn(t *testing.T) {
	c, ctx := serverConn(t), context.Background()
	if _, err := c.ExecContext(ctx, "create or replace database stored"); err != nil {
		t.Fatal(err)
	}
	defer c.ExecContext(ctx, "drop database stored")
	if _, err := c.ExecContext(ctx, "use stored"); err != nil {
		t.Fatal(err)
	}
	words := plainWords(t, c)
	if len(words) < 200 {
		t.Fatalf("got %d plain functions that the server knows, want those of the list", len(words))
	}
	const stored = 4711
	for _, word := range words {
		if _, err := c.ExecContext(ctx, fmt.Sprintf("create function `%s` (a int) returns int deterministic return %d", word, stored)); err != nil {
			t.Fatalf("%s: %v", word, err)
		}
		var got string
		if c.QueryRowContext(ctx, "select "+word+"(1)").Scan(&got) == nil && got == fmt.Sprint(stored) {
			t.Errorf("%s(1) calls a stored function", word)
		}
	}
}

// plainWords returns the server's keywords and functions that pass as plain.
func plainWords(t *testing.T, c *sql.Conn) []string {
	t.Helper()
	rows, err := c.QueryContext(context.Background(), "select function from information_schema.sql_functions union select word from information_schema.keywords")
	if err != nil {
		t.Skipf("the server does not list its functions, as MariaDB does from 10.6 on: %v", err)
	}
	defer rows.Close()
	var words []string
	for rows.Next() {
		var word string
		if err := rows.Scan(&word); err != nil {
			t.Fatal(err)
		}
		if isPlainFunction(word) {
			words = append(words, word)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return words
}
