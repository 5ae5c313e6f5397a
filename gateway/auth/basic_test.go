package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"zerohop/gateway/passhash"
	"zerohop/gateway/throttle"
)

// hashed returns argon2id hashes of passwords, made once.
func hashed(t testing.TB, password string) string {
	t.Helper()
	hash, err := passhash.Hash([]byte(password))
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func TestCount(t *testing.T) {
	users := &table{rows: map[string]Row{
		"one": row("count=1", "role=admin", "id=7"), "many": row("count=12"), "none": row("count=0"), "null": row("count"), "text": row("count=yes"),
		"minus": row("count=-1"), "plus": row("count=+1"), "half": row("count=1.5"), "blank": row("count=1 "), "hex": row("count=0x1"), "zeros": row("count=000"),
		"long": row("count=" + strings.Repeat("1", 100)), "two": {Count: 2, Columns: row("count=1").Columns}, "empty": {Count: 1},
	}}
	b := newBench(t, func(c *Config, s *Sources) { c.Type, c.SQLCount, s.Lookup = TypeBasic, "select …", users })
	f := func(user, want string) {
		t.Helper()
		id, err := b.login(user, "secret")
		if want == "" && !errors.Is(err, ErrRejected) || want != "" && (err != nil || describe(id) != want) {
			t.Errorf("%s: got %s, %v, want %q", user, describe(id), err, want)
		}
	}
	f("one", "one[admin] role=admin id=7")
	f("many", "many[]")
	for _, user := range []string{"none", "null", "text", "minus", "plus", "half", "blank", "hex", "zeros", "long", "two", "empty", "nobody", ""} {
		f(user, "")
	}
	if _, err := b.login("one", "\xff"); !errors.Is(err, ErrRejected) {
		t.Errorf("got %v, want %v", err, ErrRejected)
	}
	f("\xff", "")
	if got := users.asked[0]; string(got.User) != "one" || string(got.Password) != "secret" {
		t.Errorf("asked for %s", got.User)
	}
	if _, err := b.Verify(t.Context(), &Request{}); !errors.Is(err, ErrNoCredentials) {
		t.Errorf("got %v, want %v", err, ErrNoCredentials)
	}
	users.err = errors.New("down")
	if _, err := b.login("one", "secret"); !errors.Is(err, users.err) || errors.Is(err, ErrRejected) {
		t.Errorf("got %v, want %v", err, users.err)
	}
}

const (
	bcryptSecret   = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW" // of U*U
	absurdArgon    = "$argon2id$v=19$m=4194304,t=100,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	absurdPassword = "U*U"
)

func TestHash(t *testing.T) {
	users := &table{rows: map[string]Row{
		"bob": row("hash="+hashed(t, "secret"), "role=admin"), "ann": row("hash=" + bcryptSecret), "absurd": row("hash=" + absurdArgon),
		"plain": row("hash=secret"), "null": row("hash"), "empty": row("hash="), "two": {Count: 2, Columns: row("hash=" + bcryptSecret).Columns},
	}}
	b := newBench(t, func(c *Config, s *Sources) { c.Type, c.SQLHash, s.Lookup = TypeBasic, "select …", users })
	f := func(user, password, want string) {
		t.Helper()
		id, err := b.login(user, password)
		if want == "" && !errors.Is(err, ErrRejected) || want != "" && (err != nil || describe(id) != want) {
			t.Errorf("%s: got %s, %v, want %q", user, describe(id), err, want)
		}
		if err != nil && password != "" && strings.Contains(err.Error(), password) {
			t.Errorf("%s: the error has the password in it: %v", user, err)
		}
	}
	f("bob", "secret", "bob[admin] role=admin")
	f("bob", "secret", "bob[admin] role=admin")
	f("bob", "Hunter2?", "")
	f("bob", "", "")
	f("ann", absurdPassword, "ann[]")
	f("ann", strings.Repeat("x", 73), "")
	f("absurd", "Hunter2?", "")
	f("plain", "secret ", "")
	f("plain", "secret", "") // it is accepted nowhere
	f("null", "Hunter2?", "")
	f("empty", "", "")
	f("two", absurdPassword, "")
	f("nobody", "Hunter2?", "")
	for _, v := range users.asked {
		if len(v.Password) > 0 {
			t.Error("the statement is given the password")
		}
	}
	if _, err := b.login("absurd", "x"); !errors.Is(err, passhash.ErrTooCostly) {
		t.Errorf("got %v, want %v for the log", err, passhash.ErrTooCostly)
	}
}

func TestPlain(t *testing.T) {
	users := &table{rows: map[string]Row{"bob": row("passwd=secret"), "ann": row("passwd=" + bcryptSecret), "empty": row("passwd="), "absurd": row("passwd=" + absurdArgon)}}
	b := newBench(t, func(c *Config, s *Sources) {
		c.Type, c.SQLHash, c.Accept, s.Lookup = TypeBasic, "select …", []string{"plain"}, users
	})
	f := func(user, password string, want error) {
		t.Helper()
		if _, err := b.login(user, password); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", user, err, want)
		}
	}
	f("bob", "secret", nil)
	f("bob", "Secret", ErrRejected)
	f("bob", "", ErrRejected)
	f("empty", "", ErrRejected)
	f("ann", absurdPassword, nil)
	// A hash is no password of its own.
	f("ann", bcryptSecret, ErrRejected)
	f("absurd", absurdArgon, ErrRejected)
}

