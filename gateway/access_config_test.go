package gateway

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"zerohop/gateway/conffile"
)

// withAuth is a file with verifiers, and one more route or table.
func withAuth(more string) string {
	return `
[databases.main]
dsn = "embedded"
[auth.staff]
type = "basic"
sql_hash = "select passwd, role from user where user = :auth.user"
[auth.file]
type = "basic"
users_file = "/etc/nobody"
[auth.web]
type = "session"
[auth.token]
type = "jwt"
algorithms = ["HS256"]
secret = "0123456789abcdef0123456789abcdef"
` + more
}

func TestAccessFaults(t *testing.T) {
	f := func(more string, want ...string) {
		t.Helper()
		var got []string
		if _, err := parseTest(withAuth(more)); err != nil {
			faults, ok := errors.AsType[conffile.Faults](err)
			if !ok {
				t.Fatalf("%s: got %v", more, err)
			}
			for _, fault := range faults {
				got = append(got, fault.Problem)
			}
		}
		matches := len(got) == len(want) && !slices.ContainsFunc(want, func(w string) bool {
			return !slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g, w) })
		})
		if !matches {
			t.Errorf("%s: got\n%s\nwant\n%s", more, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	route := func(match, keys string) string { return "[[routes]]\nmatch = '" + match + "'\n" + keys + "\n" }
	respond := func(text string) string { return "respond = { body = '" + text + "' }\n" }

	f(route("GET /a", "auth = 'web'\nroles = 'admin'\n"+respond("{auth.user} {auth.role} {auth.email} {session.x}")))
	f(route("GET /a", "auth = ['web', 'token']\n"+respond("{claims.a.b} {session.x}")))
	f(route("GET /a", "auth = 'staff'\nsql = 'select :auth.user, :auth.role, :auth.email'"))
	f(route("POST /a", "login = { auth = 'staff', page = true }\nsession = { set = { a = '{auth.user} {form.x}' } }"))
	f(route("POST /a", "logout = { next = '/' }"))
	f(route("GET /a", "session = {}\n"+respond("{session.x}")))

	f(route("GET /a", "auth = 'wbe'\n"+respond("{auth.x}")), "routes[0].auth: there is no [auth.wbe]")
	f(route("GET /a", "auth = ['web', 'web']\n"+respond("x")), "routes[0].auth[1]: the same verifier twice")
	f(route("GET /a", "auth = 'web'\ncredentials = 'basic'\nsql = 'select :auth.password'"), "routes[0].credentials: auth checks")
	f(route("GET /a", "roles = 'admin'\n"+respond("x")), "routes[0].roles: nobody checks")
	f(route("GET /a", "auth = 'web'\nroles = ['']\n"+respond("x")), "routes[0].roles[0]: a role without a name")
	f(route("GET /a", "auth = 'staff'\n"+respond("{auth.password}")), "routes[0].respond.body: what auth has checked is not told")
	f(route("GET /a", "auth = 'file'\n"+respond("{auth.email}")), "routes[0].respond.body: the route's verifiers do not tell auth.email")
	f(route("GET /a", "auth = 'staff'\n"+respond("{session.x}")), "routes[0].respond.body: the route has no session")
	f(route("GET /a", "auth = 'web'\n"+respond("{claims.x}")), "routes[0].respond.body: the route asks for no token")
	f(route("GET /a", respond("{session.x}")), "routes[0].respond.body: the route has no session")

	f(route("POST /a", "login = {}"), "routes[0].login.auth: nobody checks the password")
	f(route("POST /a", "login = { auth = 'web' }"), "routes[0].login.auth: [auth.web] takes no user and password")
	f(route("POST /a", "login = { auth = 'saff' }"), "routes[0].login.auth: there is no [auth.saff]")
	f(route("GET /a", "login = { auth = 'staff' }"), "routes[0].match: a login is a POST")
	f(route("POST /a/{x}", "login = { auth = 'staff', page = true }"), "routes[0].login.page: the page needs one path")
	f(route("POST /a", "login = { auth = 'staff', next = '//evil.test' }"), "routes[0].login.next: \"//evil.test\" is no path")
	f(route("POST /a", "login = { auth = 'staff' }\nauth = 'web'"), "routes[0].auth: who logs in is not known before")
	f(route("POST /a", "login = { auth = 'staff' }\nsql = 'select 1'"), "routes[0].sql: one route, two answers: login and sql")
	f(route("POST /a", "login = { auth = 'staff' }\nlogout = {}"), "routes[0].logout: one route, two answers: login and logout")
	f(route("POST /a", "login = { auth = 'staff' }\nshape = 'object'"), "routes[0].shape: a login has an answer of its own")
	f(route("POST /a", "login = { auth = 'staff', page = true }")+route("GET /a", respond("x")), `routes[1].match: "POST /a" and "GET /a" match the same requests`)
	f(route("GET /a", "logout = {}"), "routes[0].match: a logout is a POST")
	f(route("POST /a", "logout = { next = 'https:' }"), "routes[0].logout.next: \"https:\" is no path")
	f(route("POST /a", "logout = {}\nsession = { set = { a = 'x' } }"), "routes[0].session.set: there is no session after a logout")

	f(route("GET /a", "session = { set = { a = 'x' } }\n"+respond("x")), "routes[0].session.set: a request that sets something is no GET")
	f(route("PUT /a", "session = { set = { csrf = 'x', 'a b' = 'x', c = '{query}' } }\n"+respond("x")),
		"routes[0].session.set.csrf: this name", `routes[0].session.set."a b": "a b" is no name`, "routes[0].session.set.c: query does not say")

	f("[sessions]\nlogin = 'https://evil.test'\n"+route("GET /a", respond("x")), "sessions.login: \"https://evil.test\" is no path")
	f("[sessions]\nstore = 'memcached'\n"+route("GET /a", respond("x")), "sessions.servers: ", "sessions.keys: ")
	f("[auth.bad]\ntype = 'basic'\nsql_hash = 'select :auth.password'\ndatabase = 'none'\n"+route("GET /a", respond("x")),
		"auth.bad.sql_hash: there is no :auth.password here", "auth.bad.database: there is no [databases.none]")

	f("[sessions]\nsecure = 'maybe'\n"+route("GET /a", respond("x")), "secure: not a way to set a cookie")
	f("[auth.a.b]\nfoo = 1\n"+route("GET /a", respond("x")), `unknown key "b" in auth.a`, "auth.a.type: a verifier without a type")

	// Statements that would let everybody in, or change everybody's password.
	lookup := func(keys string, want ...string) {
		t.Helper()
		f("[auth.bad]\ndatabase = 'main'\n"+keys+"\n"+route("GET /a", respond("x")), want...)
	}
	lookup("type = 'basic'\nsql_count = 'select count(*) from user where user = :auth.user'", "auth.bad.sql_count: the statement does not take :auth.password")
	lookup("type = 'basic'\nsql_count = 'select count(*) from user where passwd = :auth.password'", "auth.bad.sql_count: the statement does not take :auth.user")
	lookup("type = 'basic'\nsql_hash = 'select passwd from user where user = :query.user'", "auth.bad.sql_hash: the statement does not take :auth.user")
	lookup("type = 'basic'\nsql_hash = 'select passwd from user where user = :auth.user'\nrehash = 'update user set passwd = :auth.hash where passwd = :auth.old_hash'",
		"auth.bad.rehash: the statement does not take :auth.user")
	lookup("type = 'basic'\nsql_hash = 'select passwd from user where user = :auth.user'\nrehash = 'update user set passwd = 1 where user = :auth.user and passwd = :auth.old_hash'",
		"auth.bad.rehash: the statement does not take :auth.hash")
	lookup("type = 'basic'\nsql_hash = 'select passwd from user where user = :auth.user'\nrehash = 'update user set passwd = :auth.hash where user = :auth.user'",
		"auth.bad.rehash: the statement does not take :auth.old_hash")
	lookup("type = 'key'\nsql = 'select name as user from api_key where hash = :header.x_api_key'", "auth.bad.sql: the statement does not take :auth.key_hash")
}

// A private key is shown to nobody, wherever it was put by mistake.
func TestPrivateKeyIsMasked(t *testing.T) {
	const key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIDHunter2\n-----END PRIVATE KEY-----"
	for _, text := range []string{`'` + "''\n" + key + "''" + `'`, `"` + strings.ReplaceAll(key, "\n", `\n`) + `"`} {
		_, err := parseTest("[auth.a]\ntype = 'jwt'\nalgorithms = ['RS256']\npublic_key = " + text + "\n[[routes]]\nmatch = '/'\nrespond = { body = 'x' }\n")
		if err == nil || !strings.Contains(err.Error(), "auth.a.public_key: ") || strings.Contains(err.Error(), "Hunter2") || strings.Contains(err.Error(), "BEGIN") {
			t.Errorf("got %v", err)
		}
	}
}
