package gateway

import (
	"testing"

	"github.com/valyala/fasthttp"

	"zerohop/gateway/session"
)

func TestOriginOf(t *testing.T) {
	f := func(site, said string, secure bool, want origin) {
		t.Helper()
		var h fasthttp.RequestHeader
		h.SetHost("shop.test:8080")
		if site != "" {
			h.Set("Sec-Fetch-Site", site)
		}
		if said != "" {
			h.Set("Origin", said)
		}
		scheme := "http"
		if secure {
			scheme = "https"
		}
		if got := originOf(&h, scheme, h.Host()); got != want {
			t.Errorf("Sec-Fetch-Site %q, Origin %q, secure %v: got %v, want %v", site, said, secure, got, want)
		}
	}
	f("", "", false, originUnknown)
	f("same-origin", "", false, originOwn)
	f("none", "", false, originOwn)
	f("same-site", "", false, originForeign)
	f("cross-site", "", false, originForeign)
	f("what", "", false, originForeign)
	// The metadata count, whatever Origin says.
	f("cross-site", "http://shop.test:8080", false, originForeign)
	f("same-origin", "http://evil.test", false, originOwn)

	f("", "http://shop.test:8080", false, originOwn)
	f("", "http://SHOP.test:8080", false, originOwn)
	f("", "https://shop.test:8080", true, originOwn)
	f("", "https://shop.test:8080", false, originForeign)
	f("", "http://shop.test:8080", true, originForeign)
	f("", "http://shop.test", false, originForeign)
	f("", "http://shop.test:8081", false, originForeign)
	f("", "http://shop.test:8080.evil.test", false, originForeign)
	f("", "http://evil.test", false, originForeign)
	f("", "null", false, originForeign)
	f("", "http://", false, originForeign)
}

func TestBringsToken(t *testing.T) {
	sessions := newTestSessions(t)
	own, err := sessions.Start(t.Context(), session.Content{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := sessions.Start(t.Context(), session.Content{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := func(header, contentType, body string, want bool) {
		t.Helper()
		rc := &fasthttp.RequestCtx{}
		rc.Request.Header.SetMethod("POST")
		if header != "" {
			rc.Request.Header.Set("X-CSRF-Token", header)
		}
		rc.Request.Header.SetContentType(contentType)
		rc.Request.SetBodyString(body)
		if got := bringsToken(rc, own, true); got != want {
			t.Errorf("%q, %q, %q: got %v, want %v", header, contentType, body, got, want)
		}
	}
	const form = "application/x-www-form-urlencoded"
	token := string(own.AppendToken(nil))
	f(token, "", "", true)
	f("", form, "a=b&csrf_token="+token, true)
	f("", form+"; charset=utf-8", "csrf_token="+token, true)
	f("", "", "", false)
	f("", form, "csrf_token=", false)
	f("", "text/plain", "csrf_token="+token, false)
	f(token[1:], "", "", false)
	f(string(other.AppendToken(nil)), form, "csrf_token="+token, false)
}

// newTestSessions returns sessions in memory.
func newTestSessions(t *testing.T) *session.Sessions {
	t.Helper()
	var cfg session.Config
	cfg.SetDefaults()
	sessions, err := session.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sessions.Close)
	return sessions
}