func TestCache(t *testing.T) {
	hash := hashed(t, "secret")
	users := &table{rows: map[string]Row{"bob": row("hash="+hash, "role=admin"), "eve": row("hash=" + hash)}}
	b := newBench(t, func(c *Config, s *Sources) { c.Type, c.SQLHash, s.Lookup = TypeBasic, "select …", users })
	f := func(user, password string, wantRuns uint64, want error) {
		t.Helper()
		before := b.hasher.Runs()
		_, err := b.login(user, password)
		if got := b.hasher.Runs() - before; got != wantRuns || !errors.Is(err, want) {
			t.Errorf("%s: got %d computations and %v, want %d and %v", user, got, err, wantRuns, want)
		}
	}
	f("bob", "secret", 1, nil)
	f("bob", "secret", 0, nil)
	f("eve", "secret", 1, nil) // what is known of bob is not of eve
	f("bob", "wrong", 1, ErrRejected)
	f("bob", "wrong", 1, ErrRejected) // failures are not cached
	b.clock.pass(29 * time.Second)
	f("bob", "secret", 0, nil)
	b.clock.pass(time.Second)
	f("bob", "secret", 1, nil)
	// A new password counts at once, and so does a new role.
	users.rows["bob"] = row("hash="+hashed(t, "new"), "role=guest")
	f("bob", "secret", 1, ErrRejected)
	if id, err := b.login("bob", "new"); err != nil || describe(id) != "bob[guest] role=guest" {
		t.Errorf("got %s, %v", describe(id), err)
	}
	delete(users.rows, "bob")
	f("bob", "new", 1, ErrRejected)

	never := newBench(t, func(c *Config, s *Sources) { c.Type, c.SQLHash, c.Cache, s.Lookup = TypeBasic, "select …", 0, users })
	for range 2 {
		if _, err := never.login("eve", "secret"); err != nil {
			t.Error(err)
		}
	}
	if got := never.hasher.Runs(); got != 2 {
		t.Errorf("without a cache: got %d computations, want 2", got)
	}
}

func TestVerifiedIsBounded(t *testing.T) {
	v := newVerified(time.Minute, time.Now)
	for i := range 3 * maxVerified {
		v.add(v.tag(fmt.Append(nil, i), nil, ""))
		if n := len(v.young) + len(v.old); n > 2*maxVerified {
			t.Fatalf("%d entries", n)
		}
	}
	// What stands where does not change what it is.
	if v.tag([]byte("ab"), []byte("c"), "d") == v.tag([]byte("a"), []byte("bc"), "d") {
		t.Error("two of a tag")
	}
}

// TestUnknownUserCostsTheSame counts computations, and measures: a user who
// does not exist, one with a wrong password, and one whose hash is of no use.
func TestUnknownUserCostsTheSame(t *testing.T) {
	users := &table{rows: map[string]Row{"bob": row("hash=" + hashed(t, "secret")), "absurd": row("hash=" + absurdArgon), "null": row("hash")}}
	b := newBench(t, func(c *Config, s *Sources) { c.Type, c.SQLHash, s.Lookup = TypeBasic, "select …", users })
	const tries = 9
	measure := func(user string) time.Duration {
		var took []time.Duration
		for range tries {
			before, began := b.hasher.Runs(), time.Now()
			if _, err := b.login(user, "wrong"); !errors.Is(err, ErrRejected) {
				t.Errorf("%s: got %v", user, err)
			}
			took = append(took, time.Since(began))
			if got := b.hasher.Runs() - before; got != 1 {
				t.Errorf("%s: got %d computations, want 1", user, got)
			}
		}
		slices.Sort(took)
		return took[tries/2]
	}
	unknown := measure("nobody") // of whom nothing was met before
	known := measure("bob")
	for _, user := range []string{"nobody", "absurd", "null"} {
		if got := measure(user); got > 5*known || known > 5*got {
			t.Errorf("%s takes %v, a wrong password %v", user, got, known)
		}
	}
	if unknown > 5*known || known > 5*unknown {
		t.Errorf("the first unknown user takes %v, a wrong password %v", unknown, known)
	}
}

