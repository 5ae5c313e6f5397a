package throttle

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"
)

// clock is a time that a test sets.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Unix(1_700_000_040, 0)} } // the beginning of a minute

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func newThrottle(set func(*Config, *Options)) (*Throttle, *clock) {
	var cfg Config
	cfg.SetDefaults()
	c := newClock()
	o := Options{Now: c.now}
	if set != nil {
		set(&cfg, &o)
	}
	return New(cfg, o), c
}

func address(text string) netip.Addr { return netip.MustParseAddr(text) }

// guess tries one password, and returns how long the throttle has it wait.
func guess(t testing.TB, th *Throttle, user, from, password string, right bool) time.Duration {
	t.Helper()
	attempt, err := th.Begin(t.Context(), user, address(from), []byte(password))
	if refused, ok := errors.AsType[*Error](err); ok {
		return refused.RetryAfter
	}
	if err != nil {
		t.Fatal(err)
	}
	if right {
		attempt.Pass(t.Context())
	} else {
		attempt.Fail(t.Context())
	}
	return 0
}

func TestUser(t *testing.T) {
	th, c := newThrottle(nil)
	for i := range 5 {
		if wait := guess(t, th, "bob", "192.0.2.1", fmt.Sprint(i), false); wait != 0 {
			t.Fatalf("guess %d waits %v", i+1, wait)
		}
	}
	// One more has to wait, in whatever spelling and from wherever it comes.
	for _, user := range []string{"bob", "BOB", "Bob  "} {
		if wait := guess(t, th, user, "192.0.2.2", "secret", true); wait != 72*time.Second {
			t.Errorf("%q waits %v, want 72s", user, wait)
		}
	}
	if wait := guess(t, th, "eve", "192.0.2.1", "x", false); wait != 0 {
		t.Errorf("another user waits %v", wait)
	}
	c.pass(71 * time.Second)
	if wait := guess(t, th, "bob", "192.0.2.2", "secret", true); wait <= 0 || wait > time.Second {
		t.Errorf("a second before waits %v", wait)
	}
	c.pass(time.Second)
	if wait := guess(t, th, "bob", "192.0.2.2", "secret", true); wait != 0 {
		t.Errorf("then waits %v", wait)
	}
	// It was right, so what was before is forgotten.
	for i := range 5 {
		if wait := guess(t, th, "bob", "192.0.2.3", fmt.Sprint(i), false); wait != 0 {
			t.Errorf("guess %d after a success waits %v", i+1, wait)
		}
	}
}

func TestTrustedAddress(t *testing.T) {
	th, c := newThrottle(nil)
	guess(t, th, "bob", "192.0.2.1", "secret", true)
	for i := range 20 {
		guess(t, th, "bob", "198.51.100.7", fmt.Sprint(i), false)
	}
	if wait := guess(t, th, "bob", "192.0.2.9", "secret", true); wait == 0 {
		t.Error("bob is let in from a new address while he is guessed at")
	}
	for range 100 {
		if wait := guess(t, th, "bob", "192.0.2.1", "secret", true); wait != 0 {
			t.Fatalf("bob waits %v where he has logged in before", wait)
		}
	}
	// That helps nobody elsewhere.
	if wait := guess(t, th, "bob", "198.51.100.7", "secret", true); wait == 0 {
		t.Error("bob's successes at his address let others guess again")
	}
	// Nor does it let those guess without end who share the address.
	waits := 0
	for i := range 20 {
		if guess(t, th, "bob", "192.0.2.1", fmt.Sprint(i), false) > 0 {
			waits++
		}
	}
	if waits != 15 {
		t.Errorf("%d of 20 guesses at a trusted address were refused, want 15", waits)
	}
	c.pass(25 * time.Hour)
	for i := range 5 {
		guess(t, th, "bob", "198.51.100.7", fmt.Sprint(i), false)
	}
	if wait := guess(t, th, "bob", "192.0.2.1", "secret", true); wait == 0 {
		t.Error("an address is trusted after a day")
	}
}

