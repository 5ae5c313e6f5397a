package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zerohop/gateway/passhash"
)

// table is a Rows with a row for every user, or for every hash of a key.
type table struct {
	mu    sync.Mutex
	rows  map[string]Row
	err   error
	asked []Values
}

func (t *table) Row(_ context.Context, v *Values) (Row, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = append(t.asked, Values{[]byte(string(v.User)), []byte(string(v.Password)), []byte(string(v.Hash)), []byte(string(v.OldHash)), []byte(string(v.KeyHash))})
	if t.err != nil {
		return Row{}, t.err
	}
	return t.rows[string(v.User)+string(v.KeyHash)], nil
}

// row makes one row of texts name=value; a name alone is NULL.
func row(columns ...string) Row {
	r := Row{Count: 1}
	for _, c := range columns {
		name, value, ok := strings.Cut(c, "=")
		r.Columns = append(r.Columns, Column{Name: name, Value: value, Null: !ok})
	}
	return r
}

// clock is a time that a test sets.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

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

// bench is a verifier, with what it works on at hand.
type bench struct {
	*Verifier
	clock  *clock
	hasher *passhash.Hasher
	told   []error
}

// newBench makes the verifier of a configuration, which is not throttled.
func newBench(t testing.TB, set func(*Config, *Sources)) *bench {
	t.Helper()
	b := &bench{clock: &clock{t: time.Unix(1_700_000_040, 0)}, hasher: passhash.NewHasher(2, 10*time.Second)}
	var cfg Config
	cfg.SetDefaults()
	cfg.Throttle.Failures, cfg.Throttle.AddressFailures = 0, 0
	s := Sources{Now: b.clock.now, Hasher: b.hasher, Notify: func(err error) { b.told = append(b.told, err) }}
	set(&cfg, &s)
	v, err := New("staff", cfg, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	b.Verifier = v
	return b
}

// login verifies a user and a password.
func (b *bench) login(user, password string) (Identity, error) {
	return b.Verify(context.Background(), &Request{User: []byte(user), Password: []byte(password), Address: netip.MustParseAddr("192.0.2.1")})
}

// send verifies a request with one header.
func (b *bench) send(name, value string) (Identity, error) {
	return b.Verify(context.Background(), &Request{Header: func(n string) []byte {
		if n == name && value != "" {
			return []byte(value)
		}
		return nil
	}})
}

// describe writes an identity as "bob[admin ops] a=1 b=NULL".
func describe(id Identity) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%v", id.User, id.Roles)
	for _, c := range id.Columns {
		if c.Null {
			c.Value = "NULL"
		}
		fmt.Fprintf(&b, " %s=%s", c.Name, c.Value)
	}
	return b.String()
}

// file returns the path of a new file.
func file(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, text)
	return path
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestIdentity(t *testing.T) {
	id := identify("BOB", row("hash=x", "user=bob", "id=7", "role=admin, ops", "team"), 0, "role")
	if got, want := describe(id), "bob[admin ops] user=bob id=7 role=admin, ops team=NULL"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	f := func(name, want string, wantOK bool) {
		t.Helper()
		if got, ok := id.Lookup(name); got != want || ok != wantOK {
			t.Errorf("Lookup(%s): got %q, %t, want %q, %t", name, got, ok, want, wantOK)
		}
	}
	f("user", "bob", true)
	f("role", "admin,ops", true)
	f("id", "7", true)
	f("team", "", false)
	f("hash", "", false)
	f("password", "", false)

	allow := func(want error, roles ...string) {
		t.Helper()
		if err := id.Allow(roles); !errors.Is(err, want) {
			t.Errorf("Allow(%q): got %v, want %v", roles, err, want)
		}
	}
	allow(nil)
	allow(nil, "guest", "ops")
	allow(ErrForbidden, "guest")
	allow(ErrForbidden, "Admin")
	allow(ErrForbidden, "admin, ops")
	none := Identity{User: "eve"}
	if err := none.Allow([]string{""}); !errors.Is(err, ErrForbidden) {
		t.Errorf("got %v, want %v", err, ErrForbidden)
	}
}

func TestChallenge(t *testing.T) {
	f := func(want string, set func(*Config)) {
		t.Helper()
		b := newBench(t, func(c *Config, s *Sources) {
			s.Lookup = &table{}
			set(c)
		})
		if got := b.Challenge(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	f(`Basic realm="zerohop", charset="UTF-8"`, func(c *Config) { c.Type, c.SQLHash = TypeBasic, "select 1" })
	f(`Bearer realm="my api"`, func(c *Config) { c.Type, c.SQL, c.Realm = TypeKey, "select 1", "my api" })
	f(`APIKey realm="zerohop", header="X-Api-Key"`, func(c *Config) { c.Type, c.SQL, c.Header = TypeKey, "select 1", "X-Api-Key" })
}