// TestMixedHashesCost has the hash that was met last decide nothing: an unknown
// user costs as much as the dearest one within bounds, and so does a wrong
// password for a cheap one.
func TestMixedHashesCost(t *testing.T) {
	const dear = "$2b$14$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
	h := &hashCheck{hasher: passhash.NewHasher(1, time.Second)}
	f := func(hash, want string) {
		t.Helper()
		cost, _ := passhash.Cost(hash)
		h.meet(hash, cost)
		if got := h.dearest.Load(); got == nil || got.hash != want {
			t.Fatalf("after %q: got %+v, want %q", hash, got, want)
		}
	}
	h.meet(dear, 800*time.Millisecond)
	if got := h.dearest.Load(); got != nil {
		t.Fatalf("got %+v, which is too dear", got)
	}
	f("", "")
	f(bcryptSecret, bcryptSecret)
	f("", bcryptSecret)
	f(passhash.Dummy, passhash.Dummy)
	f(bcryptSecret, passhash.Dummy)

	users := &table{rows: map[string]Row{"bob": row("hash=" + passhash.Dummy), "ann": row("hash=" + bcryptSecret), "plain": row("hash=secret")}}
	b := newBench(t, func(c *Config, s *Sources) {
		c.Type, c.SQLHash, c.Accept, s.Lookup = TypeBasic, "select …", []string{"plain"}, users
	})
	runs := func(user, password string, want uint64) {
		t.Helper()
		before := b.hasher.Runs()
		_, _ = b.login(user, password)
		if got := b.hasher.Runs() - before; got != want {
			t.Errorf("%s: got %d computations, want %d", user, got, want)
		}
	}
	runs("plain", "wrong", 0) // all that was met is plain
	runs("nobody", "wrong", 0)
	runs("bob", "wrong", 1)
	runs("nobody", "wrong", 1)
	runs("plain", "wrong", 1)
	runs("ann", "wrong", 2)
	runs("plain", "secret", 0) // who knows the password does not wait
	runs("nobody", "wrong", 1)
}

func TestRehash(t *testing.T) {
	users := &table{rows: map[string]Row{"ann": row("hash=" + bcryptSecret), "bob": row("hash=" + hashed(t, "secret"))}}
	better := &table{}
	b := newBench(t, func(c *Config, s *Sources) {
		c.Type, c.SQLHash, c.Rehash, s.Lookup, s.Rehash = TypeBasic, "select …", "update …", users, better
	})
	for range 2 {
		if _, err := b.login("ann", absurdPassword); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.login("bob", "secret"); err != nil {
		t.Fatal(err)
	}
	_, _ = b.login("ann", "wrong")
	if len(better.asked) != 1 || string(better.asked[0].User) != "ann" || len(better.asked[0].Password) > 0 ||
		string(better.asked[0].OldHash) != bcryptSecret {
		t.Fatalf("stored %v", better.asked)
	}
	users.rows["ann"] = row("hash=" + string(better.asked[0].Hash))
	if _, err := b.login("ann", absurdPassword); err != nil || !strings.HasPrefix(string(better.asked[0].Hash), "$argon2id$") {
		t.Errorf("with %s: got %v", better.asked[0].Hash, err)
	}
	// That it cannot be stored is no reason to refuse anybody.
	better.err = errors.New("read only")
	users.rows["cyd"] = row("hash=" + bcryptSecret)
	if _, err := b.login("cyd", absurdPassword); err != nil || len(b.told) != 1 || !errors.Is(b.told[0], better.err) {
		t.Errorf("got %v, told %v", err, b.told)
	}
}

func TestBusy(t *testing.T) {
	users := &table{rows: map[string]Row{"ann": row("hash=" + bcryptSecret)}}
	b := newBench(t, func(c *Config, s *Sources) {
		c.Type, c.SQLHash, s.Lookup = TypeBasic, "select …", users
		s.Hasher = passhash.NewHasher(0, time.Millisecond)
	})
	for _, user := range []string{"ann", "nobody"} {
		if _, err := b.login(user, absurdPassword); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrRejected) {
			t.Errorf("%s: got %v, want %v", user, err, ErrUnavailable)
		}
	}
}