// TestStuffing tries 10,000 users from one address, one user from 10,000
// addresses, and 10,000 users from as many, after which a user who was guessed
// at before is still refused.
func TestStuffing(t *testing.T) {
	let := func(n int, user, from func(i int) string) int {
		th, _ := newThrottle(nil)
		passed := 0
		for i := range n {
			if guess(t, th, user(i), from(i), "123456", false) == 0 {
				passed++
			}
		}
		return passed
	}
	one := func(text string) func(int) string { return func(int) string { return text } }
	users := func(i int) string { return fmt.Sprintf("user%d", i) }
	addresses := func(i int) string { return fmt.Sprintf("10.1.%d.%d", i/256, i%256) }
	if got := let(10_000, users, one("192.0.2.1")); got != 50 {
		t.Errorf("%d of 10,000 users were tried from one address, want 50", got)
	}
	if got := let(10_000, one("bob"), addresses); got != 5 {
		t.Errorf("bob was tried %d times from 10,000 addresses, want 5", got)
	}
	// One machine has a whole /64.
	if got := let(10_000, users, func(i int) string { return fmt.Sprintf("2001:db8::%x", i+1) }); got != 50 {
		t.Errorf("%d of 10,000 users were tried from one /64, want 50", got)
	}
	if got := let(10_000, users, func(i int) string { return fmt.Sprintf("::ffff:192.0.2.%d", i%2) }); got != 100 {
		t.Errorf("%d of 10,000 users were tried from two addresses, want 100", got)
	}

	th, _ := newThrottle(nil)
	for i := range 5 {
		guess(t, th, "bob", "192.0.2.1", fmt.Sprint(i), false)
	}
	for i := range 10_000 {
		guess(t, th, users(i), addresses(i), "123456", false)
	}
	if wait := guess(t, th, "bob", "192.0.2.9", "secret", true); wait == 0 {
		t.Error("a flood of others has washed bob clean")
	}
	if wait := guess(t, th, "alice", "203.0.113.1", "secret", true); wait != 0 {
		t.Errorf("alice, whom nobody has tried, waits %v", wait)
	}
	if len(th.flights) != 0 {
		t.Errorf("%d attempts are still under way", len(th.flights))
	}
	if size := unsafe.Sizeof(*th.window.now) + unsafe.Sizeof(*th.window.earlier); size != 1<<20 {
		t.Errorf("the counts take %d bytes, want 1 MiB", size)
	}
}

// TestTrustIsBounded has a user log in from ever more addresses.
func TestTrustIsBounded(t *testing.T) {
	var m trust
	now := time.Now()
	for i := range 3 * maxTrust {
		m.add(&key{byte(i), byte(i >> 8), byte(i >> 16)}, now)
		if n := len(m.young) + len(m.old); n > 2*maxTrust {
			t.Fatalf("%d entries", n)
		}
	}
	if last := 3*maxTrust - 1; !m.has(&key{byte(last), byte(last >> 8), byte(last >> 16)}, now) {
		t.Error("the latest is forgotten")
	}
}

// TestAtTheSameTime has many guesses begin before one of them ends.
func TestAtTheSameTime(t *testing.T) {
	th, _ := newThrottle(nil)
	var under []Attempt
	for i := range 100 {
		if a, err := th.Begin(t.Context(), "bob", address("192.0.2.1"), fmt.Append(nil, i)); err == nil {
			under = append(under, a)
		}
	}
	if len(under) != 5 {
		t.Errorf("%d guesses are under way, want 5", len(under))
	}
	for _, a := range under {
		a.Cancel(t.Context())
	}
}

func TestCancelCountsNothing(t *testing.T) {
	th, c := newThrottle(nil)
	for i := range 100 {
		a, err := th.Begin(t.Context(), "bob", address("192.0.2.1"), fmt.Append(nil, i))
		if err != nil {
			t.Fatal(err)
		}
		c.pass(time.Second) // some end in another stretch of time than they began
		a.Cancel(t.Context())
	}
}

func TestNotCounted(t *testing.T) {
	th, _ := newThrottle(func(c *Config, _ *Options) { c.Failures = 0 })
	for i := range 50 {
		if wait := guess(t, th, "bob", "192.0.2.1", fmt.Sprint(i), false); wait != 0 {
			t.Fatalf("guess %d waits %v", i+1, wait)
		}
	}
	if guess(t, th, "bob", "192.0.2.1", "x", false) == 0 {
		t.Error("the address is not counted")
	}
	th, _ = newThrottle(func(c *Config, _ *Options) { c.AddressFailures = 0 })
	for i := range 200 {
		if wait := guess(t, th, fmt.Sprint(i), "192.0.2.1", "x", false); wait != 0 {
			t.Fatalf("guess %d waits %v", i+1, wait)
		}
	}
	// A socket file has no address.
	th, _ = newThrottle(nil)
	for i := range 200 {
		a, err := th.Begin(t.Context(), fmt.Sprint(i), netip.Addr{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		a.Fail(t.Context())
	}
}

// memory is a Counter for several Throttles.
type memory struct {
	mu     sync.Mutex
	counts map[string]int
	err    error
}

func (m *memory) Add(_ context.Context, key string, delta int, _ time.Duration) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return 0, m.err
	}
	if m.counts == nil {
		m.counts = map[string]int{}
	}
	m.counts[key] = max(m.counts[key]+delta, 0)
	return m.counts[key], nil
}

