package gateway

import (
	"strings"
	"testing"
)

// ask sends a GET with further header lines, each ended.
func (ts *testServer) ask(target, header string) answer {
	ts.t.Helper()
	return ts.do("GET " + target + " HTTP/1.1\r\nHost: h.test\r\n" + header + "\r\n")
}

const formatRoutes = `
[databases.main]
dsn = "DSN"
timeout = "10s"
[[routes]]
match = "GET /users"
formats = ["json", "csv", "ndjson"]
suffixes = true
sql = "select id, user from user where id < 3 order by id"
[[routes]]
match = "GET /users/{name}"
formats = ["csv", "json"]
suffixes = true
sql = "select :path.name as name"
csv = { separator = ";", terminator = "\n", header = false }
[[routes]]
match = "GET /nobody"
formats = ["json", "csv"]
suffixes = true
shape = "object"
sql = "select id from user where false"
[[routes]]
match = "GET /users/export.csv"
sql = "select 'export' as name"
[[routes]]
match = "GET /{name}"
sql = "select :path.name as any"
[[routes]]
match = "GET /report"
format = "csv"
sql = "select 1 as n"
`

func TestFormats(t *testing.T) {
	onEngines(t, func(t *testing.T, dsn string) {
		ts := startText(t, strings.Replace(formatRoutes, "DSN", dsn, 1))
		f := func(target, accept string, status int, contentType, vary, body string) {
			t.Helper()
			header := ""
			if accept != "" {
				header = "Accept: " + accept + "\r\n"
			}
			got := ts.ask(target, header)
			if got.StatusCode != status || got.Header.Get("Content-Type") != contentType || got.Header.Get("Vary") != vary || status == 200 && got.body != body {
				t.Errorf("%s %s: got %d %q, Vary %q, %q\nwant %d %q, Vary %q, %q", target, accept,
					got.StatusCode, got.Header.Get("Content-Type"), got.Header.Get("Vary"), got.body, status, contentType, vary, body)
			}
		}
		const jsonType, csvType, ndjsonType = "application/json", "text/csv; header=presence", "application/x-ndjson"
		rows := `[{"id":1,"user":"alice"},{"id":2,"user":"bob"}]`
		f("/users", "", 200, jsonType, "Accept", rows)
		f("/users", "*/*", 200, jsonType, "Accept", rows)
		f("/users", "text/html,application/xhtml+xml,*/*;q=0.8", 200, jsonType, "Accept", rows)
		f("/users", "application/json;q=0.5, text/csv", 200, csvType, "Accept", "id,user\r\n1,alice\r\n2,bob\r\n")
		f("/users", "application/x-ndjson", 200, ndjsonType, "Accept", `{"id":1,"user":"alice"}`+"\n"+`{"id":2,"user":"bob"}`+"\n")
		f("/users", "image/png", 406, "application/problem+json", "Accept", "")
		f("/users", "text/csv\r\nAccept: application/json;q=0.1", 200, csvType, "Accept", "id,user\r\n1,alice\r\n2,bob\r\n")

		// A suffix is an answer to the question, too.
		f("/users.csv", "application/json", 200, csvType, "", "id,user\r\n1,alice\r\n2,bob\r\n")
		f("/users.json", "text/csv", 200, jsonType, "", rows)
		f("/users%2Endjson?x=1", "", 200, ndjsonType, "", `{"id":1,"user":"alice"}`+"\n"+`{"id":2,"user":"bob"}`+"\n")
		f("/users.xml", "", 200, jsonType, "", `[{"any":"users.xml"}]`)
		const bareType = "text/csv; header=absence"
		f("/users/bob", "", 200, jsonType, "Accept", `[{"name":"bob"}]`)
		f("/users/bob.csv", "", 200, bareType, "", "bob\n")
		f("/users/bob.csv.json", "", 200, jsonType, "", `[{"name":"bob.csv"}]`)
		f("/users/bob.ndjson", "", 200, jsonType, "Accept", `[{"name":"bob.ndjson"}]`)
		f("/users/.csv", "", 200, jsonType, "Accept", `[{"name":".csv"}]`)
		f("/users/a%2Fb%20c.csv", "", 200, bareType, "", "a/b c\n")
		f("/users/export.csv", "text/csv", 200, jsonType, "", `[{"name":"export"}]`)
		f("/users.csv/", "", 404, "application/problem+json", "", "")
		f("/nobody", "", 404, "application/problem+json", "Accept", "")
		f("/nobody.csv", "", 404, "application/problem+json", "", "")

		// A route that says nothing, or one thing, does not ask.
		f("/other", "text/csv", 200, jsonType, "", `[{"any":"other"}]`)
		f("/report", "application/json", 200, csvType, "", "n\r\n1\r\n")

		got := ts.do("HEAD /users.csv HTTP/1.1\r\nHost: h.test\r\n\r\n")
		if got.StatusCode != 200 || got.ContentLength != int64(len("id,user\r\n1,alice\r\n2,bob\r\n")) || got.body != "" || got.Header.Get("Content-Type") != csvType {
			t.Errorf("HEAD: got %d, %d bytes, %q, %v", got.StatusCode, got.ContentLength, got.body, got.Header)
		}
		if got := ts.do("PUT /users.csv HTTP/1.1\r\nHost: h.test\r\nContent-Length: 0\r\n\r\n"); got.StatusCode != 405 || got.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("PUT: got %d, Allow: %s", got.StatusCode, got.Header.Get("Allow"))
		}
		// All of a route's paths count as one.
		for _, rt := range ts.table.Load().routes {
			if requests := rt.tally.classes()[2]; rt.pattern.text == "GET /users" && requests != 10 {
				t.Errorf("got %d answers of GET /users, want those of its suffixes too, 10", requests)
			}
		}
		if got := len(ts.table.Load().routes); got != 6 {
			t.Errorf("got %d routes, want 6", got)
		}
	})
}

