package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// behind is what a server behind has been sent of who is asking.
type behind struct {
	url   string
	asked atomic.Int64
}

// startBehind runs a server that answers with what it was told, switches
// protocols at /ws, and takes its time at /slow.
func startBehind(t *testing.T) *behind {
	t.Helper()
	b := &behind{}
	b.url = startUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		b.asked.Add(1)
		if r.URL.Path == "/ws" {
			hijackEcho(t, w)
			return
		}
		if r.URL.Path == "/slow" {
			time.Sleep(400 * time.Millisecond)
		}
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "%q %q", r.Header["X-Auth-User"], r.Header["X-Auth-Roles"])
		for name, values := range r.Header {
			if isIdentityHeader([]byte(name)) && name != "X-Auth-User" && name != "X-Auth-Roles" {
				fmt.Fprintf(w, " and %s %q", name, values)
			}
		}
		fmt.Fprintf(w, " %d %v", n, err)
	})
	return b
}

func hijackEcho(t *testing.T, w http.ResponseWriter) {
	c, in, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	_, _ = io.Copy(c, in)
}

// startProxySite is startSite with routes to a server behind, for users and for
// everybody; top is put in front of all tables.
func startProxySite(t *testing.T, b *behind, top string) site {
	t.Helper()
	users := usersFile(t, "bob:HASH:staff")
	return site{startText(t, top+strings.Replace(accessConfig, "USERS", users, 1)+fmt.Sprintf(`
[backends.web]
members = [{ url = %q }]
[[routes]]
match = "/app/"
auth = "web"
backend = "web"
[[routes]]
match = "/ws"
auth = "web"
backend = "web"
[[routes]]
match = "/slow"
auth = ["web", "staff"]
backend = "web"
[[routes]]
match = "/"
backend = "web"
`, b.url))}
}

const (
	bobsPassword = "Authorization: Basic Ym9iOnNlY3JldA==\r\n" // bob:secret
	nobody       = `[] [] 0 <nil>`
	bobItIs      = `["bob"] ["staff"] 0 <nil>`
)

// Only the verifier says to a server behind who is asking, whatever a client
// says, and however it says it.
func TestIdentityOfProxiedRoute(t *testing.T) {
	s := startProxySite(t, startBehind(t), "")
	b := s.browser()
	b.follow(b.login("bob", "secret"), "/private")
	for _, claim := range []string{
		"", "X-Auth-User: root\r\n", "x-auth-user: root\r\n", "X_Auth_User: root\r\n", "x_AUTH-user: root\r\nX-Auth-User: root\r\n",
		"X-Auth-User: root\r\nX-Auth-User: admin\r\n", "X-Auth-Roles: admin\r\nX-Auth-Email: a@b.test\r\n",
		"Connection: X-Auth-User\r\n", "Connection: X-Auth-User, X-Auth-Roles\r\nX-Auth-User: root\r\n",
	} {
		f := func(got answer, want string) {
			t.Helper()
			if got.StatusCode != 200 || got.body != want {
				t.Errorf("%q: got %d %s, want %s", claim, got.StatusCode, got.body, want)
			}
		}
		f(b.do("GET", "/app/x", claim, ""), bobItIs)
		f(s.browser().do("GET", "/slow", claim+bobsPassword, ""), bobItIs)
		f(s.browser().do("GET", "/open-to-all", claim, ""), nobody)
		f(b.do("GET", "/open-to-all", claim, ""), nobody) // nobody has looked at the session
	}
	b.want(s.browser().do("GET", "/app/x", "", ""), 401, "unauthorized")
}

// Finding out who is asking has request_timeout; what is passed on has not.
func TestProxiedRouteOutlivesRequestTimeout(t *testing.T) {
	s := startProxySite(t, startBehind(t), "[limits]\nrequest_timeout = '250ms'\n")
	b := s.browser()
	b.want(b.do("GET", "/slow", bobsPassword, ""), 200, bobItIs)
	b.follow(b.login("bob", "secret"), "/private")
	b.want(b.do("GET", "/slow", "", ""), 200, bobItIs)
}

// A body that is passed on as it comes has its proof in the header, or is
// refused before the server behind knows of it.
func TestLargeUploadNeedsProof(t *testing.T) {
	behind := startBehind(t)
	s := startProxySite(t, behind, "")
	b := s.browser()
	b.follow(b.login("bob", "secret"), "/private")
	token := b.do("GET", "/token", "", "").body
	large := strings.Repeat("x", 3*aheadBytes)
	f := func(what, from, header, body string, status int, part string) {
		t.Helper()
		b.from = from
		before := behind.asked.Load()
		b.want(b.do("POST", "/app/x", header, body), status, part)
		if got := behind.asked.Load() - before; (got == 1) != (status == 200) {
			t.Errorf("%s: the server behind was asked %d times", what, got)
		}
	}
	passed := fmt.Sprintf(`["bob"] ["staff"] %d <nil>`, len(large))
	f("the browser's word", "Sec-Fetch-Site: same-origin\r\n", "", large, 200, passed)
	f("the token", "", "X-CSRF-Token: "+token+"\r\n", large, 200, passed)
	f("no proof", "", "", large, 403, "forbidden")
	f("a wrong token", "", "X-CSRF-Token: "+token[1:]+"\r\n", large, 403, "forbidden")
	f("another site", "Sec-Fetch-Site: cross-site\r\n", "X-CSRF-Token: "+token+"\r\n", large, 403, "forbidden")
	f("a large form's field", "", formType, "csrf_token="+token+"&x="+large, 403, "forbidden")
	f("a small form's field", "", formType, "csrf_token="+token, 200, `["bob"]`)
}

