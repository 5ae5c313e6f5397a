package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zerohop/gateway/memcached/memcachedtest"
	"zerohop/sqlapi/mariadbtest"
)

// What stands in this file is tried on the program as it is installed, with
// real memcached servers behind it.

// storeTimeout is the timeout of the sessions' store in these tests.
const storeTimeout = 100 * time.Millisecond

// sharedConfig is a site whose sessions are in memcached, for users u0, u1 … .
func sharedConfig(t *testing.T, users int, servers ...*memcachedtest.Server) string {
	t.Helper()
	var lines, addresses []string
	for i := range users {
		lines = append(lines, fmt.Sprintf("u%d:HASH:staff", i))
	}
	for _, s := range servers {
		addresses = append(addresses, fmt.Sprintf("%q", s.Address()))
	}
	return fmt.Sprintf(`
listen = "127.0.0.1:0"
admin  = "127.0.0.1:0"

[sessions]
store   = "memcached"
servers = [%s]
timeout = "%s"
keys    = ["w0f1Yx3Tn9Kq5sVb7Lz2Jd8Rg4Hm6Pc0Aa1Ee9Uu5Ii="]
compat  = "tornado"
tornado = { cookie_secret = "the application's", secret = "the manager's" }

[auth.staff]
type       = "basic"
users_file = %q

[auth.web]
type = "session"

[[routes]]
match = "POST /login"
login = { auth = "staff" }

[[routes]]
match  = "POST /logout"
logout = {}

[[routes]]
match   = "GET /me"
auth    = "web"
respond = { body = "{auth.user} {session.cart}" }

[[routes]]
match   = "GET /open"
respond = { body = "open" }
`, strings.Join(addresses, ", "), storeTimeout, usersFile(t, lines...))
}

// visitor is a client with cookies of its own.
type visitor struct {
	*http.Client
	t *testing.T
}

func newVisitor(t *testing.T) visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := newClient(t)
	client.Jar = jar
	return visitor{client, t}
}

