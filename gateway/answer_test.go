package gateway

import (
	"strings"
	"testing"
)

// TestAnswers asks a whole server for answers in several shapes.
func TestAnswers(t *testing.T) {
	cfg, err := parseTest(`
listen = "127.0.0.1:0"
[databases.main]
dsn = "embedded"
bigint = "string"
[[routes]]
match = "GET /users/{id}"
sql = "select id, user from user where id = :path.id"
shape = "object"
[[routes]]
match = "GET /wrapped"
sql = "select id from user where id = 2"
root = "rows"
success = "suc"
user_properties = [["page", "{query.page}"], ["brace", "{{"]]
[[routes]]
match = "GET /some"
sql = "select user from user order by id"
max_rows = 1
on_limit = "truncate"
[[routes]]
match = "GET /few"
sql = "select user from user order by id"
max_rows = 1
[[routes]]
match = "GET /count"
sql = "select count(*) from user where id = 2"
shape = "value"
bigint = "number"
[[routes]]
match = "GET /text"
sql = "select count(*) from user where id = 2"
shape = "value"
`)
	if err != nil {
		t.Fatal(err)
	}
	ts := startConfig(t, cfg)
	f := func(path string, wantStatus int, want, wantMark string) {
		t.Helper()
		got := ts.get(path)
		if got.StatusCode != wantStatus || !strings.Contains(got.body, want) || got.Header.Get("X-Truncated") != wantMark {
			t.Errorf("%s: got %d %s, %q, want %d %s, %q", path, got.StatusCode, got.body, got.Header.Get("X-Truncated"), wantStatus, want, wantMark)
		}
	}
	f("/users/2", 200, `{"id":2,"user":"bob"}`, "")
	f("/users/99", 404, `"code":"not_found","detail":"There is no such row."`, "")
	f("/wrapped?page=%221", 200, `{"suc":true,"page":"\"1","brace":"{","rows":[{"id":2}]}`, "")
	f("/wrapped?page=%ff", 400, `"parameter":"query.page"`, "")
	f("/some", 200, `[{"user":"alice"}]`, "max_rows")
	f("/few", 500, `"code":"result_too_long"`, "")
	f("/count", 200, `1`, "")
	f("/text", 200, `"1"`, "")
}

// TestFaultsOfAnswers has each fault where it stands.
func TestFaultsOfAnswers(t *testing.T) {
	const database = "[databases.main]\ndsn = \"embedded\"\n"
	f := func(settings, want string) {
		t.Helper()
		text := settings + "\n"
		if !strings.Contains(settings, "[databases") {
			text = database + "[[routes]]\nmatch = \"GET /x\"\nsql = \"select 1\"\n" + text
		}
		_, err := parseTest(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", settings, err, want)
		}
	}
	f(`shape = "objekt"`, `zh.toml:6:9: routes[0].shape: "objekt" is unknown here`)
	f(`user_properties = [["a", "b"], ["c", "d {qery.x}"]]`, `zh.toml:6:41: routes[0].user_properties[1][1]: there is no source qery`)
	f(`user_properties = [["a", "b"], ["c"]]`, "zh.toml:6:33: routes[0].user_properties[1]: a property is a name and a text")
	f(`retry = "never"`, `zh.toml:6:9: routes[0].retry: "never" is no reason`)
	f(`errcode_key = "insert_id"`, "zh.toml:6:15: routes[0].errcode_key: there would be two properties with this name")
	for _, key := range []string{"root", "success", "errcode_key", "errstr_key"} {
		f(key+` = ""`, ": routes[0]."+key+": a property without a name")
	}
	f("user_properties = []", "zh.toml:6:19: routes[0].user_properties: no property at all")
	f("results = []", "zh.toml:6:11: routes[0].results: no result at all")
	f("statements = []", "zh.toml:6:14: routes[0].statements: no statement at all")
	f(`user_properties = ["a"]`, "zh.toml:6:20: a list is wanted here")
	f(`time_zone = "UTC"`, "zh.toml:6:13: routes[0].time_zone: times are not converted")
	f(`datetime = "rfc3339"`, "zh.toml:6:12: routes[0].datetime: the route's database has no time_zone")
	f(`max_rows = -5`, "routes[0].max_rows: -5 rows are out of range")
	f("[databases.main]\ndsn = \"embedded\"\ndatetime = \"rfc3339\"\n[[routes]]\nmatch = \"GET /x\"\nsql = \"select 1\"", "zh.toml:3:12: databases.main.datetime: nobody knows which instants")
	f("[databases.main]\ndsn = \"embedded\"\ntime_zone = \"Moon\"\n[[routes]]\nmatch = \"GET /x\"\nsql = \"select 1\"", "zh.toml:3:13: databases.main.time_zone: there is no time zone")
}
