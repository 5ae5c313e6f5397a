package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"zerohop/gateway/memcached/memcachedtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Keys as openssl makes them.
const (
	keyA = "mUBnSiBh0+9GyJh1UDxWIAUO0e1hQ9c0mS2n1x7gzK4="
	keyB = "0d7f3a5e9c1b2d4f6a8e0c2b4d6f8a1c3e5b7d9f1a3c5e7b9d1f3a5c7e9b1d3f"
)

// clock is a time that only a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Unix(1_800_000_000, 0)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

func memoryConfig() Config {
	var c Config
	c.SetDefaults()
	return c
}

// memcachedConfig is patient with a machine that is busy with other tests.
func memcachedConfig(servers ...string) Config {
	c := memoryConfig()
	c.Store, c.Servers, c.Keys, c.Timeout = StoreMemcached, servers, []string{keyA}, time.Second
	return c
}

func start(t testing.TB, c Config, now func() time.Time) *Sessions {
	t.Helper()
	s, err := newSessions(c, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func check(t testing.TB, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got error %v, want %v", got, want)
	}
}

// onBoth runs a test on both stores.
func onBoth(t *testing.T, test func(t *testing.T, c Config)) {
	t.Run(StoreMemory, func(t *testing.T) { test(t, memoryConfig()) })
	t.Run(StoreMemcached, func(t *testing.T) { test(t, memcachedConfig(memcachedtest.Start(t).Address())) })
}

// login starts a session and returns it with its Cookie header.
func login(t testing.TB, s *Sessions, c Content) (*Session, []byte) {
	t.Helper()
	started, err := s.Start(t.Context(), c, nil)
	check(t, err, nil)
	return started, header(s, started)
}

func header(s *Sessions, of *Session) []byte {
	pair, _, _ := bytes.Cut(s.AppendCookie(nil, of, false), []byte(";"))
	return pair
}

var alice = Content{
	User: "alice", Roles: []string{"staff", "admin"},
	Columns: []Column{{Name: "id", Value: "7"}, {Name: "team", Null: true}, {Name: "note"}},
	Data:    []byte(`{"cart":[1,2],"name":"Zoë"}`),
}

func TestLife(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		s := start(t, c, time.Now)
		started, cookies := login(t, s, alice)
		found, err := s.Find(t.Context(), cookies, false)
		check(t, err, nil)
		if !reflect.DeepEqual(found.Content, alice) {
			t.Errorf("got %+v, want %+v", found.Content, alice)
		}
		if !found.Created.Equal(started.Created) || found.End.Sub(found.Created) != 12*time.Hour {
			t.Errorf("got %v to %v, want %v and twelve hours", found.Created, found.End, started.Created)
		}
		check(t, s.Update(t.Context(), found, func(c *Content) error {
			c.Roles = slices.Delete(c.Roles, 0, 1)
			c.Data = []byte(`{}`)
			return nil
		}), nil)
		again, err := s.Find(t.Context(), cookies, false)
		check(t, err, nil)
		if !reflect.DeepEqual(again, found) || string(again.Data) != "{}" || len(again.Roles) != 1 {
			t.Errorf("got %+v, want %+v", again, found)
		}
		check(t, s.End(t.Context(), again), nil)
		check(t, s.End(t.Context(), again), nil)
		_, err = s.Find(t.Context(), cookies, false)
		check(t, err, ErrNone)
		check(t, s.Update(t.Context(), found, func(*Content) error { return nil }), ErrNone)
	})
}

func TestExpiry(t *testing.T) {
	clock := newClock()
	c := memoryConfig()
	s := start(t, c, clock.Now)
	f := func(steps int, each time.Duration, want error) {
		t.Helper()
		_, cookies := login(t, s, alice)
		var err error
		for range steps {
			clock.advance(each)
			if _, err = s.Find(t.Context(), cookies, false); err != nil {
				break
			}
		}
		check(t, err, want)
	}
	f(1, c.Idle-time.Nanosecond, nil)
	f(1, c.Idle, ErrNone)
	f(23, 30*time.Minute-time.Second, nil)     // it slides
	f(25, 30*time.Minute-time.Second, ErrNone) // and ends all the same
}

