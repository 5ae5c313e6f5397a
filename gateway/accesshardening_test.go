package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/gateway/session"
)

// Sessions that anybody can begin, in any number, log nobody out.
func TestFloodOfCarts(t *testing.T) {
	s := startSite(t, "[sessions]\nmax = 10\n")
	b := s.browser()
	b.login("bob", "secret")
	for range 20 {
		s.do("PUT /cart?cart=x HTTP/1.1\r\nHost: h.test\r\nContent-Length: 0\r\n\r\n")
	}
	b.want(b.do("GET", "/private", "", ""), 200, "bob")
}

// Of two sessions in one request nobody knows which is its own: a logout means
// both.
func TestLogoutEndsAll(t *testing.T) {
	s := startSite(t, "")
	b, c := s.browser(), s.browser()
	b.login("bob", "secret")
	c.login("bob", "secret")
	got := s.do("POST /logout HTTP/1.1\r\nHost: h.test\r\nSec-Fetch-Site: same-origin\r\nCookie: session=" + b.cookies["session"] +
		"; session=" + c.cookies["session"] + "\r\nContent-Length: 0\r\n\r\n")
	b.want(got, 204, "")
	b.want(b.do("GET", "/private", "", ""), 401, "")
	c.want(c.do("GET", "/private", "", ""), 401, "")
	if got := b.sessions().Ended; got != 2 {
		t.Errorf("the status counts %d ended, want 2", got)
	}
}

// Cookies may come in several lines.
func TestCookieLines(t *testing.T) {
	s := startSite(t, "")
	b := s.browser()
	b.login("bob", "secret")
	got := s.do("GET /private HTTP/1.1\r\nHost: h.test\r\nCookie: a=b\r\nCookie: session=" + b.cookies["session"] + "\r\n\r\n")
	b.want(got, 200, "bob")
}

// An answer with a session cookie is kept by no cache, and one to a session by
// no shared one, whatever a server behind says.
func TestCacheControlOfSessions(t *testing.T) {
	f := func(said string, cookie, inSession bool, want string) {
		t.Helper()
		sc := &scope{route: &route{access: &access{sessions: &sessions{}}}}
		if cookie {
			sc.cookies = [][]byte{[]byte("session=x")}
		}
		if inSession {
			sc.session = &session.Session{}
		}
		var resp fasthttp.Response
		if said != "" {
			resp.Header.Set("Cache-Control", said)
		}
		sc.label(&resp)
		if got := string(resp.Header.Peek("Cache-Control")); got != want {
			t.Errorf("%q: got %q, want %q", said, got, want)
		}
	}
	f("", false, false, noStore)
	f("public, max-age=60", false, false, "public, max-age=60")
	f("Public, max-age=60, s-maxage=5,", false, true, "private, max-age=60")
	f("no-store", false, true, "private, no-store")
	f(`private="x"`, false, true, "private")
	f("public, max-age=60", true, true, noStore)
	f("public", true, false, noStore)
}

// Where the cookie is for TLS alone, so is the site: its pages are at https,
// though no proxy has said so.
func TestOriginOfSecureSite(t *testing.T) {
	s := startSite(t, "[sessions]\nsecure = 'true'\n")
	f := func(origin string, want int) {
		t.Helper()
		body := "user=bob&password=secret"
		got := s.do(fmt.Sprintf("POST /login HTTP/1.1\r\nHost: h.test\r\nOrigin: %s\r\n%sContent-Length: %d\r\n\r\n%s", origin, formType, len(body), body))
		if got.StatusCode != want {
			t.Errorf("%s: got %d %s, want %d", origin, got.StatusCode, got.body, want)
		}
	}
	f("https://h.test", http.StatusSeeOther)
	f("http://h.test", http.StatusForbidden)
	f("https://evil.test", http.StatusForbidden)
}

