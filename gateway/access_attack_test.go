package gateway

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"zerohop/gateway/auth"
	"zerohop/gateway/memcached"
	"zerohop/gateway/memcached/memcachedtest"
)

// What a client says of itself under our names is told from what a verifier
// has said, on a route for everybody as well.
func TestIdentityOfScope(t *testing.T) {
	sc := &scope{}
	if got := sc.appendIdentity(nil); len(got) != 0 {
		t.Errorf("nobody is asking, and got %q", got)
	}
	sc.identify(auth.Identity{User: "bob\r\nX-Auth-Roles: root", Roles: []string{"staff"}}, false)
	const want = "X-Auth-User: bob%0D%0AX-Auth-Roles: root\r\nX-Auth-Roles: staff\r\n"
	if got := string(sc.appendIdentity(nil)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var pool scopes
	pool.put(sc)
	if sc.known || sc.who.User != "" || sc.session != nil || len(sc.appendIdentity(nil)) != 0 {
		t.Error("a scope remembers who was asking")
	}
}

// 10,000 names and passwords from one address come to nothing, and cost no
// memory that grows with them.
func TestCredentialStuffing(t *testing.T) {
	const guesses, most = 10_000, 20
	config := strings.Replace(accessConfig, "failures = 3, address_failures = 0", fmt.Sprintf("failures = 3, address_failures = %d", most), 1)
	ts := startText(t, strings.Replace(config, "USERS", usersFile(t, "bob:HASH"), 1))
	c := ts.dial()
	statuses := map[int]int{}
	heap := func() int64 {
		ts.access.drop() // the lines of the logs are the test's own
		ts.log.drop()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	var before int64
	for i := range guesses {
		if i == most+10 {
			before = heap()
		}
		body := fmt.Sprintf("user=user%d&password=password%d", i, i)
		c.send(fmt.Sprintf("POST /login HTTP/1.1\r\nHost: h.test\r\n%sContent-Length: %d\r\n\r\n%s", formType, len(body), body))
		statuses[c.receive("POST").StatusCode]++
	}
	after := heap()
	if statuses[401] != most || statuses[429] != guesses-most {
		t.Errorf("got the statuses %v, want %d times 401 and 429 then", statuses, most)
	}
	if grown := after - before; grown > 512<<10 {
		t.Errorf("the heap has grown by %d bytes", grown)
	} else {
		t.Logf("the heap has grown by %d bytes", grown)
	}
}

// Whoever can write to memcached becomes nobody by that.
func TestStoreValues(t *testing.T) {
	server := memcachedtest.Start(t)
	s := startSite(t, fmt.Sprintf("[sessions]\nstore = 'memcached'\nservers = [%q]\ntimeout = '1s'\nkeys = ['Zt3fK8vQm1xYc6RwL0aUe9HsJ2dGp5NbXo7iEyTkVhA=']\n", server.Address()))
	bob, eve := s.browser(), s.browser()
	bob.follow(bob.login("bob", "secret"), "/private")
	bobs := sessionKeys(t, server)
	eve.follow(eve.login("eve", "secret"), "/private")
	eves := sessionKeys(t, server)
	delete(eves, keyOf(t, bobs))
	bobKey, eveKey := keyOf(t, bobs), keyOf(t, eves)
	for _, key := range []string{bobKey, eveKey} {
		if strings.Contains(key, bob.cookies["session"]) || strings.Contains(key, eve.cookies["session"]) {
			t.Error("memcached has the cookie's id")
		}
	}
	store, err := memcached.New(memcached.Config{Servers: []string{server.Address()}, Timeout: 1e9, Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	own, err := store.Get(t.Context(), bobKey)
	if err != nil {
		t.Fatal(err)
	}
	others, err := store.Get(t.Context(), eveKey)
	if err != nil {
		t.Fatal(err)
	}
	f := func(what string, value []byte, status int) {
		t.Helper()
		if err := store.Set(t.Context(), bobKey, value, 0); err != nil {
			t.Fatal(err)
		}
		if got := bob.do("GET", "/private", "", ""); got.StatusCode != status || strings.Contains(got.body, "eve") {
			t.Errorf("%s: got %d %s, want %d", what, got.StatusCode, got.body, status)
		}
	}
	f("another user's value", others.Value, 401)
	f("no value of ours", []byte("user=admin"), 401)
	f("an empty value", nil, 401)
	f("a value cut short", own.Value[:len(own.Value)-1], 401)
	changed := append([]byte{}, own.Value...)
	changed[len(changed)-1] ^= 1
	f("a changed value", changed, 401)
	f("his own value", own.Value, 200)
}

// While the store is down, what needs a session is refused, what does not is
// not, and the browser keeps its cookie.
func TestStoreDown(t *testing.T) {
	s := startSite(t, `
[sessions]
store = "memcached"
servers = ["127.0.0.1:1"]
keys = ["Zt3fK8vQm1xYc6RwL0aUe9HsJ2dGp5NbXo7iEyTkVhA="]
[[routes]]
match = "PUT /tagged"
auth = "staff"
session = { set = { tag = "x" } }
respond = { body = "tagged" }
`)
	b := s.browser()
	const bob = "Authorization: Basic Ym9iOnNlY3JldA==\r\n" // bob:secret
	in := b.login("bob", "secret")
	b.want(in, 503, `<p role="alert">Signing in is not possible at the moment.`)
	if in.Header.Get("Retry-After") == "" || in.Header.Get("Cache-Control") != noStore || !strings.Contains(in.body, `value="bob"`) {
		t.Errorf("got %v %s, want the page for another try", in.Header, in.body)
	}
	b.want(b.do("POST", "/login", jsonType+acceptPage, `{"user":"bob","password":"secret"}`), 503, `"code":"unavailable"`)
	b.follow(b.page("/private"), "/login?next=%2Fprivate") // there is no cookie to ask about
	b.cookies["session"] = strings.Repeat("A", 43)
	b.want(b.login("bob", "secret"), 503, `<p role="alert">Signing in is not possible at the moment.`)
	for _, target := range []string{"/private", "/cart", "/either"} {
		got := b.page(target)
		b.want(got, 503, `"code":"unavailable"`)
		if got.Header.Get("Retry-After") == "" || len(got.Header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s: got %v", target, got.Header)
		}
	}
	b.want(b.do("POST", "/logout", "", ""), 503, `"code":"unavailable"`)
	b.want(b.do("PUT", "/tagged", bob, ""), 503, `"code":"unavailable"`)
	b.want(b.do("GET", "/either", bob, ""), 200, "bob")
	b.want(b.page("/open"), 200, "open")
	if b.cookies["session"] == "" {
		t.Error("the cookie is gone")
	}
	if got := b.sessions().Unavailable; got != 9 {
		t.Errorf("the status counts %d refusals, want 9", got)
	}
	if log := b.log.String(); !strings.Contains(log, `route="POST /login"`) {
		t.Errorf("got the log %s, want the logins in it", log)
	}
}

// sessions returns what the status says of sessions.
func (b *browser) sessions() *sessionsStatus { return b.status().Sessions }

// sessionKeys returns the keys of all sessions in memcached.
func sessionKeys(t *testing.T, server *memcachedtest.Server) map[string]bool {
	t.Helper()
	c := &client{Conn: server.Dial(), t: t}
	c.send("lru_crawler metadump all\r\n")
	keys := map[string]bool{}
	var text []byte
	for buf := make([]byte, 4096); !strings.HasSuffix(string(text), "END\r\n"); {
		n, err := c.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, buf[:n]...)
	}
	for line := range strings.Lines(string(text)) {
		key, _, _ := strings.Cut(strings.TrimPrefix(line, "key="), " ")
		if key = strings.ReplaceAll(key, "%3A", ":"); strings.HasPrefix(key, "zerohop:session:") {
			keys[key] = true
		}
	}
	return keys
}

// keyOf returns the only key there is.
func keyOf(t *testing.T, keys map[string]bool) string {
	t.Helper()
	if len(keys) != 1 {
		t.Fatalf("got the keys %v, want one", keys)
	}
	for key := range keys {
		return key
	}
	return ""
}

// BenchmarkSessionRoute is a request of somebody who has logged in, with the
// sessions in memory, and the same request to a route for everybody.
func BenchmarkSessionRoute(b *testing.B) {
	f := func(name, target string) {
		b.Run(name, func(b *testing.B) {
			config := strings.Replace(accessConfig, "USERS", usersFile(b, "bob:HASH"), 1)
			cfg, err := parseTest("listen = '127.0.0.1:0'\n" + config)
			if err != nil {
				b.Fatal(err)
			}
			ts := startConfig(b, cfg)
			c := ts.dial()
			body := "user=bob&password=secret"
			c.send(fmt.Sprintf("POST /login HTTP/1.1\r\nHost: h.test\r\n%sContent-Length: %d\r\n\r\n%s", formType, len(body), body))
			cookie, _, _ := strings.Cut(c.receive("POST").Header.Get("Set-Cookie"), ";")
			request := "GET " + target + " HTTP/1.1\r\nHost: h.test\r\nCookie: " + cookie + "\r\n\r\n"
			var resp fasthttp.Response
			b.ReportAllocs()
			for b.Loop() {
				c.send(request)
				if err := resp.Read(c.in); err != nil || resp.StatusCode() != 200 {
					b.Fatal(resp.StatusCode(), err)
				}
			}
		})
	}
	f("session", "/either")
	f("open", "/open")
}