// memcached forgets what nobody asked for, and each Find starts that anew. Its
// clock ticks once a second, and now and then goes two seconds at once.
func TestIdleInMemcached(t *testing.T) {
	c := memcachedConfig(memcachedtest.Start(t).Address())
	c.Idle = 4 * time.Second
	s := start(t, c, time.Now)
	_, kept := login(t, s, alice)
	_, forgotten := login(t, s, alice)
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		_, err := s.Find(t.Context(), kept, false)
		check(t, err, nil)
	}
	_, err := s.Find(t.Context(), forgotten, false)
	check(t, err, ErrNone)
}

// The absolute time is counted from the login by the clock of whoever reads,
// and one that is made shorter is so for all.
func TestAbsoluteTime(t *testing.T) {
	server := memcachedtest.Start(t)
	c := memcachedConfig(server.Address())
	clock := newClock()
	s := start(t, c, clock.Now)
	_, cookies := login(t, s, alice)
	shorter := c
	shorter.Absolute = time.Hour
	f := func(c Config, age time.Duration, want error) {
		t.Helper()
		other := start(t, c, func() time.Time { return clock.Now().Add(age) })
		_, err := other.Find(t.Context(), cookies, false)
		check(t, err, want)
	}
	f(c, -5*time.Minute, nil) // a clock that is slow
	f(c, 5*time.Minute, nil)
	f(c, c.Absolute-time.Second, nil)
	f(shorter, time.Hour-time.Second, nil)
	f(shorter, time.Hour, ErrNone)
	f(c, c.Absolute, ErrNone)
}

// A key that is replaced opens what it has sealed, until it is gone; what is
// changed in between has the new one.
func TestRotation(t *testing.T) {
	c := memcachedConfig(memcachedtest.Start(t).Address())
	c.Keys = []string{keyA}
	before := start(t, c, time.Now)
	c.Keys = []string{keyB, keyA}
	during := start(t, c, time.Now)
	c.Keys = []string{keyB}
	after := start(t, c, time.Now)

	_, untouched := login(t, before, alice)
	session, updated := login(t, before, alice)
	check(t, during.Update(t.Context(), session, func(c *Content) error { c.User = "alice2"; return nil }), nil)
	f := func(s *Sessions, cookies []byte, want error) {
		t.Helper()
		_, err := s.Find(t.Context(), cookies, false)
		check(t, err, want)
	}
	f(during, untouched, nil)
	f(during, updated, nil)
	for _, unknown := range []error{ErrUnavailable, ErrKey} {
		f(before, updated, unknown) // a process that is not restarted yet logs nobody out
		f(after, untouched, unknown)
	}
	f(after, updated, nil)
	c.Keys = []string{keyA, keyB} // the first of two steps
	f(start(t, c, time.Now), updated, nil)
}

// While one of three servers is gone, new sessions are on the other two.
func TestStartWithServerLost(t *testing.T) {
	servers := []*memcachedtest.Server{memcachedtest.Start(t), memcachedtest.Start(t), memcachedtest.Start(t)}
	s := start(t, memcachedConfig(servers[0].Address(), servers[1].Address(), servers[2].Address()), time.Now)
	servers[1].Kill()
	for range 50 {
		_, cookies := login(t, s, alice)
		_, err := s.Find(t.Context(), cookies, false)
		check(t, err, nil)
	}
}

