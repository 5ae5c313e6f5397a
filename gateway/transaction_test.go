package gateway

import (
	"net/url"
	"strings"
	"testing"
)

const transactionRoutes = `
cursor_secret = "0123456789abcdef"

[databases.main]
dsn = "embedded"

[[routes]]
match      = "POST /users/{user}"
status     = 201
location   = "/users/{last.insert_id}"
statements = [
  { sql = "select count(*) as n from user where user = :path.user and :query.strict = 'yes'", expect = { rows = 1 } },
  { sql = "insert into user (user, passwd) values (concat(:path.user, :row.n), 'x')", expect = { affected = ">= 1" } },
  { sql = "select id, user from user where id = :last.insert_id", answer = true },
]

[[routes]]
match = "DELETE /users/{id}"
[[routes.statements]]
sql    = "delete from user where id = :path.id"
expect = { affected = 1 }
else   = 404

[[routes]]
match    = "GET /users"
page     = { size = 2, max = 3, total = "select count(*) from user" }
formats  = ["json", "csv"]
suffixes = true
sql      = "select id, user from user order by id limit :page.limit offset :page.offset"

[[routes]]
match  = "GET /{list}/rows"
page   = {}
keyset = ["id"]
sql    = "select id from user where :cursor.id is null or id > :cursor.id order by id limit :page.limit"
`

func TestTransactionRoutes(t *testing.T) {
	ts := startText(t, transactionRoutes)
	made := ts.do("POST /users/d%C3%A9 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	if made.StatusCode != 201 || made.Header.Get("Location") != "/users/5" || made.body != `[{"id":5,"user":"dé0"}]` {
		t.Errorf("got %d, %q, %s", made.StatusCode, made.Header.Get("Location"), made.body)
	}
	for _, want := range []struct {
		status int
		body   string
	}{{200, `{"errcode":0,"affected_rows":1}`}, {404, `"code":"not_found","detail":"There is no such row."`}} {
		got := ts.do("DELETE /users/5 HTTP/1.1\r\nHost: x\r\n\r\n")
		if got.StatusCode != want.status || !strings.Contains(got.body, want.body) {
			t.Errorf("got %d %s, want %d %s", got.StatusCode, got.body, want.status, want.body)
		}
	}
}

func TestPageRoutes(t *testing.T) {
	ts := startText(t, transactionRoutes)
	f := func(target, body, link, total string) {
		t.Helper()
		got := ts.get(target)
		if got.body != body || got.Header.Get("Link") != link || got.Header.Get("X-Total-Count") != total {
			t.Errorf("%s: got %s, %s, %s", target, got.body, got.Header.Get("Link"), got.Header.Get("X-Total-Count"))
		}
	}
	f("/users", `[{"id":1,"user":"alice"},{"id":2,"user":"bob"}]`, `</users?limit=2&offset=2>; rel="next", </users?limit=2&offset=2>; rel="last"`, "4")
	f("/users.csv?offset=3", "id,user\r\n4,日本\r\n", `</users.csv?limit=2&offset=0>; rel="first", </users.csv?limit=2&offset=1>; rel="prev", </users.csv?limit=2&offset=3>; rel="last"`, "4")

	if got := ts.get("/users?limit=4&offset=x"); got.StatusCode != 400 || !strings.Contains(got.body,
		`"errors":[{"parameter":"query.limit","detail":"must be a whole number from 1 to 3"},{"parameter":"query.offset",`) {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
	first := ts.get("/a/rows?limit=3")
	next, rest, _ := strings.Cut(strings.TrimPrefix(first.Header.Get("Link"), "<"), ">")
	if rest != `; rel="next"` || first.body != `[{"id":1},{"id":2},{"id":3}]` {
		t.Fatalf("got %s, %s", first.Header.Get("Link"), first.body)
	}
	// The cursor is the same after a restart.
	again := startText(t, transactionRoutes)
	if got := again.get(next); got.body != `[{"id":4}]` {
		t.Errorf("got %s", got.body)
	}
	forged, err := url.Parse(next)
	if err != nil {
		t.Fatal(err)
	}
	q := forged.Query()
	q.Set("after", "A"+q.Get("after"))
	if got := ts.get("/a/rows?" + q.Encode()); got.StatusCode != 400 || !strings.Contains(got.body, `{"parameter":"query.after","detail":"is not a cursor of this list"}`) {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
}

// TestSecretFaults has a secret that is none; it is not shown.
func TestSecretFaults(t *testing.T) {
	text := strings.Replace(transactionRoutes, "0123456789abcdef", "0123456789abcde", 1)
	_, err := parseTest(text)
	if err == nil || !strings.Contains(err.Error(), "cursor_secret: 15 bytes could be guessed") || strings.Contains(err.Error(), "abcde") {
		t.Errorf("got %v", err)
	}
}