// A page of another site gets no WebSocket with the session of its visitor.
func TestUpgradeNeedsItsOrigin(t *testing.T) {
	behind := startBehind(t)
	s := startProxySite(t, behind, "")
	b := s.browser()
	b.follow(b.login("bob", "secret"), "/private")
	f := func(from, cookie string, status int) {
		t.Helper()
		before := behind.asked.Load()
		c := s.dial()
		defer c.Close()
		c.send("GET /ws HTTP/1.1\r\nHost: h.test\r\nConnection: keep-alive, Upgrade\r\nupgrade: echo\r\n" + from + "Cookie: session=" + cookie + "\r\n\r\nhello")
		resp, err := http.ReadResponse(c.in, nil)
		if err != nil || resp.StatusCode != status {
			t.Fatalf("%q: got %v, %v, want %d", from, resp, err, status)
		}
		if status == http.StatusSwitchingProtocols {
			c.expect("hello")
		} else if behind.asked.Load() != before {
			t.Errorf("%q: the server behind was asked", from)
		}
	}
	bob := b.cookies["session"]
	f("Origin: http://h.test\r\n", bob, 101)
	f("Sec-Fetch-Site: same-origin\r\nOrigin: http://h.test\r\n", bob, 101)
	f("", bob, 101) // no browser
	f("Origin: http://evil.test\r\n", bob, 403)
	f("Origin: https://h.test\r\n", bob, 403)
	f("Origin: null\r\n", bob, 403)
	f("Sec-Fetch-Site: cross-site\r\nOrigin: http://h.test\r\n", bob, 403)
	f("Origin: http://h.test\r\n", "", 401)
	// A page that only reads is nobody's business: its answer stays with us.
	b.from = "Origin: http://evil.test\r\n"
	b.want(b.do("GET", "/app/x", "", ""), 200, `["bob"]`)
}

// Behind a proxy that ends TLS, the browser's scheme and host count.
func TestSessionBehindTrustedProxy(t *testing.T) {
	believing := startProxySite(t, startBehind(t), "trusted_proxies = ['127.0.0.1']\n")
	doubting := startProxySite(t, startBehind(t), "")
	f := func(s site, origin string, status int, cookie string) {
		t.Helper()
		b := s.browser()
		b.from = "X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.test\r\nOrigin: " + origin + "\r\n"
		in := b.login("bob", "secret")
		if got := in.Header.Get("Set-Cookie"); in.StatusCode != status || !strings.HasPrefix(got, cookie) || strings.Contains(got, "; Secure") != (cookie == "__Host-session=") {
			t.Fatalf("from %s: got %d with %s, want %d with %s", origin, in.StatusCode, got, status, cookie)
		}
		if status == http.StatusSeeOther {
			b.want(b.do("POST", "/app/x", "", "x=y"), 200, `["bob"]`)
			b.from = strings.Replace(b.from, "Origin: ", "Origin: http://not.", 1)
			b.want(b.do("POST", "/app/x", "", "x=y"), 403, "forbidden")
		}
	}
	f(believing, "https://shop.test", 303, "__Host-session=")
	f(believing, "http://shop.test", 403, "")
	f(believing, "https://h.test", 403, "")
	f(doubting, "http://h.test", 303, "session=")
	f(doubting, "https://shop.test", 403, "")
}

// What is for one user says so to caches, unless it speaks for itself.
func TestCacheControlOfAuth(t *testing.T) {
	s := startSite(t, `
[[routes]]
match = "GET /mine"
auth = "staff"
respond = { body = "mine" }
[[routes]]
match = "GET /shared"
auth = "staff"
respond = { body = "shared", headers = { Cache-Control = "public, max-age=60" } }
`)
	f := func(target, header, want string) {
		t.Helper()
		if got := s.browser().do("GET", target, header, "").Header.Values("Cache-Control"); strings.Join(got, "|") != want {
			t.Errorf("%s: got Cache-Control: %q, want %q", target, got, want)
		}
	}
	f("/mine", bobsPassword, "private")
	f("/mine", "", "private")
	f("/shared", bobsPassword, "public, max-age=60")
	f("/either", bobsPassword, noStore)
	f("/open", "", "")
}
