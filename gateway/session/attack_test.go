package session

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"zerohop/gateway/memcached"
	"zerohop/gateway/memcached/memcachedtest"
)

// What was known of a session before the login is of no use after it.
func TestFixation(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		s := start(t, c, time.Now)
		before, planted := login(t, s, Content{User: "guest"})
		after, err := s.Start(t.Context(), alice, before)
		check(t, err, nil)
		if bytes.Equal(header(s, after), planted) {
			t.Error("the login has kept the id")
		}
		_, err = s.Find(t.Context(), planted, false)
		check(t, err, ErrNone)
		// An id that the store does not know is not taken over either.
		chosen := []byte("session=" + string(id{7}.appendText(nil)))
		_, err = s.Find(t.Context(), chosen, false)
		check(t, err, ErrNone)
	})
}

func TestReplayAfterLogout(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		s := start(t, c, time.Now)
		session, cookies := login(t, s, alice)
		check(t, s.End(t.Context(), session), nil)
		for range 2 {
			_, err := s.Find(t.Context(), cookies, false)
			check(t, err, ErrNone)
		}
	})
}

func TestForgedCookies(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		s := start(t, c, time.Now)
		_, cookies := login(t, s, alice)
		good := string(cookies)
		f := func(cookies string) {
			t.Helper()
			_, err := s.Find(t.Context(), []byte(cookies), false)
			check(t, err, ErrNone)
		}
		f("")
		f("session=")
		f("session")
		f("session=" + strings.Repeat("A", 43))
		f("session=" + strings.Repeat("A", 1<<16))
		f(good + "A")
		f(good[:len(good)-1])
		f(good + "=")
		f("Session" + strings.TrimPrefix(good, "session"))
		f("__Host-" + good)
		f("xsession" + strings.TrimPrefix(good, "session"))
		f(strings.Replace(good, "=", "=\"", 1) + "\"")
		f(strings.Repeat(";", 1000))
		last := good[len(good)-1]
		for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" { // no second text for the same id
			if byte(c) != last {
				f(good[:len(good)-1] + string(c))
			}
		}
	})
}

// Whoever can write to memcached can make nobody a user, nor another one.
func TestForgedValues(t *testing.T) {
	c := memcachedConfig(memcachedtest.Start(t).Address())
	s := start(t, c, time.Now)
	attacker, err := memcached.New(c.Config)
	check(t, err, nil)
	defer attacker.Close()
	victim, victims := login(t, s, alice)
	own, cookies := login(t, s, Content{User: "mallory"})
	key := own.id.storeKey()
	item, err := attacker.Get(t.Context(), key)
	check(t, err, nil)
	if bytes.Contains(item.Value, []byte("mallory")) || strings.Contains(key, string(own.id.appendText(nil))) {
		t.Error("memcached has the user or the id in the clear")
	}
	f := func(value []byte, want ...error) {
		t.Helper()
		wanted := append(want, ErrNone)[0]
		check(t, attacker.Set(t.Context(), key, value, time.Minute), nil)
		found, err := s.Find(t.Context(), cookies, false)
		if err == nil {
			t.Errorf("a forged value was taken: %+v", found)
		}
		check(t, err, wanted)
		check(t, s.Update(t.Context(), own, func(*Content) error { return nil }), wanted)
	}
	others, err := attacker.Get(t.Context(), victim.id.storeKey())
	check(t, err, nil)
	f(others.Value) // somebody else's
	f(nil)
	f([]byte("{}"))
	f(make([]byte, 1000))
	f((&Session{Content: alice, End: time.Now().Add(time.Hour)}).appendRecord(nil), ErrKey) // not sealed: its version is that of a seal
	for n := range item.Value {
		f(item.Value[:n])
	}
	for n := range item.Value {
		forged := bytes.Clone(item.Value)
		forged[n] ^= 1
		if n >= 1 && n <= keyIDSize { // it could be another process's
			f(forged, ErrKey)
			continue
		}
		f(forged)
	}
	f(append(bytes.Clone(item.Value), 0))
	other, err := newSealer([][]byte{[]byte(keyB)})
	check(t, err, nil)
	f(other.seal(own.id, (&Session{Content: alice, End: time.Now().Add(time.Hour)}).appendRecord(nil)), ErrKey)
	check(t, attacker.Set(t.Context(), key, item.Value, time.Minute), nil)
	for _, cookies := range [][]byte{cookies, victims} {
		_, err = s.Find(t.Context(), cookies, false)
		check(t, err, nil)
	}
}
