package gateway

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"zerohop/gateway/passhash"
)

// usersFile writes a file of users whose password is "secret".
func usersFile(t testing.TB, lines ...string) string {
	t.Helper()
	hash, err := passhash.Hash([]byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "users")
	text := strings.ReplaceAll(strings.Join(lines, "\n")+"\n", "HASH", hash)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// accessConfig is a site with a login: pages for users and for admins, a
// cart, and an API for programs.
const accessConfig = `
[auth.staff]
type = "basic"
users_file = "USERS"
throttle = { failures = 3, address_failures = 0 }

[auth.web]
type = "session"

[[routes]]
match = "POST /login"
login = { auth = "staff", page = true, next = "/private" }
session = { set = { greeting = "Hello {auth.user}" } }

[[routes]]
match = "POST /logout"
logout = {}

[[routes]]
match = "GET /private"
auth = "web"
respond = { body = "{auth.user} ({auth.role}): {session.greeting} {session.cart}" }

[[routes]]
match = "GET /token"
auth = "web"
respond = { body = "{session.csrf}" }

[[routes]]
match = "GET /admin"
auth = "web"
roles = ["admin"]
respond = { body = "admin" }

[[routes]]
match = "POST /change"
auth = ["web", "staff"]
respond = { body = "changed by {auth.user}" }

[[routes]]
match = "GET /either"
auth = ["web", "staff"]
respond = { body = "{auth.user}" }

[[routes]]
match = "PUT /cart"
session = { set = { cart = "{query.cart}" } }
respond = { body = "set" }

[[routes]]
match = "GET /cart"
session = {}
respond = { body = "{session.cart}" }

[[routes]]
match = "GET /open"
respond = { body = "open" }
`

// site is a running accessConfig.
type site struct{ *testServer }

func startSite(t *testing.T, more string) site {
	t.Helper()
	users := usersFile(t, "bob:HASH:staff", "eve:HASH:admin,staff")
	return site{startText(t, strings.Replace(accessConfig, "USERS", users, 1)+more)}
}

// browser is a client with a jar of one kind: cookies by name.
type browser struct {
	site
	cookies map[string]string
	// from is what it says of the origin of its requests.
	from string
}

func (s site) browser() *browser {
	return &browser{site: s, cookies: map[string]string{}, from: "Sec-Fetch-Site: same-origin\r\n"}
}

const (
	formType   = "Content-Type: application/x-www-form-urlencoded\r\n"
	jsonType   = "Content-Type: application/json\r\n"
	acceptPage = "Accept: text/html,*/*;q=0.8\r\n"
)

// do sends a request with further header lines, and keeps the cookies of the
// answer.
func (b *browser) do(method, target, header, body string) answer {
	b.t.Helper()
	raw := method + " " + target + " HTTP/1.1\r\nHost: h.test\r\n" + b.from + header
	var pairs []string
	for name, value := range b.cookies {
		pairs = append(pairs, name+"="+value)
	}
	if len(pairs) > 0 {
		raw += "Cookie: " + strings.Join(pairs, "; ") + "\r\n"
	}
	if body != "" || method != "GET" {
		raw += "Content-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	got := b.site.do(raw + "\r\n" + body)
	for _, c := range got.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return got
}

func (b *browser) page(target string) answer {
	b.t.Helper()
	return b.do("GET", target, acceptPage, "")
}

// login logs in with the form.
func (b *browser) login(user, password string) answer {
	b.t.Helper()
	return b.do("POST", "/login", formType+acceptPage, "user="+user+"&password="+password)
}

// want compares a status and a part of the body.
func (b *browser) want(got answer, status int, part string) {
	b.t.Helper()
	if got.StatusCode != status || !strings.Contains(got.body, part) {
		b.t.Errorf("got %d %s, want %d with %q", got.StatusCode, got.body, status, part)
	}
}

// follow wants a redirect to a place.
func (b *browser) follow(got answer, location string) {
	b.t.Helper()
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != location {
		b.t.Errorf("got %d to %q, want 303 to %q: %s", got.StatusCode, got.Header.Get("Location"), location, got.body)
	}
}

func TestLoginAndLogout(t *testing.T) {
	b := startSite(t, "").browser()
	b.follow(b.page("/private"), "/login?next=%2Fprivate")
	b.follow(b.page("/private?a=b&c=d"), "/login?next=%2Fprivate%3Fa%3Db%26c%3Dd")
	page := b.page("/login?next=%2Fprivate%3Fa%3Db")
	b.want(page, 200, `name="next" type="hidden" value="/private?a=b"`)
	for name, want := range map[string]string{
		"Cache-Control": noStore, "X-Content-Type-Options": "nosniff", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := page.Header.Get(name); got != want {
			t.Errorf("the page has %s: %q, want %q", name, got, want)
		}
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the page has the policy %s", policy)
	}

	wrong := b.login("bob", "wrong")
	b.want(wrong, 401, `role="alert"`)
	unknown := b.login("nobody", "wrong")
	if wrong.body != strings.ReplaceAll(unknown.body, "nobody", "bob") {
		t.Errorf("a wrong password is answered\n%s\nan unknown user\n%s", wrong.body, unknown.body)
	}
	if len(b.cookies) != 0 {
		t.Errorf("got the cookies %v", b.cookies)
	}

	in := b.login("bob", "secret")
	b.follow(in, "/private")
	cookie := in.Header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "session=") || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
		t.Errorf("got the cookie %s", cookie)
	}
	private := b.page("/private")
	b.want(private, 200, "bob (staff): Hello bob ")
	if got := private.Header; got.Get("Cache-Control") != noStore || got.Get("Vary") != "Cookie" {
		t.Errorf("got %v", got)
	}
	b.want(b.page("/admin"), 403, `"code":"forbidden"`)

	b.want(b.page("/logout"), 405, "")
	old := b.cookies["session"]
	b.follow(b.do("POST", "/logout", acceptPage, ""), "/login")
	if len(b.cookies) != 0 {
		t.Errorf("got the cookies %v", b.cookies)
	}
	b.cookies["session"] = old // replayed
	b.follow(b.page("/private"), "/login?next=%2Fprivate")
}

