package session

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestSetCookie(t *testing.T) {
	f := func(secure Secure, tls bool, wantName string, wantSecure bool) {
		t.Helper()
		c := memoryConfig()
		c.Secure = secure
		s := start(t, c, time.Now)
		session, _ := login(t, s, alice)
		for _, value := range [][]byte{s.AppendCookie(nil, session, tls), s.AppendRemoval(nil, tls)} {
			cookie, err := http.ParseSetCookie(string(value))
			check(t, err, nil)
			if cookie.Name != wantName || cookie.Secure != wantSecure || !cookie.HttpOnly || cookie.Path != "/" ||
				cookie.SameSite != http.SameSiteLaxMode || cookie.Domain != "" || len(cookie.Unparsed) > 0 {
				t.Errorf("got %s", value)
			}
			if gone := cookie.MaxAge < 0; gone != (cookie.Value == "") || cookie.MaxAge > 0 {
				t.Errorf("got the age %d in %s", cookie.MaxAge, value)
			}
		}
		pair, _, _ := bytes.Cut(s.AppendCookie(nil, session, tls), []byte(";"))
		_, err := s.Find(t.Context(), pair, tls)
		check(t, err, nil)
	}
	f(SecureAuto, false, "session", false)
	f(SecureAuto, true, "__Host-session", true)
	f(SecureAlways, false, "__Host-session", true)
	f(SecureNever, true, "session", false)
}

// Over TLS a cookie that plain HTTP, or another host, may have set is not read.
func TestPrefixedCookieOnly(t *testing.T) {
	s := start(t, memoryConfig(), time.Now)
	_, plain := login(t, s, alice)
	_, err := s.Find(t.Context(), plain, true)
	check(t, err, ErrNone)
	_, err = s.Find(t.Context(), []byte("__Host-"+string(plain)), true)
	check(t, err, nil)
}

func TestSeveralCookies(t *testing.T) {
	s := start(t, memoryConfig(), time.Now)
	_, mine := login(t, s, alice)
	_, theirs := login(t, s, Content{User: "mallory"})
	unknown := func(n byte) string { return "session=" + string(id{n}.appendText(nil)) }
	f := func(want error, cookies ...string) {
		t.Helper()
		found, err := s.Find(t.Context(), []byte(strings.Join(cookies, "; ")), false)
		check(t, err, want)
		if err == nil && found.User != "alice" {
			t.Errorf("got the session of %s", found.User)
		}
	}
	own := string(mine)
	f(nil, own)
	f(nil, "a=b", own, "c=d")
	f(nil, own+" ", " "+own, own, own, own, own)
	f(nil, "session=short", own, "session")
	f(nil, unknown(1), own)
	f(nil, unknown(1), unknown(2), unknown(3), own)
	f(ErrNone, unknown(1), unknown(2), unknown(3), unknown(4), own)
	f(ErrNone, own, string(theirs))
	f(ErrNone, string(theirs), own)
	f(ErrNone, own, unknown(1), string(theirs))
}

// Who logs out means all the sessions of his request, however many.
func TestEndAll(t *testing.T) {
	s := start(t, memoryConfig(), time.Now)
	_, mine := login(t, s, alice)
	_, theirs := login(t, s, alice)
	dead := "session=" + strings.Repeat("A", 43)
	cookies := []byte(string(mine) + "; a=b; " + dead + "; " + string(theirs) + "; " + string(mine))
	ended, err := s.EndAll(t.Context(), cookies, false)
	check(t, err, nil)
	if ended != 2 {
		t.Errorf("got %d, want 2", ended)
	}
	for _, one := range [][]byte{mine, theirs} {
		_, err := s.Find(t.Context(), one, false)
		check(t, err, ErrNone)
	}
	ended, err = s.EndAll(t.Context(), cookies, false)
	if err != nil || ended != 0 {
		t.Errorf("once more: got %d, %v", ended, err)
	}
}

func TestToken(t *testing.T) {
	s := start(t, memoryConfig(), time.Now)
	session, cookies := login(t, s, alice)
	other, _ := login(t, s, alice)
	token, second := session.AppendToken(nil), session.AppendToken(nil)
	if bytes.Equal(token, second) {
		t.Error("the token is the same each time")
	}
	found, err := s.Find(t.Context(), cookies, false)
	check(t, err, nil)
	check(t, s.Update(t.Context(), found, func(c *Content) error { c.User = "bob"; return nil }), nil)
	f := func(of *Session, token []byte, want bool) {
		t.Helper()
		if got := of.HasToken(token); got != want {
			t.Errorf("%s: got %t, want %t", token, got, want)
		}
	}
	f(session, token, true)
	f(found, token, true)
	f(found, second, true)
	f(other, token, false)
	f(session, nil, false)
	f(session, token[1:], false)
	f(session, append([]byte("A"), token...), false)
	f(session, bytes.Repeat([]byte("A"), len(token)), false)
	f(session, bytes.Repeat([]byte("\n"), len(token)), false)
}

func FuzzFind(f *testing.F) {
	c := memoryConfig()
	s, err := New(c)
	check(f, err, nil)
	known, err := s.Start(context.Background(), alice, nil)
	check(f, err, nil)
	f.Add(header(s, known), []byte("session=x"))
	f.Add([]byte("; ;;session=; =;"), []byte(`session="a"; b`))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		if found, err := s.Find(t.Context(), before, false); err == nil && !bytes.Contains(before, header(s, known)) {
			t.Errorf("%q is the session of %s", before, found.User)
		}
		// Whatever stands around it hides it at worst.
		cookies := fmt.Appendf(nil, "%s; %s; %s", before, header(s, known), after)
		if found, err := s.Find(t.Context(), cookies, false); err == nil && found.User != "alice" {
			t.Errorf("got %+v", found)
		}
	})
}