func TestThrottled(t *testing.T) {
	users := &table{rows: map[string]Row{"bob": row("count=0"), "ann": row("count=1")}}
	b := newBench(t, func(c *Config, s *Sources) {
		c.Type, c.SQLCount, s.Lookup = TypeBasic, "select …", users
		c.Throttle.SetDefaults()
	})
	f := func(user string) {
		t.Helper()
		for i := range 5 {
			if _, err := b.login(user, fmt.Sprint(i)); !errors.Is(err, ErrRejected) {
				t.Errorf("%s: guess %d: got %v", user, i+1, err)
			}
		}
		asked := len(users.asked)
		_, err := b.login(user, "Hunter2?")
		refused, ok := errors.AsType[*throttle.Error](err)
		if !ok || refused.RetryAfter <= 0 || len(users.asked) != asked || strings.Contains(err.Error(), "Hunter2?") {
			t.Errorf("%s: got %v and %d more statements", user, err, len(users.asked)-asked)
		}
	}
	f("bob")
	f("nobody") // of whom nothing more is told
	for range 20 {
		if _, err := b.login("ann", "secret"); err != nil {
			t.Fatal(err)
		}
	}
	// A database that is down is nobody's failure.
	users.err = errors.New("down")
	for i := range 20 {
		if _, err := b.login("cyd", fmt.Sprint(i)); !errors.Is(err, users.err) {
			t.Fatalf("got %v", err)
		}
	}
	if _, err := b.Verify(context.Background(), &Request{User: []byte("eve"), Address: netip.Addr{}}); !errors.Is(err, users.err) {
		t.Errorf("got %v", err)
	}
}

func TestUsersFile(t *testing.T) {
	path := file(t, "# staff\n\nann:"+bcryptSecret+"\nbob:"+hashed(t, "secret")+":admin,ops\n")
	b := newBench(t, func(c *Config, _ *Sources) { c.Type, c.UsersFile = TypeBasic, path })
	f := func(user, password, want string) {
		t.Helper()
		id, err := b.login(user, password)
		if want == "" && !errors.Is(err, ErrRejected) || want != "" && (err != nil || describe(id) != want) {
			t.Errorf("%s: got %s, %v, want %q", user, describe(id), err, want)
		}
	}
	f("ann", absurdPassword, "ann[] role=")
	f("bob", "secret", "bob[admin ops] role=admin,ops")
	f("bob", "wrong", "")
	f("BOB", "secret", "")
	f("", "", "")

	write(t, path, "eve:"+bcryptSecret+"\n")
	f("eve", absurdPassword, "") // it was looked at less than a second ago
	b.clock.pass(time.Second)
	f("eve", absurdPassword, "eve[] role=")
	f("bob", "secret", "")

	// A slip of the editor locks nobody out, and nobody is told of it for ever.
	write(t, path, "eve:"+bcryptSecret+"\nann\n")
	for range 3 {
		b.clock.pass(time.Second)
		f("eve", absurdPassword, "eve[] role=")
	}
	if len(b.told) != 1 || !strings.Contains(b.told[0].Error(), path+":2: not a line user:hash") {
		t.Errorf("told %v", b.told)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	b.clock.pass(time.Second)
	f("eve", absurdPassword, "eve[] role=")
}

func TestUsersFileFaults(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		path := file(t, text)
		var cfg Config
		cfg.SetDefaults()
		cfg.Type, cfg.UsersFile = TypeBasic, path
		_, err := New("staff", cfg, Sources{})
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%q: got %v, want %s", text, err, w)
			}
		}
		if err != nil && strings.Contains(err.Error(), "Hunter2?") {
			t.Errorf("the error has the password in it: %v", err)
		}
	}
	f("ann:Hunter2?\n\nbob\n:x", `:1: the hash of "ann": unknown kind of password hash; zerohop hash-password`, ":3: not a line user:hash", ":4: not a line")
	f("ann:"+absurdArgon, passhash.ErrTooCostly.Error())
	f("ann:"+bcryptSecret+"\nann:"+bcryptSecret, `:2: the user "ann" stands here for the second time`)
	f("ann:"+bcryptSecret+":a:b", ":1: not a line")
	f("\xff", "not valid UTF-8")
	f(strings.Repeat("x\n", 30), "and 20 more")
	var cfg Config
	cfg.SetDefaults()
	cfg.Type, cfg.UsersFile = TypeBasic, "/nowhere/users"
	if _, err := New("staff", cfg, Sources{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want %v", err, os.ErrNotExist)
	}
}

// FuzzUsers reads any text to its end.
func FuzzUsers(f *testing.F) {
	f.Add("ann:" + bcryptSecret + ":admin\n#\n\nbob:x\n")
	f.Add("\ufeffann:" + absurdArgon)
	f.Fuzz(func(t *testing.T, text string) {
		users, err := parseUsers("users", text)
		for name, user := range users {
			if name == "" || strings.ContainsAny(name, ":\n") || passhash.Check(user.hash) != nil {
				t.Errorf("accepted %q: %+v", name, user)
			}
		}
		if err != nil && len(err.Error()) > 20*200+10*len(text) {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
	})
}
