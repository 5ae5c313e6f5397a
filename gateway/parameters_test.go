package gateway

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"zerohop/gateway/conffile"
)

const declaredRoutes = `
[databases.main]
dsn = "embedded"

[[routes]]
match = "GET /users"
sql = "select id, user from user where id in (:query.ids) order by id limit :query.size"
params."query.ids" = { type = "list", items = "integer" }
params."query.size" = { type = "integer", default = 20, min = 1, max = 500 }

[[routes]]
match = "POST /users/{id}"
sql = "select :path.id as id, :json.user.name as name, :query.day as day"
params = { "path.id" = { type = "integer", min = 1 }, "json.user.name" = { type = "string", max_length = 3 }, "query.day" = { type = "date" } }
`

func TestDeclaredParameters(t *testing.T) {
	ts := startText(t, declaredRoutes)
	f := func(raw string, status int, want string) {
		t.Helper()
		if got := ts.do(raw); got.StatusCode != status || !strings.Contains(got.body, want) {
			t.Errorf("%s: got %d %s, want %d %s", raw, got.StatusCode, got.body, status, want)
		}
	}
	f(rawGet("/users?ids=2&ids=1"), 200, `[{"id":1,"user":"alice"},{"id":2,"user":"bob"}]`)
	f(rawGet("/users?ids=3,2,1&size=1"), 200, `[{"id":1,"user":"alice"}]`)
	f(rawGet("/users?ids="), 200, `[]`)
	f(rawGet("/users?size=501"), 400, `"errors":[{"parameter":"query.size","detail":"must be at most 500"},{"parameter":"query.ids","detail":"is missing"}]`)
	f(rawPost("/users/7?day=2026-11-22", "application/json", `{"user":{"name":"bob"}}`), 200, `[{"id":7,"name":"bob","day":"2026-11-22"}]`)
	f(rawPost("/users/0?day=today", "application/json", `{"user":{"name":"alice"}}`), 400, `"errors":[`+
		`{"parameter":"path.id","detail":"must be at least 1"},`+
		`{"parameter":"query.day","detail":"must be a date: YYYY-MM-DD"},`+
		`{"parameter":"json.user.name","pointer":"#/user/name","detail":"must have at most 3 characters"}]`)
	f(rawPost("/users/7?day=2026-11-22", "text/plain", "x"), 415, `unsupported_media_type`)
	f("POST /users/7?day=2026-11-22 HTTP/1.1\r\nHost: h.test\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
		415, `unsupported_media_type`)
}

