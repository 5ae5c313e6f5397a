package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"zerohop/assets"
)

// echoRoutes have a route for every source of a value: it answers with the
// value's bytes, with the value itself, and with how many users there are. Others are asked what an
// attacker would ask.
const echoRoutes = `
[limits]
header_bytes = "1MiB"

[databases.main]
dsn = %q
timeout = "10s"

[[routes]]
match = "GET /path/{v}"
sql = "select hex(:path.v) as h, :path.v as v, (select count(*) from user) as users"

[[routes]]
match = "GET /query"
sql = "select hex(:query.v) as h, :query.v as v, (select count(*) from user) as users"

[[routes]]
match = "POST /form"
sql = "select hex(:form.v) as h, :form.v as v, (select count(*) from user) as users"

[[routes]]
match = "POST /json"
sql = "select hex(:json.v) as h, :json.v as v, (select count(*) from user) as users"

[[routes]]
match = "GET /header"
sql = "select hex(:header.x_v) as h, :header.x_v as v, (select count(*) from user) as users"

[[routes]]
match = "GET /cookie"
sql = "select hex(:cookie.v) as h, :cookie.v as v, (select count(*) from user) as users"

[[routes]]
match = "GET /client"
sql = "select hex(:client.ip) as h, :client.ip as v, (select count(*) from user) as users"

[[routes]]
match = "GET /auth"
credentials = "basic"
sql = "select hex(concat(:auth.user, ':', :auth.password)) as h, concat(:auth.user, ':', :auth.password) as v, (select count(*) from user) as users"

[[routes]]
match = "GET /login"
credentials = "basic"
sql = "select count(*) as h from user where user collate utf8mb4_bin = :auth.user and passwd = :auth.password"

[[routes]]
match = "POST /login"
sql = "select count(*) as h from user where user = 'alice' and passwd = :json.v"

[[routes]]
match = "GET /executed"
sql = "select variable_value as h  from information_schema.global_status where variable_name = 'Com_stmt_execute'"

[[routes]]
match = "GET /limit"
sql = "select count(*) as h from (select id from user order by id limit :query.v) as t"

[[routes]]
match = "GET /list"
sql = "select count(*) as h from user where user collate utf8mb4_bin in (:query.v)"
params = { "query.v" = { type = "list", items = "string", max_items = 4 } }

[[routes]]
match = "GET /typed"
sql = "select hex(concat_ws(',', :query.i, :query.n, :query.b, :query.d, :query.t, :query.u)) as h"
[routes.params]
"query.i" = { type = "integer", required = false }
"query.n" = { type = "number", required = false }
"query.b" = { type = "boolean", required = false }
"query.d" = { type = "date", required = false }
"query.t" = { type = "datetime", required = false }
"query.u" = { type = "uuid", required = false }
`

// carrier is a way in which a value reaches a statement.
type carrier struct {
	name string
	// request returns the request that has a value, and ok = false where no
	// request can have it.
	request func(v string) (raw string, ok bool)
	// want returns the value that the statement is to see; nil is the value
	// as it is.
	want func(v string) string
}

func percentEncoded(v string) string {
	var b strings.Builder
	for i := range len(v) {
		fmt.Fprintf(&b, "%%%02X", v[i])
	}
	return b.String()
}

func rawGet(target string, headers ...string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: h.test\r\n" + strings.Join(append(headers, "", ""), "\r\n")
}

func rawPost(target, contentType, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: h.test\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", target, contentType, len(body), body)
}