// login logs in, and returns the status.
func (v visitor) login(base, user string) int {
	v.t.Helper()
	body := fmt.Sprintf(`{"user":%q,"password":"secret"}`, user)
	response, err := v.Post(base+"/login", "application/json", strings.NewReader(body))
	if err != nil {
		v.t.Errorf("log in: %v", err)
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

func (v visitor) mustLogin(base, user string) {
	v.t.Helper()
	if status := v.login(base, user); status != 200 {
		v.t.Fatalf("%s logs in: got %d", user, status)
	}
}

// want asks who it is.
func (v visitor) want(base string, status int, body string) {
	v.t.Helper()
	got := get(v.Client, base+"/me")
	if got.err != nil || got.status != status || !strings.Contains(got.body, body) {
		v.t.Errorf("%s: got %+v, want %d with %q", base, got, status, body)
	}
}

// Two processes with the same file have the same sessions.
func TestSystemProcessesShareALogin(t *testing.T) {
	config := sharedConfig(t, 2, memcachedtest.Start(t), memcachedtest.Start(t))
	one, other := start(t, config), start(t, config)
	// One host with two ports has one jar of cookies.
	bob, eve := newVisitor(t), newVisitor(t)
	bob.want(one.base, 401, "unauthorized")
	bob.mustLogin(one.base, "u0")
	eve.mustLogin(other.base, "u1")
	for _, r := range []*running{one, other} {
		bob.want(r.base, 200, "u0 ")
		eve.want(r.base, 200, "u1 ")
	}
	// A logout at one is a logout at the other, for a copy of the cookie too.
	thief := newVisitor(t)
	at, err := url.Parse(one.base)
	if err != nil {
		t.Fatal(err)
	}
	thief.Jar.SetCookies(at, bob.Jar.Cookies(at))
	thief.want(other.base, 200, "u0 ")
	request, err := http.NewRequest("POST", other.base+"/logout", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	if response, err := bob.Do(request); err != nil || response.StatusCode != 204 {
		t.Errorf("log out: %v, %v", response, err)
	}
	for _, r := range []*running{one, other} {
		bob.want(r.base, 401, "")
		thief.want(r.base, 401, "")
		eve.want(r.base, 200, "u1 ")
		r.stop(t)
	}
}

// TestSystemSessionStoreOutage stops, kills and restarts memcached under load:
// nobody is ever taken for somebody else or for a stranger, unless memcached
// itself has lost the session; what cannot be known is a 503 in time.
func TestSystemSessionStoreOutage(t *testing.T) {
	const users = 8
	store := memcachedtest.Start(t)
	r := start(t, sharedConfig(t, users, store))
	var stop, emptied atomic.Bool
	var good, outage, open, again atomic.Int64
	var clients sync.WaitGroup
	var mu sync.Mutex
	var refusals []time.Duration // how long they took
	for i := range users {
		user, v := fmt.Sprintf("u%d", i), newVisitor(t)
		v.mustLogin(r.base, user)
		clients.Go(func() {
			for !stop.Load() {
				began := time.Now()
				got := get(v.Client, r.base+"/me")
				switch {
				case got.status == 200 && got.body == user+" ":
					good.Add(1)
				case got.status == 503 && strings.Contains(got.body, `"code":"unavailable"`):
					outage.Add(1)
					mu.Lock()
					refusals = append(refusals, time.Since(began))
					mu.Unlock()
					time.Sleep(time.Millisecond)
				case got.status == 401 && emptied.Load():
					if v.login(r.base, user) == 200 {
						again.Add(1)
					}
				default:
					t.Errorf("%s: got %+v", user, got)
					return
				}
			}
		})
	}
	clients.Go(func() {
		for v := newVisitor(t); !stop.Load(); time.Sleep(time.Millisecond) {
			if got := get(v.Client, r.base+"/open"); got.status != 200 {
				t.Errorf("a route without sessions: got %+v", got)
			}
			open.Add(1)
		}
	})
	defer clients.Wait()
	defer stop.Store(true)
	more := func(what string, count *atomic.Int64, n int64) {
		t.Helper()
		want := count.Load() + n
		until(t, 10*time.Second, what, func() bool { return count.Load() >= want })
	}
	more("answers", &good, 200)
	store.Freeze()
	more("refusals", &outage, 50)
	store.Thaw()
	more("answers, with the same sessions", &good, 200)
	emptied.Store(true)
	store.Kill()
	more("refusals", &outage, 50)
	more("answers of other routes", &open, 10)
	store.Restart()
	more("logins", &again, users)
	more("answers", &good, 200)
	// Nothing is left of the old connections.
	emptied.Store(false)
	refused := outage.Load()
	more("answers", &good, 200)
	if n := outage.Load() - refused; n > 0 {
		t.Errorf("got %d refusals after the recovery", n)
	}
	stop.Store(true)
	clients.Wait()
	late := 0
	for _, took := range refusals {
		if took > storeTimeout+50*time.Millisecond {
			late++
		}
	}
	// The machine may hold one of them up.
	if late > len(refusals)/100 {
		t.Errorf("%d of %d refusals took longer than %v", late, len(refusals), storeTimeout+50*time.Millisecond)
	}
	r.stop(t)
}

// A login asks memcached several things, of failed logins and of sessions. While
// it hangs they take little more than one timeout in all.
func TestSystemLoginWhileTheStoreHangs(t *testing.T) {
	store := memcachedtest.Start(t)
	const rounds = 3 // the machine may hold a login up
	r := start(t, sharedConfig(t, 4*rounds, store))
	users := 0
	// Each has another user: of one who has logged in from here before,
	// failures are not counted in memcached.
	login := func(status int) time.Duration {
		t.Helper()
		began := time.Now()
		if got := newVisitor(t).login(r.base, fmt.Sprintf("u%d", users)); got != status {
			t.Errorf("log in: got %d, want %d", got, status)
		}
		users++
		return time.Since(began)
	}
	var slowest time.Duration
	for range rounds {
		usual := max(login(200), login(200))
		store.Freeze()
		slowest = max(login(503), login(503))
		store.Thaw()
		if slowest -= usual; slowest <= storeTimeout+50*time.Millisecond {
			break
		}
		until(t, 10*time.Second, "a login", func() bool { return newVisitor(t).login(r.base, "u0") == 200 })
	}
	if slowest > storeTimeout+50*time.Millisecond {
		t.Errorf("a login took %v more than usual, want %v and 50ms at most", slowest, storeTimeout)
	}
	r.stop(t)
}

// What is lost of the counts of failed logins costs nobody his login.
func TestSystemLoginWithoutACount(t *testing.T) {
	store := memcachedtest.Start(t)
	relay := memcachedtest.StartRelay(t, store)
	config := strings.Replace(sharedConfig(t, 2, store), store.Address(), relay.Address(), 1)
	config = strings.Replace(config, storeTimeout.String(), "2s", 1) // a busy machine needs time
	r := start(t, config)
	relay.Lose(1, "incr")
	for i := range 2 {
		newVisitor(t).mustLogin(r.base, fmt.Sprintf("u%d", i))
	}
	r.stop(t)
}

// One of three servers takes along its own sessions, and no others.
func TestSystemOneSessionServerIsLost(t *testing.T) {
	const users = 30
	servers := []*memcachedtest.Server{memcachedtest.Start(t), memcachedtest.Start(t), memcachedtest.Start(t)}
	r := start(t, sharedConfig(t, users, servers...))
	visitors := make([]visitor, users)
	for i := range visitors {
		visitors[i] = newVisitor(t)
		visitors[i].mustLogin(r.base, fmt.Sprintf("u%d", i))
	}
	servers[1].Kill()
	lost := 0
	for i, v := range visitors {
		switch got := get(v.Client, r.base+"/me"); {
		case got.status == 200 && got.body == fmt.Sprintf("u%d ", i):
		case got.status == 503:
			lost++
		default:
			t.Errorf("u%d: got %+v", i, got)
		}
	}
	if lost == 0 || lost > users*2/3 {
		t.Errorf("one server of three has taken %d of %d sessions along", lost, users)
	}
	t.Logf("%d of %d sessions were on the lost server", lost, users)
	r.stop(t)
}

// makeOldSession has Tornado make its cookies, and Python its pickle.
const makeOldSession = `
import hashlib, hmac, json, pickle, tornado.web
id = hashlib.sha256(b"a session").hexdigest()
verification = hmac.new(id.encode(), b"the manager's", hashlib.sha256).hexdigest()
sign = lambda name, value: tornado.web.create_signed_value("the application's", name, value, version=VERSION).decode()
print(json.dumps({"id": id, "session": sign("session_id", id), "verification": sign("verification", verification),
	"value": pickle.dumps({"user_name": "bob", "cart": ["apples", 3]}, 2).hex()}))
`

// Users of the old stack stay logged in: its cookies are good for one session
// of ours, and then of no more use.
func TestSystemOldCookies(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's, which has Tornado
	if err := exec.Command(python, "-c", "import tornado").Run(); err != nil {
		if mariadbtest.Required("python3-tornado") {
			t.Fatal("tornado is not installed: apt-get install python3-tornado")
		}
		t.Skip("tornado is not installed: apt-get install python3-tornado")
	}
	for _, version := range []string{"1", "2"} {
		store := memcachedtest.Start(t)
		r := start(t, sharedConfig(t, 1, store))
		out, err := exec.Command(python, "-c", strings.Replace(makeOldSession, "VERSION", version, 1)).Output()
		if err != nil {
			t.Fatal(err)
		}
		var old struct{ ID, Session, Verification, Value string }
		if err := json.Unmarshal(out, &old); err != nil {
			t.Fatal(err)
		}
		var value []byte
		if _, err := fmt.Sscanf(old.Value, "%x", &value); err != nil {
			t.Fatal(err)
		}
		c := store.Dial()
		fmt.Fprintf(c, "set %s 0 0 %d\r\n%s\r\n", old.ID, len(value), value)
		if line, err := bufio.NewReader(c).ReadString('\n'); line != "STORED\r\n" {
			t.Fatalf("store the old session: %q, %v", line, err)
		}
		at, err := url.Parse(r.base)
		if err != nil {
			t.Fatal(err)
		}
		cookies := []*http.Cookie{{Name: "session_id", Value: old.Session, Quoted: true}, {Name: "verification", Value: old.Verification, Quoted: true}}
		v, forger := newVisitor(t), newVisitor(t)
		forger.Jar.SetCookies(at, []*http.Cookie{cookies[0], {Name: "verification", Value: old.Session, Quoted: true}})
		forger.want(r.base, 401, "")
		v.Jar.SetCookies(at, cookies)
		v.want(r.base, 200, `bob ["apples",3]`)
		var names []string
		for _, cookie := range v.Jar.Cookies(at) {
			names = append(names, cookie.Name)
		}
		if got := strings.Join(names, " "); got != "session" {
			t.Errorf("version %s: the browser has the cookies %s, want session alone", version, got)
		}
		v.want(r.base, 200, `bob ["apples",3]`)
		fmt.Fprintf(c, "get %s\r\n", old.ID)
		if line, err := bufio.NewReader(c).ReadString('\n'); line != "END\r\n" {
			t.Errorf("version %s: the old session is still there: %q, %v", version, line, err)
		}
		metrics := get(newClient(t), "http://"+r.log.await(t, `listening for the operator" address=(\S+)`)+"/metrics")
		if !bytes.Contains([]byte(metrics.body), []byte("\nzerohop_sessions_adopted_total 1\n")) {
			t.Errorf("version %s: the metrics do not have one adopted session:\n%s", version, metrics.body)
		}
		r.stop(t)
	}
}