func TestLoginByJSON(t *testing.T) {
	b := startSite(t, "").browser()
	b.from = ""
	b.want(b.do("POST", "/login", jsonType, `{"user":"eve","password":"wrong"}`), 401, `"code":"unauthorized"`)
	in := b.do("POST", "/login", jsonType, `{"user":"eve","password":"secret","next":"/there"}`)
	var told struct {
		User, Next string
		Roles      []string
		Token      string `json:"csrf_token"`
	}
	if err := json.Unmarshal([]byte(in.body), &told); err != nil || in.StatusCode != 200 {
		t.Fatalf("got %d %s", in.StatusCode, in.body)
	}
	if told.User != "eve" || told.Next != "/there" || strings.Join(told.Roles, " ") != "admin staff" {
		t.Errorf("got %+v", told)
	}
	b.want(b.do("GET", "/admin", "", ""), 200, "admin")
	b.want(b.do("POST", "/change", "", ""), 403, "forbidden")
	b.want(b.do("POST", "/change", "X-CSRF-Token: "+told.Token+"\r\n", ""), 200, "changed by eve")
	if got := b.do("POST", "/logout", "X-CSRF-Token: "+told.Token+"\r\n", ""); got.StatusCode != 204 {
		t.Errorf("got %d %s", got.StatusCode, got.body)
	}
	b.want(b.do("GET", "/private", "", ""), 401, `"code":"unauthorized"`)

	for _, body := range []string{"", "{", "[]", "null", `"bob"`, `{"user":1,"password":"secret"}`, `{"user":"bob","password":["secret"]}`, `{}`} {
		if got := b.do("POST", "/login", jsonType, body); got.StatusCode != 400 && got.StatusCode != 401 {
			t.Errorf("%s: got %d %s", body, got.StatusCode, got.body)
		}
	}
	b.want(b.do("POST", "/login", "Content-Type: text/plain\r\n", "user=bob&password=secret"), 415, "")
	b.want(b.do("POST", "/login", formType, "user=b%00b&password=%ff"), 400, "")
}

