package session

import (
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	f := func(change func(*Config), want ...string) {
		t.Helper()
		c := memcachedConfig("127.0.0.1:11211")
		change(&c)
		var got []string
		for _, err := range c.Validate() {
			fault, ok := err.(interface {
				FieldFault() (field, problem, hint string, offset int)
			})
			if !ok {
				t.Fatalf("%v has no field", err)
			}
			field, problem, hint, _ := fault.FieldFault()
			if problem == "" || hint == "" {
				t.Errorf("%s: problem %q, hint %q", field, problem, hint)
			}
			if text := problem + hint; strings.Contains(text, keyA) || strings.Contains(text, "secret!") {
				t.Errorf("%s: %s tells a key", field, text)
			}
			got = append(got, field)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("got faults of %q, want %q", got, want)
		}
		s, err := New(c)
		if (err != nil) != (len(want) > 0) {
			t.Errorf("New: got error %v", err)
		}
		if err == nil {
			s.Close()
		}
	}
	f(func(*Config) {})
	f(func(c *Config) { *c = memoryConfig() })
	f(func(c *Config) { c.Store = "redis" }, "store")
	f(func(c *Config) { c.Store = StoreMemory }, "servers")
	f(func(c *Config) { c.Servers = []string{"nowhere"} }, "servers[0]")
	f(func(c *Config) { c.Timeout = time.Hour }, "timeout")
	f(func(c *Config) { c.Keys = nil }, "keys")
	f(func(c *Config) { c.Keys = []string{keyA, keyB} })
	f(func(c *Config) { c.Keys = []string{keyA, keyB, keyA} }, "keys[2]")
	f(func(c *Config) {
		c.Keys = []string{"", "secret!", keyA[:42], keyB[:62], strings.Repeat("ab", 40)}
	}, "keys[0]", "keys[1]", "keys[2]", "keys[3]", "keys[4]")
	f(func(c *Config) { c.Cookie = "" }, "cookie")
	f(func(c *Config) { c.Cookie = "a b" }, "cookie")
	f(func(c *Config) { c.Cookie = "a;b" }, "cookie")
	f(func(c *Config) { c.Cookie = "__Host-session" }, "cookie")
	f(func(c *Config) { c.Idle = 0 }, "idle")
	f(func(c *Config) { c.Idle = 13 * time.Hour }, "idle")
	f(func(c *Config) { c.Absolute = 400 * 24 * time.Hour }, "absolute")
	f(func(c *Config) { c.Max = 0 }, "max")
	f(func(c *Config) { c.MaxBytes = 1 }, "max_bytes")
	f(func(c *Config) { c.Secure = "yes" }, "secure")
	f(func(c *Config) { c.Compat = "django" }, "compat")
	f(func(c *Config) { c.Compat = CompatTornado }, "tornado.cookie_secret", "tornado.secret")
	f(func(c *Config) { *c = memoryConfig(); c.Compat = CompatTornado }, "compat")
}

func TestSecureFromFile(t *testing.T) {
	f := func(text string, want bool) {
		t.Helper()
		var s Secure
		if err := s.UnmarshalText([]byte(text)); (err == nil) != want || want && string(s) != text {
			t.Errorf("%s: got %q and %v", text, s, err)
		}
	}
	f("auto", true)
	f("true", true)
	f("false", true)
	f("yes", false)
	f("", false)
}
