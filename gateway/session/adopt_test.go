package session

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"zerohop/gateway/memcached"
	"zerohop/gateway/memcached/memcachedtest"
)

const oldCookieSecret, oldSecret = "the application's secret", "the manager's secret"

// signV2 signs as Tornado does; that this is so is for package tornado to show.
func signV2(name, value string, at time.Time) string {
	field := func(s string) string { return fmt.Sprintf("%d:%s|", len(s), s) }
	text := "2|" + field("0") + field(fmt.Sprint(at.Unix())) + field(name) + field(base64.StdEncoding.EncodeToString([]byte(value)))
	return text + hexMAC(oldCookieSecret, text)
}

func hexMAC(key, message string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(message))
	return hex.EncodeToString(mac.Sum(nil))
}

// oldCookies are those of a session of the old stack.
func oldCookies(oldID string) []byte {
	return fmt.Appendf(nil, `a=b; session_id="%s"; verification="%s"`,
		signV2("session_id", oldID, time.Now()), signV2("verification", hexMAC(oldID, oldSecret), time.Now()))
}

func compatConfig(servers ...string) Config {
	c := memcachedConfig(servers...)
	c.Compat, c.Tornado.CookieSecret, c.Tornado.Secret = CompatTornado, oldCookieSecret, oldSecret
	return c
}

const oldPickle = "\x80\x02}q\x00(U\tuser_nameq\x01U\x05aliceq\x02U\x04cartq\x03]q\x04K\x07au."

func TestAdopt(t *testing.T) {
	a, b := memcachedtest.Start(t), memcachedtest.Start(t)
	c := compatConfig(a.Address(), b.Address())
	clock := &clock{now: time.Now()}
	processes := []*Sessions{start(t, c, clock.Now), start(t, c, clock.Now)}
	old, err := memcached.New(memcached.Config{Servers: []string{b.Address()}, Timeout: time.Second, Connections: 1})
	check(t, err, nil)
	defer old.Close()
	oldID := strings.Repeat("0f", 32)
	check(t, old.Set(t.Context(), oldID, []byte(oldPickle), time.Hour), nil)

	// A browser asks for several things at once, of both processes.
	var (
		wg      sync.WaitGroup
		headers [8]string
	)
	for i := range headers {
		wg.Go(func() {
			adopted, err := processes[i%2].Adopt(t.Context(), oldCookies(oldID))
			if err != nil {
				t.Error(err)
				return
			}
			if want := `{"user_name":"alice","cart":[7]}`; adopted.User != "alice" || string(adopted.Data) != want {
				t.Errorf("got %+v", adopted.Content)
			}
			headers[i] = string(header(processes[0], adopted))
		})
	}
	wg.Wait()
	for _, h := range headers {
		if h != headers[0] {
			t.Fatalf("got the sessions %q", headers)
		}
	}
	_, err = old.Get(t.Context(), oldID)
	check(t, err, memcached.ErrMiss)
	adopted, err := processes[1].Find(t.Context(), []byte(headers[0]), false)
	check(t, err, nil)
	clock.advance(grace + time.Second)
	_, err = processes[0].Adopt(t.Context(), oldCookies(oldID)) // used before
	check(t, err, ErrNone)
	_, err = processes[0].Find(t.Context(), []byte(headers[0]), false)
	check(t, err, nil)
	check(t, processes[0].End(t.Context(), adopted), nil)
	_, err = processes[0].Adopt(t.Context(), oldCookies(oldID)) // replayed after the logout
	check(t, err, ErrNone)
}

// patient is the context of a request that asks for several things.
type patient struct {
	context.Context
	patience memcached.Patience
}

func (p *patient) Value(key any) any {
	if key == any(memcached.PatienceKey) {
		return &p.patience
	}
	return p.Context.Value(key)
}

