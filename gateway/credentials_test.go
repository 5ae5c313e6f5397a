package gateway

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
)

func basic(credentials string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
}

func TestReadBasic(t *testing.T) {
	f := func(header string, unescape bool, user, password string) {
		t.Helper()
		var s scope
		if err := s.readBasic([]byte(header), unescape); err != nil {
			t.Errorf("%q: %v", header, err)
			return
		}
		if string(s.user) != user || string(s.password) != password || s.user == nil || s.password == nil {
			t.Errorf("%q: got %q %q, want %q %q", header, s.user, s.password, user, password)
		}
	}
	f(basic("bob:secret"), false, "bob", "secret")
	f(basic("bob:a:b::"), false, "bob", "a:b::")
	f(basic(":"), false, "", "")
	f(basic("bob:"), false, "bob", "")
	f(basic("ü\xff:\x01\n'\\"), false, "ü\xff", "\x01\n'\\")
	f("bAsIc "+"Ym9iOnNlY3JldA==", false, "bob", "secret")
	f("Basic   Ym9iOnNlY3JldA==", false, "bob", "secret")
	f("Basic Ym9iOnNlY3JldA", false, "bob", "secret")
	f(basic("b%6Fb:a%3Ab+c%25"), false, "b%6Fb", "a%3Ab+c%25")
	f(basic("b%6Fb:a%3Ab+c%25"), true, "bob", "a:b+c%")
	f(basic("a%3Ab:c"), true, "a:b", "c")
	f(basic("bob:"+strings.Repeat("x", 10_000)), true, "bob", strings.Repeat("x", 10_000))
}

func TestReadBasicMalformed(t *testing.T) {
	f := func(header string, unescape bool) {
		t.Helper()
		var s scope
		if err := s.readBasic([]byte(header), unescape); !errors.Is(err, errUnauthorized) {
			t.Errorf("%q: got %v, want %v", header, err, errUnauthorized)
		}
		if s.user != nil || s.password != nil {
			t.Errorf("%q: got %q %q in the scope, want nothing", header, s.user, s.password)
		}
	}
	f("", false)
	f("Basic", false)
	f("Basic ", false)
	f("Basic ====", false)
	f("BasicYm9iOnNlY3JldA==", false)
	f("Bearer Ym9iOnNlY3JldA==", false)
	f("Basic Ym9iOnNlY3JldA=", false)
	f("Basic Ym9iOnNlY3JldA===", false)
	f("Basic Ym9iOnNl Y3JldA==", false)
	f("Basic Ym9iOnNl\nY3JldA==", false)
	f("Basic Ym9iOnNlY3JldA== x", false)
	f("Basic Ym9iOnNlY3JldB==", false) // bits behind the end
	f("Basic _w==", false)
	f(basic("no colon"), false)
	f(basic("b\x00b:x"), false)
	f(basic("bob:x\x00"), false)
	f(basic("bob:x%00"), true)
	f(basic("bob:50%"), true)
	f(basic("b%zzb:x"), true)
}

// The oracle is net/http's BasicAuth. The two may differ in four things:
// padding that is left out, bits behind the end, line ends within, and NUL.
func FuzzReadBasic(f *testing.F) {
	f.Add(basic("bob:secret"))
	f.Add("Basic Ym9iOg")
	f.Add("basic  eDp5")
	f.Add(basic("a%3Ab:\x00"))
	f.Fuzz(func(t *testing.T, header string) {
		var s scope
		err := s.readBasic([]byte(header), false)
		req := http.Request{Header: http.Header{"Authorization": {header}}}
		user, password, ok := req.BasicAuth()
		if err == nil {
			again := http.Request{Header: http.Header{"Authorization": {basic(string(s.user) + ":" + string(s.password))}}}
			if u, p, ok := again.BasicAuth(); !ok || u != string(s.user) || p != string(s.password) {
				t.Errorf("%q: got %q %q, which net/http reads as %q %q", header, s.user, s.password, u, p)
			}
			if bytes.IndexByte(s.user, ':') >= 0 {
				t.Errorf("%q: got the user %q", header, s.user)
			}
		}
		if ok && err == nil && (user != string(s.user) || password != string(s.password)) {
			t.Errorf("%q: got %q %q, want %q %q", header, s.user, s.password, user, password)
		}
		canonical := ok && strings.EqualFold(header, basic(user+":"+password)) && header[6:] == basic(user + ":" + password)[6:]
		if canonical && !strings.Contains(user+password, "\x00") && err != nil {
			t.Errorf("%q: got %v, want %q %q", header, err, user, password)
		}
	})
}

func TestCredentialsOverHTTP(t *testing.T) {
	rt := newTestRoute(t, "GET /who", say("in"))
	rt.basic = true
	ts := startServer(t, testLimits(), rt)
	got := ts.get("/who")
	if got.StatusCode != 401 || got.Header.Get("WWW-Authenticate") != `Basic realm="zerohop", charset="UTF-8"` {
		t.Errorf("got %d %q, want 401 and the challenge", got.StatusCode, got.Header.Get("WWW-Authenticate"))
	}
	got = ts.do("GET /who HTTP/1.1\r\nHost: h.test\r\nAuthorization: " + basic("bob:verysecret") + "\r\n\r\n")
	if got.StatusCode != 200 || got.body != "in" {
		t.Errorf("got %d %q, want 200", got.StatusCode, got.body)
	}
	got = ts.do("GET /who HTTP/1.1\r\nHost: h.test\r\nAuthorization: " + basic("verysecret") + "\r\n\r\n")
	if got.StatusCode != 401 {
		t.Errorf("got %d, want 401", got.StatusCode)
	}
	_ = ts.Close()
	if logs := ts.access.String() + ts.log.String(); strings.Contains(logs, "verysecret") || strings.Contains(logs, basic("bob:verysecret")[6:]) {
		t.Errorf("a password is in the logs: %s", logs)
	}
	if !strings.Contains(ts.access.String(), " - bob [") {
		t.Errorf("got %s, want the user in the access log", ts.access.String())
	}
}