// Who is not identified is told of all the ways in.
func TestUnidentified(t *testing.T) {
	b := startSite(t, "").browser()
	f := func(target, header string, status int, challenge string) {
		t.Helper()
		got := b.do("GET", target, header, "")
		if got.StatusCode != status || got.Header.Get("WWW-Authenticate") != challenge {
			t.Errorf("%s: got %d, %q, want %d, %q", target, got.StatusCode, got.Header.Get("WWW-Authenticate"), status, challenge)
		}
	}
	const session, basic = `Session realm="zerohop"`, `Basic realm="zerohop", charset="UTF-8"`
	f("/private", "", 401, session)
	f("/private", "Accept: application/json\r\n", 401, session)
	f("/private", "Cookie: session=forged\r\n", 401, session)
	f("/private", "Cookie: session="+strings.Repeat("A", 43)+"\r\n", 401, session)
	f("/either", "", 401, session+", "+basic)
	f("/either", acceptPage+"Authorization: Basic Ym9iOndyb25n\r\n", 401, session+", "+basic) // bob:wrong
	f("/either", "Authorization: Basic Ym9iOnNlY3JldA==\r\n", 200, "")                        // bob:secret
	f("/either", "Authorization: Basic Ym9iOnNlY3JldA==\r\nAuthorization: Basic eDp5\r\n", 400, "")
	f("/open", "Cookie: session=forged\r\n", 200, "")
	b.follow(b.page("/either"), "/login?next=%2Feither")
}

// A session that somebody has planted is not the one that a login leads to.
func TestSessionFixation(t *testing.T) {
	s := startSite(t, "")
	attacker, victim := s.browser(), s.browser()
	attacker.want(attacker.do("PUT", "/cart?cart=planted", "", ""), 200, "set")
	planted := attacker.cookies["session"]
	if planted == "" {
		t.Fatal("there is no session of a stranger")
	}
	victim.cookies["session"] = planted
	victim.follow(victim.login("bob", "secret"), "/private")
	if victim.cookies["session"] == planted {
		t.Error("the login kept the session's id")
	}
	victim.want(victim.page("/private"), 200, "bob")
	// The old one is of no use, and never was bob's.
	attacker.follow(attacker.page("/private"), "/login?next=%2Fprivate")
	if got := attacker.page("/cart"); got.body != "" {
		t.Errorf("the planted session is alive: %s", got.body)
	}
	// An id that the store does not have is none to begin with.
	made := s.browser()
	made.cookies["session"] = strings.Repeat("A", 43)
	made.follow(made.login("bob", "secret"), "/private")
	if made.cookies["session"] == strings.Repeat("A", 43) {
		t.Error("the login took an id that was made up")
	}
}

func TestSessionData(t *testing.T) {
	b := startSite(t, "").browser()
	b.want(b.page("/cart"), 200, "")
	b.want(b.do("PUT", "/cart?cart=apples", "", ""), 200, "set")
	first := b.cookies["session"]
	b.want(b.page("/cart"), 200, "apples")
	b.follow(b.page("/private"), "/login?next=%2Fprivate") // it has no user
	// A login keeps what a stranger has collected, another user's does not.
	b.follow(b.login("bob", "secret"), "/private")
	b.want(b.page("/private"), 200, "bob (staff): Hello bob apples")
	b.follow(b.login("eve", "secret"), "/private")
	if got := b.page("/private"); got.body != "eve (admin,staff): Hello eve " {
		t.Errorf("got %s", got.body)
	}
	if b.cookies["session"] == first {
		t.Error("two logins have the same id")
	}
	b.want(b.do("PUT", "/cart?cart=pears", "", ""), 200, "set")
	b.want(b.do("PUT", "/cart?cart=", "", ""), 200, "set")
	b.want(b.page("/cart"), 200, "")
	b.want(b.do("PUT", "/cart?cart="+strings.Repeat("x", 9<<10), "", ""), 422, `"code":"unprocessable"`)
}