// Where memcached does not say that the old session is gone, the next request
// with its cookies completes the takeover, and once the new session is over they
// lead nowhere. Whoever has been given that keeps it.
func TestAdoptWhereNothingIsRemoved(t *testing.T) {
	f := func(later time.Duration, meanwhile bool) {
		t.Helper()
		server := memcachedtest.Start(t)
		relay := memcachedtest.StartRelay(t, server)
		c, clock := compatConfig(relay.Address()), &clock{now: time.Now()}
		c.Timeout = 500 * time.Millisecond
		s := start(t, c, clock.Now)
		direct := start(t, compatConfig(server.Address()), clock.Now)
		oldID := strings.Repeat("0f", 32)
		check(t, direct.servers.Set(t.Context(), oldID, []byte(oldPickle), time.Hour), nil)
		relay.Lose(1, "delete")
		failed := make(chan error)
		go func() {
			_, err := s.Adopt(&patient{Context: t.Context()}, oldCookies(oldID))
			failed <- err
		}()
		for meanwhile {
			adopted, err := direct.read(t.Context(), s.successor(oldID))
			if err != nil {
				continue // it is not there yet
			}
			adopted, err = direct.Adopt(t.Context(), oldCookies(oldID))
			check(t, err, nil)
			defer func() {
				_, err := direct.read(t.Context(), adopted.id)
				check(t, err, nil)
			}()
			break
		}
		check(t, <-failed, ErrUnavailable)
		if meanwhile {
			return
		}
		clock.advance(later)
		adopted, err := s.Adopt(&patient{Context: t.Context()}, oldCookies(oldID))
		check(t, err, nil)
		_, err = direct.servers.Get(t.Context(), oldID)
		check(t, err, memcached.ErrMiss)
		check(t, s.End(t.Context(), adopted), nil)
		_, err = s.Adopt(t.Context(), oldCookies(oldID))
		check(t, err, ErrNone)
	}
	f(0, false)
	f(2*grace, false)
	f(0, true)
}

func TestAdoptRefuses(t *testing.T) {
	server := memcachedtest.Start(t)
	s := start(t, compatConfig(server.Address()), time.Now)
	f := func(cookies []byte, pickle string, want error) {
		t.Helper()
		oldID := strings.Repeat("1e", 32)
		check(t, s.servers.Set(t.Context(), oldID, []byte(pickle), time.Hour), nil)
		_, err := s.Adopt(t.Context(), cookies)
		check(t, err, want)
	}
	good := oldCookies(strings.Repeat("1e", 32))
	f(nil, oldPickle, ErrNone)
	f([]byte("session_id=x; verification=y"), oldPickle, ErrNone)
	f(oldCookies(strings.Repeat("2e", 32)), oldPickle, ErrNone) // memcached has none
	f(oldCookies("short"), oldPickle, ErrNone)
	f(good[:len(good)-3], oldPickle, ErrNone)
	f(good, "cos\nsystem\n(S'x'\ntR.", ErrNone)
	f(good, "cos\nsystem\n(S'x'\ntR.", ErrOld)
	f(good, "garbage", ErrOld)
	f(good, "}.", ErrNone) // nobody had logged in
	f(good, "", ErrNone)
	large := "}(U\tuser_nameU\x05aliceU\x01xX\x00\x30\x00\x00" + strings.Repeat("x", 0x3000) + "u."
	f(good, large, nil) // the user, without the data
	adopted, err := s.Adopt(t.Context(), good)
	check(t, err, nil)
	if adopted.User != "alice" || len(adopted.Data) != 0 {
		t.Errorf("got %+v", adopted.Content)
	}
	server.Kill()
	_, err = s.Adopt(t.Context(), good)
	check(t, err, ErrUnavailable)

	without := start(t, memoryConfig(), time.Now)
	_, err = without.Adopt(t.Context(), good)
	check(t, err, ErrNone)
	if got := without.OldCookies(); got != nil {
		t.Errorf("got %q", got)
	}
}