// Who is known by a password sees no other user's session.
func TestOthersSession(t *testing.T) {
	s := startSite(t, `
[[routes]]
match = "GET /greeting"
auth = ["staff", "web"]
respond = { body = "{auth.user}: {session.greeting}" }
`)
	b := s.browser()
	b.login("eve", "secret")
	b.want(b.do("GET", "/greeting", "", ""), 200, "eve: Hello eve")
	got := b.do("GET", "/greeting", "Authorization: Basic Ym9iOnNlY3JldA==\r\n", "")
	if got.StatusCode != 200 || strings.Contains(got.body, "Hello eve") {
		t.Errorf("bob sees %d %s", got.StatusCode, got.body)
	}
	b.want(b.do("GET", "/greeting", "Authorization: Basic ZXZlOnNlY3JldA==\r\n", ""), 200, "eve: Hello eve")
}

// What fails at every login is one line a second.
func TestVerifierWarnings(t *testing.T) {
	var text strings.Builder
	warn := warnOf("staff", slog.New(slog.NewTextHandler(&text, nil)))
	begin := time.Now()
	for range 1000 {
		warn(errors.New("down"))
	}
	most := 2 + int(time.Since(begin)/time.Second)
	if lines := strings.Count(text.String(), "auth=staff error=down"); lines < 1 || lines > most {
		t.Errorf("got %d lines, want 1 to %d", lines, most)
	}
}

// A login asks once, with the client's own address, also where it asks first
// whether its body is welcome.
func TestExpectAsksOnce(t *testing.T) {
	s := startText(t, fmt.Sprintf(`
trusted_proxies = ["127.0.0.1"]
[auth.staff]
type = "basic"
users_file = %q
throttle = { failures = 100, address_failures = 2 }
[[routes]]
match = "POST /x"
auth = "staff"
respond = { body = "in" }
`, usersFile(t, "bob:HASH")))
	f := func(from, credentials string, want int) {
		t.Helper()
		c := s.dial()
		defer c.Close()
		c.send("POST /x HTTP/1.1\r\nHost: h.test\r\nX-Forwarded-For: " + from + "\r\nAuthorization: Basic " + credentials +
			"\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na")
		got := c.receive("POST")
		if got.StatusCode == http.StatusContinue {
			got = c.receive("POST")
		}
		if got.StatusCode != want {
			t.Errorf("from %s: got %d %s, want %d", from, got.StatusCode, got.body, want)
		}
	}
	f("192.0.2.1", "eHg6eQ==", 401)
	f("192.0.2.2", "eHg6eg==", 401)
	f("192.0.2.3", "Ym9iOnNlY3JldA==", 200)
	f("192.0.2.1", "eHg6MQ==", 401)
	f("192.0.2.1", "eHg6Mg==", 429)
	if passed := s.table.Load().verifiers.byName["staff"].passed.Load(); passed != 1 {
		t.Errorf("asked %d times for the one login, want once", passed)
	}
}

// What a handler has written is gone where its session could not be kept: an
// error comes with an untouched response.
func TestSetterLeavesNoResponse(t *testing.T) {
	var c session.Config
	c.SetDefaults()
	c.Store, c.Servers, c.Keys = session.StoreMemcached, []string{"127.0.0.1:1"}, []string{"Zt3fK8vQm1xYc6RwL0aUe9HsJ2dGp5NbXo7iEyTkVhA="}
	made, err := session.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	values, err := newSessionValues(&RouteSessionConfig{Set: map[string]string{"a": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	setter := &sessionSetter{values: values, sessions: &sessions{Sessions: made}, handler: func(_ context.Context, rc *fasthttp.RequestCtx) error {
		rc.SetStatusCode(fasthttp.StatusCreated)
		rc.Response.Header.Set("Location", "/x")
		rc.SetBodyString("done")
		return nil
	}}
	var rc fasthttp.RequestCtx
	if err := setter.serve(&scope{rc: &rc}, &rc); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("got %v, want %v", err, session.ErrUnavailable)
	}
	if rc.Response.StatusCode() != 200 || len(rc.Response.Body()) > 0 || len(rc.Response.Header.Peek("Location")) > 0 {
		t.Errorf("the response is %v", &rc.Response)
	}
}