// Two processes count in one session at the same time, and no count is lost.
func TestConcurrentUpdates(t *testing.T) {
	onBoth(t, func(t *testing.T, c Config) {
		processes := []*Sessions{start(t, c, time.Now)}
		if c.Store == StoreMemcached {
			processes = append(processes, start(t, c, time.Now))
		}
		_, cookies := login(t, processes[0], Content{User: "alice", Data: []byte(`{"n":0}`)})
		const workers, rounds = 8, 125
		var wg sync.WaitGroup
		for i := range workers {
			wg.Go(func() {
				s := processes[i%len(processes)]
				for range rounds {
					session, err := s.Find(t.Context(), cookies, false)
					if err == nil {
						err = s.Update(t.Context(), session, increment)
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		session, err := processes[0].Find(t.Context(), cookies, false)
		check(t, err, nil)
		if got, want := string(session.Data), fmt.Sprintf(`{"n":%d}`, workers*rounds); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func increment(c *Content) error {
	var data struct {
		N int `json:"n"`
	}
	if err := json.Unmarshal(c.Data, &data); err != nil {
		return err
	}
	data.N++
	var err error
	c.Data, err = json.Marshal(data)
	return err
}

func TestUpdateThatFails(t *testing.T) {
	s := start(t, memoryConfig(), time.Now)
	session, cookies := login(t, s, alice)
	own := errors.New("no")
	f := func(change func(*Content) error, want error) {
		t.Helper()
		check(t, s.Update(t.Context(), session, change), want)
		found, err := s.Find(t.Context(), cookies, false)
		check(t, err, nil)
		if !reflect.DeepEqual(found.Content, alice) {
			t.Errorf("got %+v, want %+v", found.Content, alice)
		}
	}
	f(func(c *Content) error { c.User = ""; c.Roles[0] = "root"; return own }, own)
	f(func(c *Content) error { c.Data = []byte(`[]`); return nil }, ErrNotObject)
	f(func(c *Content) error { c.Data = []byte(`{"a":`); return nil }, ErrNotObject)
	f(func(c *Content) error { c.Data = bytes.Repeat([]byte(" "), MaxData+1); return nil }, ErrTooLarge)
	f(func(c *Content) error { c.User = strings.Repeat("a", MaxIdentity+1); return nil }, ErrTooLarge)
	f(func(c *Content) error { c.Roles = make([]string, maxRoles+1); return nil }, ErrTooLarge)
	// Somebody is always faster.
	f(func(*Content) error {
		item, err := s.store.Get(t.Context(), session.id.storeKey())
		check(t, err, nil)
		return s.store.CompareAndSwap(t.Context(), session.id.storeKey(), item.Value, time.Hour, item.CAS)
	}, ErrContended)
}

// A store that is down is never an end of a session.
func TestStoreDown(t *testing.T) {
	server := memcachedtest.Start(t)
	c := memcachedConfig(server.Address())
	s := start(t, c, time.Now)
	session, cookies := login(t, s, alice)
	server.Kill()
	for range 3 {
		_, err := s.Find(t.Context(), cookies, false)
		check(t, err, ErrUnavailable)
		_, err = s.Start(t.Context(), alice, nil)
		check(t, err, ErrUnavailable)
		check(t, s.Update(t.Context(), session, func(*Content) error { return nil }), ErrUnavailable)
		err = s.End(t.Context(), session)
		check(t, err, ErrUnavailable)
		if errors.Is(err, ErrNone) {
			t.Error("a server that is down is taken for a session that is over")
		}
	}
	_, err := s.Find(t.Context(), []byte("theme=dark"), false) // who has no cookie is not asked for
	check(t, err, ErrNone)
	server.Restart()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err = s.Find(t.Context(), cookies, false); !errors.Is(err, ErrUnavailable) || time.Now().After(deadline) {
			break
		}
	}
	check(t, err, ErrNone) // the server has forgotten it
	_, cookies = login(t, s, alice)
	_, err = s.Find(t.Context(), cookies, false)
	check(t, err, nil)
}

// A login whose old session cannot be ended does not happen.
func TestStartWithOldSessionOutOfReach(t *testing.T) {
	a, b := memcachedtest.Start(t), memcachedtest.Start(t)
	s := start(t, memcachedConfig(a.Address(), b.Address()), time.Now)
	var old, other *Session // on a, and on b
	for old == nil || other == nil {
		session, _ := login(t, s, alice)
		one := start(t, memcachedConfig(a.Address()), time.Now)
		if _, err := one.read(t.Context(), session.id); err == nil {
			old = session
		} else {
			other = session
		}
	}
	a.Kill()
	started := 0
	for range 20 { // half of the new ones would be on b
		if _, err := s.Start(t.Context(), alice, old); err == nil {
			started++
		}
	}
	if started > 0 {
		t.Errorf("%d sessions began beside one that goes on", started)
	}
	_, err := s.read(t.Context(), other.id)
	check(t, err, nil)
}