func TestCrossSite(t *testing.T) {
	s := startSite(t, "")
	b := s.browser()
	b.follow(b.login("bob", "secret"), "/private")
	token := b.page("/token").body
	f := func(method, target, from, header, body string, status int) {
		t.Helper()
		b.from = from
		if got := b.do(method, target, header, body); got.StatusCode != status {
			t.Errorf("%s %s, %q, %q: got %d %s, want %d", method, target, from, header, got.StatusCode, got.body, status)
		}
	}
	const own, foreign = "Sec-Fetch-Site: same-origin\r\n", "Sec-Fetch-Site: cross-site\r\n"
	f("POST", "/change", own, "", "", 200)
	f("POST", "/change", "Sec-Fetch-Site: none\r\n", "", "", 200)
	f("POST", "/change", "Sec-Fetch-Site: same-site\r\n", "", "", 403)
	f("POST", "/change", foreign, "", "", 403)
	f("POST", "/change", foreign, "X-CSRF-Token: "+token+"\r\n", "", 403)
	f("POST", "/change", "Origin: http://h.test\r\n", "", "", 200)
	f("POST", "/change", "Origin: https://h.test\r\n", "", "", 403)
	f("POST", "/change", "Origin: http://evil.test\r\n", "", "", 403)
	f("POST", "/change", "Origin: null\r\n", "", "", 403)
	f("POST", "/change", "", "", "", 403)
	f("POST", "/change", "", "X-CSRF-Token: "+token+"\r\n", "", 200)
	f("POST", "/change", "", "X-CSRF-Token: wrong\r\n", "", 403)
	f("POST", "/change", "", formType, "a=b&csrf_token="+token, 200)
	f("POST", "/change", "", formType, "a=b", 403)
	// A password in the header proves more than an origin could; a cookie
	// counts before it all the same.
	f("POST", "/change", foreign, "Authorization: Basic Ym9iOnNlY3JldA==\r\n", "", 403)
	// What changes nothing needs no proof.
	f("GET", "/private", foreign, "", "", 200)
	// Nobody is logged in or out by another site, session or not.
	f("POST", "/login", foreign, formType, "user=eve&password=secret", 403)
	f("POST", "/login", "Origin: http://evil.test\r\n", formType, "user=eve&password=secret", 403)
	f("POST", "/logout", foreign, "", "", 403)
	f("POST", "/logout", "", "", "", 403)
	f("PUT", "/cart?cart=x", foreign, "", "", 403)
	kept := b.cookies["session"]
	clear(b.cookies)
	f("POST", "/logout", foreign, "", "", 403)
	f("PUT", "/cart?cart=x", foreign, "", "", 403)
	f("POST", "/login", foreign, formType, "user=eve&password=secret", 403)
	f("POST", "/change", foreign, "Authorization: Basic Ym9iOnNlY3JldA==\r\n", "", 200)
	if len(b.cookies) != 0 {
		t.Errorf("another site has got the cookies %v", b.cookies)
	}
	b.cookies["session"] = kept
	b.want(b.page("/private"), 200, "bob")
}

func TestOpenRedirect(t *testing.T) {
	s := startSite(t, "")
	f := func(next, want string) {
		t.Helper()
		b := s.browser()
		body := "user=bob&password=secret&next=" + next
		b.follow(b.do("POST", "/login", formType+acceptPage, body), want)
		if got := s.browser().page("/login?next=" + next); !strings.Contains(got.body, `name="next" type="hidden" value="`+want+`"`) {
			t.Errorf("%s: the page has\n%s", next, got.body)
		}
	}
	f("/fine", "/fine")
	f("%2Ffine%3Fa%3Db", "/fine?a=b")
	for _, next := range []string{
		"", "//evil.test", "/%5Cevil.test", "https:evil.test", "https%3A%2F%2Fevil.test", "%252f%252fevil.test",
		"/%252fevil.test", "/%09/evil.test", "/a%0D%0ASet-Cookie:%20x=y", "/%00", "/" + strings.Repeat("a", 4000), "evil", "javascript:alert(1)",
	} {
		f(next, "/private")
	}
	// What a browser is sent away with is local as well.
	b := s.browser()
	b.follow(b.page("/private"), "/login?next=%2Fprivate")
	b.follow(b.page("/private?a=//evil.test"), "/login?next=%2Fprivate%3Fa%3D%2F%2Fevil.test")
}

func TestLoginIsThrottled(t *testing.T) {
	b := startSite(t, "").browser()
	for range 3 {
		b.want(b.login("bob", "wrong"), 401, `role="alert"`)
	}
	refused := b.login("bob", "secret")
	b.want(refused, 429, "too many attempts")
	if wait, err := strconv.Atoi(refused.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 120 {
		t.Errorf("got Retry-After %q", refused.Header.Get("Retry-After"))
	}
	asked := b.do("POST", "/login", jsonType, `{"user":"bob","password":"secret"}`)
	b.want(asked, 429, `"code":"rate_limited"`)
	if asked.Header.Get("Retry-After") == "" {
		t.Error("the problem has no Retry-After")
	}
	// An unknown user is counted like any other, and nobody else is hit.
	for range 3 {
		b.want(b.login("nobody", "wrong"), 401, "")
	}
	b.want(b.login("nobody", "wrong"), 429, "")
	b.follow(b.login("eve", "secret"), "/private")
	if log := b.log.String(); strings.Contains(log, "secret") || strings.Contains(log, "wrong") {
		t.Errorf("a password is in the log:\n%s", log)
	}
}
