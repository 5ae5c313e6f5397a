package gateway

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"zerohop/backends"
	"zerohop/gateway/conffile"
	"zerohop/sqlapi"
)

// parseTest reads a configuration as the file zh.toml, with PW in the
// environment.
func parseTest(text string) (*Config, error) {
	return ParseConfig("zh.toml", []byte(text), conffile.Surroundings{
		LookupEnv: func(name string) (string, bool) { return "hunter2!", name == "PW" },
		ReadFile: func(path string) ([]byte, error) {
			switch {
			case path == "/etc/nobody":
				return nil, nil
			case strings.HasPrefix(path, os.TempDir()+"/Test"): // a test's own
				return os.ReadFile(path)
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
	})
}

func TestParseConfig(t *testing.T) {
	got, err := parseTest(`
listen = ["127.0.0.1:0", ":8081", "unix:/run/zh.sock"]
internal = "unix:/run/zh-internal.sock"
admin  = "[::1]:9090"
socket_mode = "0600"
socket_group = "www-data"
[limits]
header_bytes = "8KiB"
idle_timeout = "5s"
[databases.main]
dsn = "gw:${PW}@tcp(127.0.0.1:3306)/nginx"
max = 5
[backends.local]
members = [{ workers = 32, queue = 64 }]
[[routes]]
match = "GET /getuser"
credentials = "basic"
sql = "select count(*) as count from user where user = :auth.user and passwd = :auth.password"
[[routes]]
match = "POST /users/{id}"
credentials = { type = "basic", unescape = true }
database = "main"
backend = "local"
sql = "update user set passwd = :auth.password where id = :path.id"
request_timeout = "1s"
body_bytes = 1024
internal = true
`)
	if err != nil {
		t.Fatal(err)
	}
	var db sqlapi.Config
	db.SetDefaults()
	db.DSN, db.Max = "gw:hunter2!@tcp(127.0.0.1:3306)/nginx", 5
	var limits Limits
	limits.SetDefaults()
	limits.HeaderBytes, limits.IdleTimeout = 8192, 5*time.Second
	want := &Config{
		Listen:   []string{"127.0.0.1:0", ":8081", "unix:/run/zh.sock"},
		Internal: []string{"unix:/run/zh-internal.sock"}, Admin: "[::1]:9090",
		SocketMode: "0600", SocketGroup: "www-data", Limits: limits,
		Databases: map[string]sqlapi.Config{"main": db},
		Backends:  map[string]backends.Config{"local": backends.Pool(32, 64)},
		Routes: []RouteConfig{{
			Match: "GET /getuser", Credentials: CredentialsConfig{Type: "basic"},
			EndpointConfig: sqlapi.EndpointConfig{SQL: "select count(*) as count from user where user = :auth.user and passwd = :auth.password"},
		}, {
			Match: "POST /users/{id}", Credentials: CredentialsConfig{Type: "basic", Unescape: true}, Database: "main", Backend: "local",
			EndpointConfig: sqlapi.EndpointConfig{SQL: "update user set passwd = :auth.password where id = :path.id"},
			RequestTimeout: time.Second, BodyBytes: 1024, Internal: true,
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestDemoConfig(t *testing.T) {
	cfg, err := DemoConfig()
	if err != nil {
		t.Fatal(err)
	}
	if got := cfg.Routes[0].Match; got != "GET /getuser" {
		t.Errorf("the first route is %q, want GET /getuser", got)
	}
	if len(cfg.Databases) != 1 || cfg.Databases["main"].DSN != "embedded" {
		t.Errorf("got the databases %+v, want one, embedded", cfg.Databases)
	}
}

func TestLoadConfig(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "zh.toml")
	text := "listen = '${file:address}'\n" + small
	for name, content := range map[string]string{path: text, filepath.Join(folder, "address"): "127.0.0.1:7000\n"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := LoadConfig(path)
	if err != nil || cfg.Listen[0] != "127.0.0.1:7000" {
		t.Errorf("got %+v, %v", cfg, err)
	}
	if _, err := LoadConfig(filepath.Join(folder, "gone.toml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v for a file that is not there", err)
	}
	if _, err := LoadConfig(folder); err == nil {
		t.Error("a folder was read as a file")
	}
	if _, err := LoadConfig("/dev/zero"); err == nil {
		t.Error("a file without an end was read")
	}
}

// small is a configuration with nothing wrong. Tests put lines in front of it
// and behind it: keys of the top level, or further keys of the route.
const small = `
[databases.main]
dsn = "embedded"
[[routes]]
match = "GET /a/{id}"
sql = "select :path.id"
`

// faultsOf returns the faults of a text, each as "line:column: problem | hint".
func faultsOf(text string) []string {
	_, err := parseTest(text)
	var got []string
	if faults, ok := errors.AsType[conffile.Faults](err); ok {
		for _, f := range faults {
			lines := strings.Split(strings.TrimPrefix(f.String(), "zh.toml:"), "\n")
			if f.Hint != "" {
				lines[0] += " | " + f.Hint
			}
			got = append(got, lines[0])
		}
	}
	return got
}

func TestParseConfigFaults(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		if got := faultsOf(text); !reflect.DeepEqual(got, want) {
			t.Errorf("faults of %s\n got %s\nwant %s", text, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
	f(small)
	f("", `1:1: routes: there is no route, so nothing would be answered | add [[routes]] with match = "GET /path" and sql = "select …"`)
	f("[[routes]]\nmatch = 'GET /'\nsql = 'select 1'",
		`1:1: databases: there is no database for the routes | add [databases.main] with a dsn; "embedded" is one for trials`)
	f("[[routes]]\nmatch = 'GET /'\nsql = 'select 1'\n[database.main]\ndsn = 'embedded'",
		`4:2: unknown key "database" at the top level | did you mean "databases"?`)

	// Addresses.
	hint := " | " + addressHint
	f("listen = []"+small, "1:10: listen: no address"+hint)
	f("listen = '8080'"+small, "1:10: listen: not an address to listen on"+hint)
	f("listen = 'http://x:80'"+small, "1:10: listen: not an address to listen on"+hint)
	f("listen = ['h:99999', 'h:http']"+small, "1:11: listen[0]: the port is not a number from 0 to 65535"+hint,
		"1:22: listen[1]: the port is not a number from 0 to 65535"+hint)
	f("listen = 'unix:zh.sock'"+small, "1:10: listen: the path of a socket begins with a slash"+hint)
	f("listen = 'unix:/run/'"+small, "1:10: listen: not the path of a file"+hint)
	f("listen = 'unix:/" + strings.Repeat("x", 106) + "'" + small)
	f("listen = 'unix:/"+strings.Repeat("x", 107)+"'"+small, "1:10: listen: the path has 108 bytes, and a socket's has 107 at most")
	f("listen = 'unix:/run/a'\nadmin = 'unix:/run//a'"+small, "2:9: admin: the same address twice | the other stands at zh.toml:1")
	f("listen = ['unix:/run/a', 'unix:/run/A']\nsocket_mode = '0666'" + small)
	f("socket_mode = '0888'"+small, `1:15: socket_mode: "0888" is no file mode | write it in octal, as in "0660"`)
	f("socket_mode = '0550'"+small, `1:15: socket_mode: with the mode "0550" nobody could connect | write it in octal, as in "0660"`)
	f("socket_mode = 0o660"+small, `1:15: a text is wanted here, not a whole number | write it in quotes: "0o660"`)
	f("socket_mode = '0o660'" + small)
	inside := " | " + internalHint
	f("internal = ['unix:/run/a', 'localhost:1', '127.0.0.2:1', '[::1]:1']" + small)
	f("internal = '0.0.0.0:1'"+small, "1:12: internal: other machines could reach an internal address there"+inside)
	f("internal = [':1',\n'h.test:1',\n'1']"+small, "1:13: internal[0]: other machines could reach an internal address there"+inside,
		"2:1: internal[1]: other machines could reach an internal address there"+inside, "3:1: internal[2]: not an address to listen on"+inside)
	f("listen = ':1'\ninternal = 'unix:/a'\nadmin = 'unix:/a'"+small, "3:9: admin: the same address twice | the other stands at zh.toml:2")
	f(small+"internal = true", `7:12: routes[0].internal: there is no internal address to reach this route at`+
		` | add internal = "unix:/run/zerohop-internal.sock" at the top of the file`)
	f("internal = 'unix:/a'" + small + "internal = true")
	f("listen = ['Host:1',\n'host:1']"+small, "2:1: listen[1]: the same address twice | the other stands at zh.toml:1")
	f("listen = '[::1]:1'\nadmin = '[::1]:1'"+small, "2:9: admin: the same address twice | the other stands at zh.toml:1")
	f("listen = ['h:0', 'h:0']" + small)

	// Limits.
	f("limits.connections = 0"+small, "1:22: limits.connections: 0 is out of bounds | from 1 to 1048576")
	f("limits = { header_bytes = '1B', request_timeout = '0s' }"+small, `1:27: limits.header_bytes: 1 is out of bounds | from "1KiB" to "1MiB"`,
		`1:51: limits.request_timeout: 0s is out of bounds | from "1ms" to "24h"`)
	f("limits.body_bytes = '4GiB'"+small, `1:21: limits.body_bytes: 4294967296 is out of bounds`+
		` | from 1 to "1GiB"; a route that passes requests on may have up to "1024GiB" by its own body_bytes`)

	// Groups.
	const group = "[backends.web]\nmembers = [{ url = 'http://h:80' }]\n"
	f(group + "queue = 1\nwait = '1s'\nbalance = 'hash'" + small)
	f(group+"queue = 1\nwait = '0s'\nbalance = 'hash'\nhash = ''"+small,
		"4:8: backends.web.wait: no time at all | leave it out for 250ms; without queue nobody waits",
		`6:8: backends.web.hash: no value to go by | leave it out for "client.ip"`)
	f("[backends.web]\nmembers = [{ url = 'http://*:80', max_in_flight = 0 }]"+small,
		"2:20: backends.web.members[0].url: not the name or the address of a host | a member is one server: write each of several as a member")

	// Parts report below their tables, in the order of the file.
	f("[databases.b]\ndsn = 'embedded'\nmax = 0\n[databases.a]\n[backends.'x.y']\nmembers = [{workers = 0}]"+small+"database = 'main'",
		"3:7: databases.b.max: 0 connections | 1 to 10000",
		`4:12: databases.a.dsn: no DSN | say where the database is: dsn = "user:${DB_PASSWORD}@tcp(127.0.0.1:3306)/name"`,
		`6:12: backends."x.y".members[0]: neither url nor workers | { url = "http://host:port" } or { workers = 32 }`)
	f("[databases.main]\ndsn = 'embedded'\nmin = 2\noverflow = 'queue'\nqueue = 9\nwait = '1s'\nlifetime = '1h'\n[[routes]]\nmatch = 'GET /'\nsql = 'select 1'")
	f("[databases.a]\ndsn = 'embedded'\nqueue = 9\n[databases.b]\ndsn = 'embedded'\noverflow = 'reject'\nwait = '250ms'"+small+"database = 'a'",
		`3:9: databases.a.queue: there is no queue | overflow = "queue" makes one`,
		`7:8: databases.b.wait: there is no queue | overflow = "queue" makes one`)
	f("[databases.main]\ndsn = 'embedded'\nmin = 101\noverflow = 'queue'\nqueue = 0\nlifetime = '0s'\n[[routes]]\nmatch = 'GET /'\nsql = 'select 1'",
		"3:7: databases.main.min: 101 connections | 0 to max", "5:9: databases.main.queue: 0 requests | 1 to 1048576",
		"6:12: databases.main.lifetime: 0s is out of range | 1ms to 24h")
	f("[databases.main]\ndns = 'gw:x@tcp(h)/d'\nlanes = 65\noverflow = 'drop'\n[[routes]]\nmatch = 'GET /'\nsql = 'select 1'",
		`2:1: unknown key "dns" in [databases.main] | did you mean "dsn"?`, `3:9: databases.main.lanes: 65 lanes | 0 to 64`,
		`4:12: databases.main.overflow: unknown overflow "drop" | "reject" or "queue"`)
}

func TestParseConfigRouteFaults(t *testing.T) {
	f := func(route string, want ...string) {
		t.Helper()
		text := "[databases.main]\ndsn = 'embedded'\n[databases.other]\ndsn = 'embedded'\n[backends.big]\nmembers = [{workers = 9}]\n[[routes]]\n" + route
		if got := faultsOf(text); !reflect.DeepEqual(got, want) {
			t.Errorf("faults of %s\n got %s\nwant %s", route, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
	const match, sql = "match = 'GET /{id}'\ndatabase = 'main'\n", "sql = 'select :path.id'\n"
	f(match + sql + "backend = 'big'")
	f(match+"sql = ''", `10:7: routes[0].sql: nothing answers this route | add sql = "select …", or backend = "…" for a group with servers to pass requests on to`)
	f(match, `7:3: routes[0].sql: nothing answers this route | add sql = "select …", or backend = "…" for a group with servers to pass requests on to`)
	f(match+"files = './static'\nexpires = 'max'", `10:1: "files" is not in this version`, `11:1: "expires" is not in this version`)
	f("match = 'GET /'\nsql = 'select 1'", `7:3: routes[0].database: there are several databases | name one of main, other`)
	f("match = 'GET /'\nsql = 'select 1'\ndatabase = 'mian'", `10:12: routes[0].database: there is no [databases.mian] | did you mean "main"?`)
	f(match+sql+"backend = 'bgi'", `11:11: routes[0].backend: there is no [backends.bgi] | did you mean "big"?`)
	f(match+sql+"lane = 'sometimes'", `11:8: unknown lane "sometimes" | "auto", true or false`)
	f(match+sql+"lane = 7", "11:8: a text, or true or false, is wanted here, not a whole number")
	f(match+sql+"lane = ['auto']", "11:8: a text, or true or false, is wanted here, not a list")
	f(match + sql + "lane = false")
	f(match+sql+"request_timeout = '0s'\nbody_bytes = 0", "11:19: routes[0].request_timeout: no time at all | leave it out for limits.request_timeout",
		"12:14: routes[0].body_bytes: no byte at all | leave it out for limits.body_bytes")
	f(match+sql+"request_timeout = '25h'\nbody_bytes = '2GiB'", `11:19: routes[0].request_timeout: 25h0m0s is out of bounds | from "1ms" to "24h"`,
		`12:14: routes[0].body_bytes: 2147483648 is out of bounds | from 1 to "1GiB"`)
	f(match+"sql = 'select :path.id, :path.name'", `10:25: routes[0].sql: the route's pattern has no {name} | it has {id}`)
	// A pattern that cannot be read causes no faults but its own.
	f("match = 'GET {id}'\ndatabase = 'main'\n"+sql, `8:9: routes[0].match: no path in "{id}": it begins with a slash`)

	// Credentials.
	const basic = ` | write credentials = "basic", or { type = "basic", unescape = true }`
	f(match+sql+"credentials = 'digest'", "11:15: no known kind of credentials"+basic)
	f(match+"sql = 'select :path.id, :auth.password'\ncredentials = {unescape = true}", "11:1: routes[0].credentials.type: no known kind of credentials"+basic)
	f(match+sql+"credentials = {}", "11:1: routes[0].credentials.type: no known kind of credentials"+basic)
	f(match+sql+"credentials = 'basic'",
		"11:15: routes[0].credentials: the statement never reads :auth.password, so any password would do | compare it in the SQL: … and passwd = :auth.password")
	f(match+"sql = '''\nselect :path.id,\n  :auth.user'''",
		`12:3: routes[0].sql: the route asks for no credentials, so there is no :auth.user | add credentials = "basic" to the route, or auth with the name of a verifier`)

	// Patterns that stand in each other's way.
	f(match+sql+"[[routes]]\nmatch = 'GET /{name}'\ndatabase = 'main'\nsql = 'select :path.name'",
		`12:9: routes[1].match: "GET /{id}" and "GET /{name}" match the same requests | the other stands at zh.toml:8`)
	f("match = 'GET '\ndatabase='main'\nsql = 'select 1'\n[[routes]]\nmatch = 'GET '\ndatabase='main'\nsql = 'select 1'",
		`8:9: routes[0].match: no path in "": it begins with a slash`, `12:9: routes[1].match: no path in "": it begins with a slash`)
}

func TestValidateKeepsAnOrder(t *testing.T) {
	cfg := &Config{Listen: []string{":80"}, SocketMode: "0660", Databases: map[string]sqlapi.Config{}}
	cfg.Limits.SetDefaults()
	for _, name := range []string{"c", "a", "d", "b", "x y"} {
		cfg.Databases[name] = sqlapi.Config{}
	}
	order := func() (fields []string) {
		for _, err := range cfg.Validate() {
			f, ok := err.(interface {
				FieldFault() (field, problem, hint string, offset int)
			})
			if !ok {
				t.Fatalf("%v does not know its field", err)
			}
			field, _, _, _ := f.FieldFault()
			fields = append(fields, field)
		}
		return fields
	}
	want := order()
	if want[0] != "databases.a.dsn" || want[len(want)-1] != "routes" || want[len(want)-2] != `databases."x y".max_bytes` {
		t.Errorf("got the fields %q", want)
	}
	for range 20 {
		if got := order(); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %q, then %q", want, got)
		}
	}
}

func TestSyntaxFaultHidesValidation(t *testing.T) {
	got := faultsOf("[databases.main]\ndsn = embedded\nmax = 'x'\n[[routes]]\nmatch = 'GET /'")
	if len(got) != 2 || !strings.HasPrefix(got[0], "2:7: ") || got[1] != "3:7: not a whole number" {
		t.Errorf("got %q, want the faults of the lines 2 and 3 only", got)
	}
}

// FuzzParseConfig reads any configuration to its end, without letting out what
// is in the environment.
func FuzzParseConfig(f *testing.F) {
	f.Add(small)
	f.Add("listen = ['${PW}', 'x:${PW}']\nadmin = '${PW}'" + small)
	f.Add("[databases.'${PW}']\ndsn = '${PW}@tcp(${PW})/x?tls=${PW}'\noverflow = '${PW}'" + small + "database = '${PW}'\nbackend = '${PW}'")
	f.Add("[[routes]]\nmatch = 'GET /${PW}/{${PW}}'\nsql = 'select :${PW}, :path.${PW} ${PW}'\ncredentials = '${PW}'" + small)
	f.Add("[auth.'${PW}']\ntype = 'basic'\nusers_file = '${PW}'\n[auth.k]\ntype = 'key'\nkeys_file = '${PW}'\n[auth.t]\ntype = 'jwt'\njwks = '/${PW}'" + small)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "hunter2!") {
			t.Skip("the secret stands in the text itself")
		}
		cfg, err := parseTest(text)
		if (cfg == nil) == (err == nil) {
			t.Fatalf("got %v and the error %v", cfg, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2!") {
			t.Errorf("a secret is shown for %q:\n%v", text, err)
		}
	})
}