func TestFormatsInTheFile(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		got := faultsOf("[databases.main]\ndsn = 'embedded'\n" + text)
		if len(got) != len(want) {
			t.Fatalf("%s: got %q, want %q", text, got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s:\n got %s\nwant %s", text, got[i], want[i])
			}
		}
	}
	users := "[[routes]]\nmatch = 'GET /users'\nsql = 'select 1'\n"
	suffixed := "formats = ['json', 'csv']\nsuffixes = true\n"
	f(users + suffixed)
	f(users+suffixed+"[[routes]]\nmatch = 'GET /users.csv'\nsql = 'select 2'",
		`9:9: routes[1].match: "GET /users" with the suffix .csv and "GET /users.csv" match the same requests | the other stands at zh.toml:4`)
	f("[[routes]]\nmatch = 'GET /users.csv'\nsql = 'select 2'\n"+users+suffixed,
		`7:9: routes[1].match: "GET /users.csv" and "GET /users" with the suffix .csv match the same requests | the other stands at zh.toml:4`)
	f(users + suffixed + "[[routes]]\nmatch = 'GET /users.json/x'\nsql = 'select 2'\n[[routes]]\nmatch = 'GET /{any}'\nsql = 'select 2'")
	f("[[routes]]\nmatch = 'GET /a/{x}'\nsql = 'select 1'\n" + suffixed + "[[routes]]\nmatch = 'GET /{y}/{z}'\nsql = 'select 2'\n" + suffixed)
	f("[[routes]]\nmatch = 'GET /files/{rest...}'\nsql = 'select 1'\n"+suffixed,
		"7:12: routes[0].suffixes: the path has no place for a suffix | it has one behind a name, or a {wildcard} of one segment")
	f("[[routes]]\nmatch = 'GET /'\nsql = 'select 1'\n"+suffixed,
		"7:12: routes[0].suffixes: the path has no place for a suffix | it has one behind a name, or a {wildcard} of one segment")
	f("[[routes]]\nmatch = 'GET //'\nsql = 'select 1'\n"+suffixed, `4:9: routes[0].match: segment "" is merged away in requests, so this never matches`)
	f(users+"csv = { separator = '|', head = true }\nformats = ['csv',\n'tsv']",
		`6:21: routes[0].csv.separator: "|" is no separator | write ",", ";" or "\t"`,
		`6:26: unknown key "head" in routes.csv | did you mean "header"?`,
		`8:1: routes[0].formats[1]: "tsv" is no format | there are "json", "ndjson" and "csv"`)
}
