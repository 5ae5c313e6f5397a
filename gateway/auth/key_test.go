package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"
)

func hashOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func TestKeys(t *testing.T) {
	const key, other = "zk_4f9c2b7d8e1a", "zk_0000"
	rows := &table{rows: map[string]Row{
		hashOf(key): row("name=ci", "role=deploy", "id=7"), hashOf("two"): {Count: 2, Columns: row("name=ci").Columns},
		hashOf("named"): row("id=7", "user=ann"), hashOf("nobody"): row("name", "role=admin"),
	}}
	sql := func(header string) *bench {
		return newBench(t, func(c *Config, s *Sources) { c.Type, c.SQL, c.Header, s.Lookup = TypeKey, "select …", header, rows })
	}
	files := func(header string) *bench {
		path := file(t, "# keys\nci:"+hashOf(key)+":deploy\nold:"+hashOf("old")+"\n")
		return newBench(t, func(c *Config, _ *Sources) { c.Type, c.KeysFile, c.Header = TypeKey, path, header })
	}
	f := func(b *bench, name, value, want string, wantErr error) {
		t.Helper()
		id, err := b.send(name, value)
		if !errors.Is(err, wantErr) || err == nil && describe(id) != want {
			t.Errorf("%s: %s: got %s, %v, want %s, %v", name, value, describe(id), err, want, wantErr)
		}
		if err != nil && strings.Contains(err.Error(), "zk_") {
			t.Errorf("the error has the key in it: %v", err)
		}
	}
	bearing := sql("Authorization")
	f(bearing, "Authorization", "Bearer "+key, "ci[deploy] name=ci role=deploy id=7", nil)
	f(bearing, "Authorization", "bearer  "+key+" ", "ci[deploy] name=ci role=deploy id=7", nil)
	f(bearing, "Authorization", "Bearer named", "ann[] id=7 user=ann", nil)
	f(bearing, "Authorization", "Bearer "+other, "", ErrRejected)
	f(bearing, "Authorization", "Bearer two", "", ErrRejected)
	f(bearing, "Authorization", "Bearer nobody", "", ErrRejected)
	f(bearing, "Authorization", "Bearer "+hashOf(key), "", ErrRejected) // what is in the table opens nothing
	f(bearing, "Authorization", "Bearer "+strings.Repeat("k", maxKey+1), "", ErrRejected)
	for _, header := range []string{"", "Bearer", "Bearer ", "Basic " + key, key, "Bearer" + key} {
		f(bearing, "Authorization", header, "", ErrNoCredentials)
	}
	for _, v := range rows.asked {
		if strings.Contains(string(v.KeyHash), "zk_") || len(v.KeyHash) != 64 {
			t.Errorf("the statement is given %s", v.KeyHash)
		}
	}
	own := sql("X-Api-Key")
	f(own, "X-Api-Key", key, "ci[deploy] name=ci role=deploy id=7", nil)
	f(own, "Authorization", "Bearer "+key, "", ErrNoCredentials)

	f(files("Authorization"), "Authorization", "Bearer "+key, "ci[deploy] user=ci role=deploy", nil)
	f(files("X-Api-Key"), "X-Api-Key", "old", "old[] user=old role=", nil)
	f(files("X-Api-Key"), "X-Api-Key", other, "", ErrRejected)

	rows.err = errors.New("down")
	f(own, "X-Api-Key", key, "", rows.err)
}

func TestKeysFileChanges(t *testing.T) {
	path := file(t, "ci:"+hashOf("one")+"\n")
	b := newBench(t, func(c *Config, _ *Sources) { c.Type, c.KeysFile, c.Header = TypeKey, path, "X-Api-Key" })
	write(t, path, "ci:"+hashOf("another")+":x\n")
	b.clock.pass(time.Second)
	if _, err := b.send("X-Api-Key", "one"); !errors.Is(err, ErrRejected) {
		t.Errorf("a key that was taken out: got %v", err)
	}
	if _, err := b.send("X-Api-Key", "another"); err != nil {
		t.Errorf("a new key: got %v", err)
	}
}

func TestKeysFileFaults(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if _, err := parseKeys("keys", text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "zk_") {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	f("ci:zk_secret", `keys:1: the hash of "ci" is not the SHA-256`)
	f("ci:"+strings.Repeat("g", 64), "is not the SHA-256")
	f("ci:"+hashOf("x")+"00", "is not the SHA-256")
	f("a:"+hashOf("x")+"\nb:"+strings.ToUpper(hashOf("x")), `keys:2: "b" has the same key as "a"`)
	f("ci", "keys:1: not a line name:hash")
	f(":"+hashOf("x"), "keys:1: not a line name:hash")
}
