package throttle

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// ErrFailed: the same password of the same user, tried at the same time, was
// wrong. The attempt has been counted with that one.
var ErrFailed = errors.New("a wrong password, as another request has found out")

// Error: there were too many failures. Its text names nobody.
type Error struct {
	// RetryAfter is how long it takes until the next attempt is let through.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	return fmt.Sprintf("too many failed logins, the next in %v", e.RetryAfter.Round(time.Millisecond))
}

// Counter counts for several processes, such as memcached.
type Counter interface {
	// Add adds delta, which may be negative or 0, to the count of a key, which
	// begins at 0 and is forgotten after life, and returns the new count. A
	// key has up to 250 letters and digits.
	Add(ctx context.Context, key string, delta int, life time.Duration) (int, error)
}

// Options are what a Throttle works with.
type Options struct {
	// Name keeps the counts of a shared Counter apart from those of others.
	Name string
	// Shared counts for several processes; nil is none.
	Shared Counter
	// Secret makes the keys in Shared unreadable. It is the same in all
	// processes; nil is good for one.
	Secret []byte
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Notify is told of the failures of Shared, by whoever has met them; nil
	// tells nobody.
	Notify func(error)
}

// Throttle counts failures. See the package.
type Throttle struct {
	cfg    Config
	shared Counter
	secret key // of its keys
	now    func() time.Time
	notify func(error)

	mu      sync.Mutex
	window  window
	trust   trust
	flights map[key]*flight
}

// New returns a Throttle for a configuration without faults.
func New(cfg Config, o Options) *Throttle {
	t := &Throttle{
		cfg: cfg, shared: o.Shared, now: o.Now, notify: o.Notify,
		window: newWindow(cfg.Window), flights: map[key]*flight{},
	}
	secret := o.Secret
	if secret == nil {
		secret = newSecret()
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(o.Name))
	t.secret = key(mac.Sum(nil))
	if t.now == nil {
		t.now = time.Now
	}
	if t.notify == nil {
		t.notify = func(error) {}
	}
	return t
}

// Attempt is one login under way. It ends with exactly one call of Pass, Fail
// or Cancel.
type Attempt struct {
	throttle   *Throttle
	flight     *flight
	tag        key
	user, pair key
	leads      bool // it is his turn to try the password
}

// Begin counts an attempt to log in as user from address. The error is an
// *Error when there were too many failures; the password must not be looked at
// then. An address that is not valid, as that of a socket file, is not counted.
//
// The password is not kept; it tells one guess from another. Where the same one
// is being tried already, Begin waits for what comes of that: ErrFailed is that
// it was wrong.
func (t *Throttle) Begin(ctx context.Context, user string, address netip.Addr, password []byte) (Attempt, error) {
	from := canonicalAddress(address)
	// As it was typed: what comes of one spelling says nothing of another.
	a := Attempt{throttle: t, tag: t.key("try", user, from, string(password))}
	user = canonicalUser(user)
	a.user, a.pair = t.key("user", user), t.key("pair", user, from)
	now := t.now()
	t.mu.Lock()
	if a.flight = t.flights[a.tag]; a.flight != nil {
		a.flight.requests++
		t.mu.Unlock()
		return a.join(ctx)
	}
	trusted := t.trust.has(&a.pair, now)
	f := newFlight(count{a.user, t.cfg.Failures})
	f.trusted, f.shared = trusted, t.shared != nil && !trusted
	switch {
	case trusted:
		f.counts[0].key = a.pair
	case from != "":
		f.counts[1] = count{t.key("address", from), t.cfg.AddressFailures}
	}
	a.flight, a.leads = f, true
	wait := t.enterLocked(f, now)
	if wait == 0 {
		t.flights[a.tag] = f
	}
	t.mu.Unlock()
	if wait == 0 && f.shared {
		wait = t.decide(ctx, a)
	}
	if wait > 0 {
		return Attempt{}, &Error{RetryAfter: wait}
	}
	return a, nil
}

// enterLocked counts a flight, and returns how long it would have to wait: more
// than 0 is that it was not counted.
func (t *Throttle) enterLocked(f *flight, now time.Time) time.Duration {
	f.number = t.window.turn(now)
	var wait time.Duration
	for c := range f.counted() {
		wait = max(wait, t.window.wait(t.window.get(&c.key), c.most, now))
	}
	if wait == 0 {
		for c := range f.counted() {
			t.window.now.add(&c.key, 1)
		}
	}
	return wait
}

// uncountLocked takes back what a flight was counted for.
func (t *Throttle) uncountLocked(f *flight) {
	t.window.turn(t.now())
	for c := range f.counted() {
		if s := t.window.at(f.number); s != nil {
			s.add(&c.key, -1)
		}
	}
}

// Pass ends an attempt with the right password. At an address that is new for
// the user his failures are forgotten, and the address becomes a trusted one; at
// a trusted one those that came from there are.
func (a Attempt) Pass(ctx context.Context) {
	t, f := a.throttle, a.flight
	t.mu.Lock()
	t.window.turn(t.now())
	t.trust.add(&a.pair, t.now())
	first := f.settleLocked(passed)
	if first {
		t.window.forget(&f.counts[0].key)
	}
	t.mu.Unlock()
	if first && f.shared {
		t.forgetShared(ctx, f)
	}
	a.end(ctx, passed)
}

// Fail ends an attempt with a wrong password.
func (a Attempt) Fail(ctx context.Context) { a.end(ctx, failed) }

// Cancel ends an attempt of which nobody can say whether the password is right.
func (a Attempt) Cancel(ctx context.Context) { a.end(ctx, unknown) }

// end leaves the flight. The last one to leave takes back what was counted for
// it, unless it has failed.
func (a Attempt) end(ctx context.Context, o outcome) {
	t, f := a.throttle, a.flight
	t.mu.Lock()
	f.requests--
	if o != unknown {
		f.settleLocked(o)
	} else if a.leads {
		<-f.turn // the next one may try
	}
	last := f.requests == 0
	// Whoever brings a wrong password once more makes another guess.
	if last || f.outcome == failed {
		t.removeLocked(a.tag, f)
	}
	undo := last && f.outcome != failed
	if undo {
		if f.outcome == passed {
			f.counts[0].most = 0 // it is forgotten already
		}
		t.uncountLocked(f)
	}
	t.mu.Unlock()
	if undo && f.shared {
		t.uncountShared(ctx, f)
	}
}

// removeLocked has no more requests join a flight.
func (t *Throttle) removeLocked(tag key, f *flight) {
	if t.flights[tag] == f {
		delete(t.flights, tag)
	}
}

// key returns the keyed hash of texts. Behind a secret of a fixed size, and cut
// short where others may see it, SHA-256 itself will do.
func (t *Throttle) key(texts ...string) key {
	var space [256]byte
	b := append(space[:0], t.secret[:]...)
	for _, text := range texts {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return sha256.Sum256(b)
}

// canonicalAddress returns the address as it is counted, or "".
func canonicalAddress(address netip.Addr) string {
	address = address.Unmap()
	switch {
	case !address.IsValid():
		return ""
	case address.Is6():
		prefix, err := address.WithZone("").Prefix(64)
		if err != nil {
			return ""
		}
		return prefix.String()
	}
	return address.String()
}