func TestShared(t *testing.T) {
	shared, told := &memory{}, []error{}
	set := func(_ *Config, o *Options) {
		o.Shared, o.Secret, o.Name = shared, []byte("one secret for all"), "staff"
		o.Notify = func(err error) { told = append(told, err) }
	}
	one, _ := newThrottle(set)
	two, _ := newThrottle(set)
	for i := range 5 {
		guess(t, []*Throttle{one, two}[i%2], "bob", "192.0.2.1", fmt.Sprint(i), false)
	}
	for _, th := range []*Throttle{one, two} {
		if wait := guess(t, th, "bob", "192.0.2.2", "secret", true); wait != 72*time.Second {
			t.Errorf("bob waits %v, want 72s", wait)
		}
	}
	other, _ := newThrottle(func(c *Config, o *Options) {
		set(c, o)
		o.Name = "other"
	})
	if wait := guess(t, other, "bob", "192.0.2.2", "secret", true); wait != 0 {
		t.Errorf("with another verifier bob waits %v", wait)
	}
	// A success is for all.
	for i := range 4 {
		guess(t, one, "eve", "192.0.2.1", fmt.Sprint(i), false)
	}
	guess(t, two, "eve", "192.0.2.1", "secret", true)
	if wait := guess(t, other, "eve", "192.0.2.4", "x", false); wait != 0 {
		t.Errorf("eve waits %v", wait)
	}
	for name := range shared.counts {
		if strings.Contains(name, "bob") || strings.Contains(name, "192") || len(name) > 250 || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("the name of a count is %q", name)
		}
	}
	if len(told) > 0 {
		t.Errorf("got told %v", told)
	}
	// Without it each counts for itself.
	shared.err = errors.New("no answer")
	waits := 0
	for i := range 10 {
		if guess(t, one, "carl", "192.0.2.77", fmt.Sprint(i), false) > 0 {
			waits++
		}
	}
	if waits != 5 || !slices.ContainsFunc(told, func(err error) bool { return errors.Is(err, shared.err) }) {
		t.Errorf("%d of 10 were refused, want 5; told %v", waits, told)
	}
}

// TestSharedAtTheSameTime has the same wrong password tried by many at once,
// while a refusal of the shared counter is on its way.
func TestSharedAtTheSameTime(t *testing.T) {
	shared := &memory{}
	th, _ := newThrottle(func(_ *Config, o *Options) { o.Shared = shared })
	for i := range 4 {
		guess(t, th, "bob", "192.0.2.1", fmt.Sprint(i), false)
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			a, err := th.Begin(context.Background(), "bob", address("192.0.2.1"), []byte("same"))
			if err == nil {
				a.Fail(context.Background())
			}
		})
	}
	wg.Wait()
	if guess(t, th, "bob", "192.0.2.1", "other", false) == 0 {
		t.Error("the failures of many at once were not counted")
	}
	if len(th.flights) != 0 {
		t.Errorf("%d attempts are still under way", len(th.flights))
	}
}

func TestConfig(t *testing.T) {
	f := func(set func(*Config), want ...string) {
		t.Helper()
		var c Config
		c.SetDefaults()
		set(&c)
		var got []string
		for _, err := range c.Validate() {
			got = append(got, err.Error())
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(func(*Config) {})
	f(func(c *Config) { c.Failures, c.AddressFailures = 0, 0 })
	f(func(c *Config) { c.Failures, c.AddressFailures, c.Window = -1, 10_001, time.Millisecond },
		"failures: -1 failures (1 to 10000, or 0 for no limit)", "address_failures: 10001 failures (1 to 10000, or 0 for no limit)",
		`window: 1ms is out of bounds (from "1s" to "24h")`)
}

func BenchmarkPass(b *testing.B) {
	th, _ := newThrottle(nil)
	from, password := address("192.0.2.1"), []byte("secret")
	b.ReportAllocs()
	for b.Loop() {
		a, _ := th.Begin(context.Background(), "bob", from, password)
		a.Pass(context.Background())
	}
}