func authorize(user, password string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// quotedJSON returns v as a JSON string, with bytes that are no UTF-8 as they are.
func quotedJSON(v string) string {
	var b strings.Builder
	for i := range len(v) {
		if c := v[i]; c < ' ' || c == '"' || c == '\\' {
			fmt.Fprintf(&b, `\u%04x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return `"` + b.String() + `"`
}

func multipartBody(v string) string {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := errorsOf(w.SetBoundary("boundary"), w.WriteField("v", v), w.WriteField("v", "second"), w.Close()); err != nil {
		panic(err)
	}
	return b.String()
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// headerSafe reports whether a header can have the value: no line end in it.
func headerSafe(v string) bool { return !strings.ContainsAny(v, "\r\n\x00") }

var carriers = []carrier{
	{"path", func(v string) (string, bool) {
		return rawGet("/path/" + percentEncoded(v)), v != "" && v != "." && v != ".."
	}, nil},
	{"query", func(v string) (string, bool) { return rawGet("/query?v=" + percentEncoded(v) + "&v=second"), true }, nil},
	{"form", func(v string) (string, bool) {
		return rawPost("/form", "application/x-www-form-urlencoded", "a=b&v="+percentEncoded(v)+"&v=second"), true
	}, nil},
	{"multipart", func(v string) (string, bool) {
		return rawPost("/form", "multipart/form-data; boundary=boundary", multipartBody(v)), true
	}, nil},
	{"json", func(v string) (string, bool) {
		return rawPost("/json", "application/json", `{"v":`+quotedJSON(v)+`,"v":"second"}`), true
	}, nil},
	{"header", func(v string) (string, bool) { return rawGet("/header", "X-V: "+v, "X-V: second"), headerSafe(v) },
		func(v string) string { return strings.Trim(v, " \t") }},
	{"cookie", func(v string) (string, bool) {
		return rawGet("/cookie", "Cookie: a=b; v="+v+"; v=second"), headerSafe(v) && !strings.ContainsAny(v, `;"\`) // RFC 6265: no value of a cookie has these
	}, func(v string) string { return strings.Trim(v, " \t") }},
	{"auth", func(v string) (string, bool) { return rawGet("/auth", authorize("u", v)), true }, func(v string) string { return "u:" + v }},
	{"client", func(v string) (string, bool) {
		return rawGet("/client", "X-Forwarded-For: "+v, "X-Real-IP: "+v, "Forwarded: for="+v), headerSafe(v)
	}, func(string) string { return "127.0.0.1" }},
}

// attacker asks on one kept-alive connection after the other.
type attacker struct {
	ts   *testServer
	conn *client
}

func (a *attacker) ask(raw string) answer {
	a.ts.t.Helper()
	if a.conn == nil {
		a.conn = a.ts.dial()
	}
	_ = a.conn.SetDeadline(time.Now().Add(20 * time.Second))
	a.conn.send(raw)
	got := a.conn.receive("")
	if got.Close {
		a.conn.Close()
		a.conn = nil
	}
	return got
}

// valueOf returns the bytes that the one row of an answer has, and how many
// users it counts. Where the row has the value itself, that has the same bytes.
func valueOf(got answer) (value string, users int, err error) {
	var rows []struct {
		H     string
		V     *string
		Users int
	}
	if err := json.Unmarshal([]byte(got.body), &rows); err != nil || len(rows) != 1 {
		return "", 0, fmt.Errorf("got %d %s", got.StatusCode, got.body)
	}
	text, err := hex.DecodeString(rows[0].H)
	if v := rows[0].V; err == nil && v != nil && *v != string(text) {
		return "", 0, fmt.Errorf("got %q as text, and the bytes %q", *v, text)
	}
	return string(text), rows[0].Users, err
}

// attack sends one payload through a carrier. The value comes back as it is, or
// the request is refused, as one that is no text always is.
func (a *attacker) attack(c carrier, v string, users int) (sent, refused bool, err error) {
	raw, ok := c.request(v)
	if !ok {
		return false, false, nil
	}
	got := a.ask(raw)
	if got.StatusCode == 400 || c.name == "auth" && got.StatusCode == 401 {
		return true, true, nil
	}
	want := v
	if c.want != nil {
		want = c.want(v)
	}
	if !utf8.ValidString(want) {
		return true, false, fmt.Errorf("got %d for bytes that are no text", got.StatusCode)
	}
	value, count, err := valueOf(got)
	if err == nil && (value != want || count != users) {
		err = fmt.Errorf("got %q and %d users", value, count)
	}
	return true, false, err
}

// refusable reports whether a payload may be refused: no client could have
// meant it as a text, or the HTTP of its source does not carry it.
func refusable(c carrier, v string) bool {
	if !utf8.ValidString(v) {
		return c.name != "client" // whose address is none of what was sent
	}
	switch c.name {
	case "path", "auth":
		return strings.ContainsRune(v, 0)
	case "header", "cookie", "client":
		return strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
	}
	return false
}

// TestInjection sends what attackers send through every source of a value, on
// MariaDB with prepared statements and with statements as text, and a part of
// it on the embedded engine.
func TestInjection(t *testing.T) {
	total := 0
	for _, f := range families {
		payloads := f.make()
		slices.Sort(payloads)
		if distinct := len(slices.Compact(payloads)); distinct != len(payloads) {
			t.Errorf("%s: %d payloads, and only %d are different", f.name, len(payloads), distinct)
		}
		t.Logf("%4d %s", len(payloads), f.name)
		total += len(payloads)
	}
	t.Logf("%4d payloads of %d families, and %d JSON values of other types", total, len(families), len(jsonConfusion()))
	if total < 1000 || len(families) < 25 {
		t.Errorf("got %d payloads of %d families, want at least 1000 of 25", total, len(families))
	}
	t.Run("embedded", func(t *testing.T) { (&battle{dsn: "embedded", stride: 11}).fight(t) })
	server := startMariaDB(t)
	if err := server.Run(assets.DemoSQL); err != nil {
		t.Fatal(err)
	}
	t.Run("prepared", func(t *testing.T) { (&battle{dsn: server.DSN(), stride: 1, prepared: true}).fight(t) })
	if err := server.Run("set global max_prepared_stmt_count = 0"); err != nil {
		t.Fatal(err)
	}
	t.Run("text", func(t *testing.T) { (&battle{dsn: server.DSN(), stride: 1}).fight(t) })
}

// battle is a database under attack.
type battle struct {
	dsn string
	// stride: 1 uses every payload, 2 every second one.
	stride int
	// prepared: statements are, which they are not to be without it.
	prepared bool
}

func (b *battle) fight(t *testing.T) {
	a := &attacker{ts: startText(t, fmt.Sprintf(echoRoutes, b.dsn))}
	_, users, err := valueOf(a.ask(rawGet("/query?v=x")))
	if err != nil || users == 0 {
		t.Fatalf("got %d users, %v", users, err)
	}
	mariaDB := b.dsn != "embedded"
	before := 0
	if mariaDB {
		before = a.executed()
	}
	sent, refused := map[string]int{}, map[string]int{}
	n := 0
	for _, f := range families {
		for _, v := range f.make() {
			if n++; n%b.stride != 0 || !mariaDB && !utf8.ValidString(v) {
				continue // the engine takes no other bytes
			}
			for _, c := range carriers {
				was, no, err := a.attack(c, v, users)
				if err != nil || no && !refusable(c, v) {
					t.Errorf("%s, %.99q by %s: refused %v, %.200v", f.name, v, c.name, no, err)
				}
				if was {
					sent[c.name]++
				}
				if no {
					refused[c.name]++
				}
			}
			a.login(f.name, v)
			if mariaDB { // the engine refuses what is no number of rows
				a.limit(f.name, v)
			}
			if b.prepared { // what is declared is checked before there is a statement
				a.typed(f.name, v)
			}
		}
	}
	for _, raw := range jsonConfusion() {
		a.confuse(raw)
	}
	for _, c := range carriers {
		t.Logf("%-9s %d sent, %d of them refused", c.name, sent[c.name], refused[c.name])
	}
	if mariaDB {
		if ran := a.executed() - before; (ran > 1000) != b.prepared {
			t.Errorf("%d prepared statements have run", ran)
		}
	}
}

// executed returns how many prepared statements the server has run.
func (a *attacker) executed() int {
	a.ts.t.Helper()
	var rows []struct{ H string }
	got := a.ask(rawGet("/executed"))
	if err := json.Unmarshal([]byte(got.body), &rows); err != nil || len(rows) != 1 {
		a.ts.t.Fatalf("got %d %s", got.StatusCode, got.body)
	}
	n, err := strconv.Atoi(rows[0].H)
	if err != nil {
		a.ts.t.Fatal(err)
	}
	return n
}

// login tries a payload as user, as password and as what a list has: none of
// them finds a user.
func (a *attacker) login(family, v string) {
	t := a.ts.t
	t.Helper()
	for name, raw := range map[string]string{
		"user":     rawGet("/login", authorize(strings.ReplaceAll(v, ":", ";"), "secret")),
		"password": rawGet("/login", authorize("alice", v)),
		"json":     rawPost("/login", "application/json", `{"v":`+quotedJSON(v)+`}`),
		"list":     rawGet("/list?v=" + percentEncoded(v) + "&v=" + percentEncoded("'"+v)),
	} {
		got := a.ask(raw)
		refused := got.StatusCode == 400 || got.StatusCode == 401
		if !refused && got.body != `[{"h":0}]` {
			t.Errorf("%s, %.99q as %s: got %d %s", family, v, name, got.StatusCode, got.body)
		}
	}
}

// limit tries a payload as a number of rows, which is what it begins with.
func (a *attacker) limit(family, v string) {
	t := a.ts.t
	t.Helper()
	got := a.ask(rawGet("/limit?v=" + percentEncoded(v)))
	if got.StatusCode == 400 && !utf8.ValidString(v) {
		return
	}
	if got.StatusCode != 200 || len(got.body) != len(`[{"h":0}]`) {
		t.Errorf("%s, %.99q as limit: got %d %s", family, v, got.StatusCode, got.body)
	}
}

// typed tries a payload where another type than a text is declared: it is
// refused, or it is a value of the type, which comes back.
func (a *attacker) typed(family, v string) {
	a.ts.t.Helper()
	for _, name := range []string{"i", "n", "b", "d", "t", "u"} {
		got := a.ask(rawGet("/typed?" + name + "=" + percentEncoded(v)))
		if got.StatusCode == 400 {
			continue
		}
		value, _, err := valueOf(got)
		if err != nil || value != v && !sameValue(name, value, v) {
			a.ts.t.Errorf("%s, %.99q as %s: got %q, %v", family, v, name, value, err)
		}
	}
}

// sameValue reports whether a value that is written in another way than v may
// be what v means. For an empty one it is NULL.
func sameValue(name, value, v string) bool {
	switch {
	case v == "":
		return value == ""
	case name == "b":
		return value == "1" && v == "true" || value == "0" && v == "false"
	case name == "i":
		return value == "0" && v == "-0"
	case name == "n": // 1e0 is 1, and -0.0 is 0.0
		return strings.ContainsAny(v, "eE") || strings.HasPrefix(v, "-0")
	}
	return false
}

// confuse sends a JSON value that is no string where a text is bound: a number
// is its digits, anything else is refused, and neither is a password.
func (a *attacker) confuse(raw string) {
	t := a.ts.t
	t.Helper()
	body := `{"v":` + raw + `}`
	echoed, login := a.ask(rawPost("/json", "application/json", body)), a.ask(rawPost("/login", "application/json", body))
	if raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9' {
		if value, _, err := valueOf(echoed); err != nil || value != raw || login.body != `[{"h":0}]` {
			t.Errorf("%s: got %s, and logged in %s", raw, echoed.body, login.body)
		}
		return
	}
	if echoed.StatusCode != 400 || login.StatusCode != 400 {
		t.Errorf("%s: got %d and %d, want 400", raw, echoed.StatusCode, login.StatusCode)
	}
}
