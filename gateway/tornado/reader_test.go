package tornado

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

func testConfig() Config {
	var c Config
	c.SetDefaults()
	c.CookieSecret, c.Secret = cookieSecret, sessionSecret
	return c
}

// loginWithTornado does what tornado-memcached-sessions did, in a real
// application, and returns its Set-Cookie headers and what memcached got.
const loginWithTornado = `
import hashlib, hmac, json, pickle, sys, uuid
import tornado.web, tornado.httputil
from unittest import mock
c = json.load(sys.stdin)
out = []
for version in (1, 2):
	for protocol in range(6):
		application = tornado.web.Application(cookie_secret=c["CookieSecret"])
		request = tornado.httputil.HTTPServerRequest(method="GET", uri="/", connection=mock.Mock())
		handler = tornado.web.RequestHandler(application, request)
		session_id = hashlib.sha256((c["Secret"] + str(uuid.uuid4())).encode()).hexdigest()
		verification = hmac.new(session_id.encode(), c["Secret"].encode(), hashlib.sha256).hexdigest()
		handler.set_secure_cookie("session_id", session_id, version=version)
		handler.set_secure_cookie("verification", verification, version=version)
		out.append({"ID": session_id, "Cookies": [m.OutputString() for m in handler._new_cookie.values()],
			"Value": pickle.dumps({"user_name": "al\u00efce", "cart": [1, (2, None)], 7: 1.5}, protocol).hex()})
print(json.dumps(out))
`

func TestLoginWithTornado(t *testing.T) {
	var logins []struct {
		ID, Value string
		Cookies   []string
	}
	c := testConfig()
	python(t, loginWithTornado, map[string]string{"CookieSecret": c.CookieSecret, "Secret": c.Secret}, &logins)
	r := New(c)
	for i, login := range logins {
		cookies := map[string]string{}
		for _, set := range login.Cookies {
			pair, _, _ := strings.Cut(set, ";")
			name, value, _ := strings.Cut(pair, "=")
			cookies[name] = value
		}
		id, verification := cookies[SessionCookie], cookies[VerificationCookie]
		got, err := r.SessionID(id, verification, time.Now())
		check(t, err, nil)
		if got != login.ID {
			t.Errorf("got %s, want %s", got, login.ID)
		}
		f := func(id, verification string, want error) {
			t.Helper()
			_, err := r.SessionID(id, verification, time.Now())
			check(t, err, want)
		}
		f("", "", ErrCookie)
		f(id, "", ErrCookie)
		f(id, id, ErrCookie)
		f(verification, verification, ErrCookie)
		other := logins[(i+1)%len(logins)].Cookies
		for _, set := range other {
			pair, _, _ := strings.Cut(set, ";")
			if value, ok := strings.CutPrefix(pair, VerificationCookie+"="); ok {
				f(id, value, ErrCookie) // another session's
			}
		}
		wrong := c
		wrong.Secret += "x"
		_, err = New(wrong).SessionID(id, verification, time.Now())
		check(t, err, ErrCookie)
		_, err = r.SessionID(id, verification, time.Now().Add(c.MaxAge+time.Minute))
		check(t, err, ErrExpired)

		value, err := hex.DecodeString(login.Value)
		check(t, err, nil)
		user, data, err := r.Read(value)
		check(t, err, nil)
		if want := `{"user_name":"alïce","cart":[1,[2,null]],"7":1.5}`; user != "alïce" || string(data) != want {
			t.Errorf("got %q and %s, want %s", user, data, want)
		}
	}
}

func TestRead(t *testing.T) {
	f := func(pickle, wantUser string, want error) {
		t.Helper()
		user, _, err := New(testConfig()).Read([]byte(pickle))
		check(t, err, want)
		if user != wantUser {
			t.Errorf("got %q, want %q", user, wantUser)
		}
	}
	f("}.", "", ErrNoUser)
	f("}U\tuser_nameNs.", "", ErrNoUser)
	f("}U\tuser_nameU\x00s.", "", ErrNoUser)
	f("}U\tuser_nameK\x07s.", "", ErrNoUser)
	f("}U\tuser_nameU\x01\xffs.", "", ErrNoUser)
	f("}U\tuser_nameU\x01as.", "a", nil)
	f("}(U\tuser_nameU\x01aU\tuser_nameU\x01bu.", "b", nil)
	f("].", "", ErrPickle)
	f("N.", "", ErrPickle)
	f("cos\nsystem\n.", "", ErrPickle)
}

func TestValidate(t *testing.T) {
	f := func(change func(*Config), want ...string) {
		t.Helper()
		c := testConfig()
		change(&c)
		var got []string
		for _, fault := range c.Validate() {
			field, problem, hint, _ := fault.FieldFault()
			if problem == "" || hint == "" {
				t.Errorf("%s: problem %q, hint %q", field, problem, hint)
			}
			got = append(got, field)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("got faults of %q, want %q", got, want)
		}
	}
	f(func(*Config) {})
	f(func(c *Config) { *c = Config{} }, "cookie_secret", "secret", "user", "max_age")
	f(func(c *Config) { c.CookieSecrets = map[string]string{"1": "x"} }, "cookie_secrets")
	f(func(c *Config) { c.CookieSecret, c.CookieSecrets = "", map[string]string{"1": "x", "12": "y"} })
	f(func(c *Config) { c.CookieSecret, c.CookieSecrets = "", map[string]string{"01": "x", "2": ""} },
		"cookie_secrets", "cookie_secrets")
	f(func(c *Config) { c.MaxAge = 400 * day }, "max_age")
}