// TestFaultsShowPlainWords has parameters whose names sound like those of
// secrets: no word of their declarations is one.
func TestFaultsShowPlainWords(t *testing.T) {
	f := func(routes string, want ...string) {
		t.Helper()
		got := faultsOf("[databases.main]\ndsn = 'embedded'\n" + routes)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s\n got %s\nwant %s", routes, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
	f("[[routes]]\nmatch = 'POST /a'\nsql = 'select :query.api_key'\nparams = {'query.api_key' = {type = 'integer'}}\n"+
		"[[routes]]\nmatch = 'POST /b'\nsql = 'select :form.passwd'\n[routes.params]\n'form.passwd' = {type = 'int', min_lengt = 3}",
		`11:25: routes[1].params."form.passwd".type: there is no type "int" | write "string", "integer", "number", "boolean", "date", "datetime", "uuid", "json" or "list"`,
		`11:32: unknown key "min_lengt" in routes.params."form.passwd" | did you mean "min_length"?`)
	f("[[routes]]\nmatch = 'GET /a'\nsql = 'select 1'\nshape = 'compact'\nformat = 'ndjson'\nerrcode_key = 'name'",
		`6:9: routes[0].shape: a line of NDJSON is an object, with the names in it | leave it out, or NDJSON`)
	f("[[routes]]\nmatch = 'GET /a'\nsql = 'select 1'\n[routes.params]\n'query.token' = {type = 'integer'}",
		`7:17: routes[0].params."query.token": no statement has :query.token | use it there, or leave the declaration out`)
}

// TestNothingAnswersAnEmptyList: that statements is empty is said where it
// stands, and nothing else.
func TestNothingAnswersAnEmptyList(t *testing.T) {
	got := faultsOf("[databases.main]\ndsn = 'embedded'\n[[routes]]\nmatch = 'POST /a'\nstatements = []")
	if len(got) != 1 || !strings.HasPrefix(got[0], "5:14: routes[0].statements: no statement at all") {
		t.Errorf("got %q", got)
	}
}

func TestParamsFaults(t *testing.T) {
	f := func(params string, want ...string) {
		t.Helper()
		text := "[databases.main]\ndsn = 'embedded'\n[[routes]]\nmatch = 'GET /'\nsql = 'select :query.page'\n" + params
		if got := faultsOf(text); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s\n got %s\nwant %s", params, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
	const at = `routes[0].params."query.page"`
	f(`params = { "query.page" = { type = "integer", default = 1, min = 1, max = 1000, enum = [1, 2] } }`)
	f(`params = { "query.page" = { type = "number", default = 1.50 } }`)
	f(`params = { "query.page" = { type = "date", min = 2026-01-01 } }`)
	f(`params = { "query.page" = { type = "intger" } }`, "6:36: "+at+`.type: there is no type "intger" | did you mean "integer"?`)
	f(`params = { "query.page" = { type = "integer", min = "a", max = 1.5 } }`, "6:53: "+at+".min: must be a whole number", "6:64: "+at+".max: must be a whole number")
	f(`params = { "query.page" = { type = "integer", default = [1, 2] } }`, "6:57: "+at+".default: one value is wanted")
	f(`params = { "query.page" = { typ = "integer" } }`, `6:29: unknown key "typ" in routes.params."query.page" | did you mean "type"?`)
	f(`params = { "query.page" = { min = 1 } }`, "6:12: "+at+`.type: no type | add type = "string", "integer", "number", "boolean", "date", "datetime", "uuid", "json" or "list"`)
	f(`params = { "query.pgae" = { type = "integer" } }`, `6:27: routes[0].params."query.pgae": no statement has :query.pgae | did you mean query.page?`)
	f(`params = { query.page = { type = "integer" } }`,
		`6:12: routes[0].params."query": :query does not say where the value comes from | the name stands in quotes, as it has a dot in it: "query.name"`,
		`6:18: unknown key "page" in routes.params.query | known here: type, items, required, default, enum, min, max, min_length, max_length, pattern, trim, max_items`)
	f(`params = "query.page"`, `6:10: a table is wanted here, not a text | write it in { }`)
}

// parseWith is parseTest with files.
func parseWith(text string, files map[string]string) error {
	_, err := ParseConfig("conf/zh.toml", []byte(text), conffile.Surroundings{
		LookupEnv: func(string) (string, bool) { return "", false },
		ReadFile: func(path string) ([]byte, error) {
			if content, ok := files[path]; ok {
				return []byte(content), nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
	})
	return err
}

func TestSQLFile(t *testing.T) {
	const route = "[databases.main]\ndsn = 'embedded'\n[[routes]]\nmatch = 'GET /users/{id}'\nsql_file = 'q/user.sql'\n"
	f := func(text, file string, want ...string) {
		t.Helper()
		err := parseWith(text, map[string]string{"conf/q/user.sql": file, "conf/q/empty.sql": "\n"})
		var got []string
		if faults, ok := errors.AsType[conffile.Faults](err); ok {
			for _, fault := range faults {
				got = append(got, fault.String())
			}
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%q:\n got %s\nwant %s", file, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	f(route, "-- who?\nselect user\nfrom user\nwhere id = :path.id;\n")
	f(route, "select user\n  from user where id = :path.ip and x = 'open\n", `conf/q/user.sql:2:24: routes[0].sql: the route's pattern has no {ip}
    2 |   from user where id = :path.ip and x = 'open
      |                        ^^^^^^^^
      hint: it has {id}`, `conf/q/user.sql:2:41: routes[0].sql: the string is not closed
    2 |   from user where id = :path.ip and x = 'open
      |                                         ^^^^^
      hint: end it with '`)
	f(route, "-- nothing\n", `conf/q/user.sql:1:1: routes[0].sql: there is no statement
    1 | -- nothing
      | ^^
      hint: write one, such as select 1`)
	f(route, "select '\xff'", "conf/q/user.sql:1:9: routes[0].sql: the statement is not valid UTF-8 here\n    1 | select '\ufffd'\n      |         ^\n      hint: write other bytes as x'…'")
	f(strings.Replace(route, "user.sql", "gone.sql", 1), "", `conf/zh.toml:5:12: cannot read the file: open conf/q/gone.sql: file does not exist
    5 | sql_file = 'q/gone.sql'
      |            ^^^^^^^^^^^^`)
	f(strings.Replace(route, "user.sql", "empty.sql", 1), "", `conf/zh.toml:5:12: the file conf/q/empty.sql is empty
    5 | sql_file = 'q/empty.sql'
      |            ^^^^^^^^^^^^^`)
	f(route+"sql = 'select 1'\n", "select 1", `conf/zh.toml:5:1: there are both "sql" and "sql_file"
    5 | sql_file = 'q/user.sql'
      | ^^^^^^^^
      hint: leave out one of them; the other stands at conf/zh.toml:6`)
	long := fmt.Sprintf("select 1 -- %s", strings.Repeat("x", 1<<16))
	if err := parseWith(route, map[string]string{"conf/q/user.sql": long}); err == nil || !strings.HasPrefix(err.Error(), "conf/q/user.sql:1:65537: routes[0].sql: the statement has 65548 bytes, more than 65536") {
		t.Errorf("a long one: got %.300v", err)
	}
	// A statement of a transaction may stand in a file as well.
	const transaction = "[databases.main]\ndsn = 'embedded'\n[[routes]]\nmatch = 'POST /users/{id}'\nstatements = [{ sql = 'select 1' }, { sql_file = 'q/user.sql' }]\n"
	f(transaction, "delete from user where id = :path.id")
	f(transaction, "delete\nfrom user where id = :id", `conf/q/user.sql:2:22: routes[0].statements[1].sql: :id does not say where the value comes from
    2 | from user where id = :id
      |                      ^^^
      hint: write :query.id or another source; the sources are path, query, form, json, header, cookie, auth, client, session and claims`)
}
