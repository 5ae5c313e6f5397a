package memcached

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	f := func(change func(*Config), want ...string) {
		t.Helper()
		var c Config
		c.SetDefaults()
		c.Servers = []string{"127.0.0.1:11211"}
		change(&c)
		var got []string
		for _, err := range c.Validate() {
			fault, ok := errors.AsType[*FieldError](err)
			if !ok {
				t.Fatalf("%v is no *FieldError", err)
			}
			field, problem, hint, _ := fault.FieldFault()
			if problem == "" || hint == "" && !strings.Contains(problem, "the path has") {
				t.Errorf("%s: problem %q, hint %q", field, problem, hint)
			}
			got = append(got, field)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("got faults of %q, want %q", got, want)
		}
		if _, err := New(c); (err != nil) != (len(want) > 0) {
			t.Errorf("New: got error %v", err)
		}
	}
	servers := func(list ...string) func(*Config) { return func(c *Config) { c.Servers = list } }
	f(servers("localhost:11211", "[::1]:11211", "unix:/run/memcached.sock"))
	f(servers(), "servers")
	f(servers("localhost"), "servers[0]")
	f(servers(":11211"), "servers[0]")
	f(servers("a:0", "a:65536", "a:x", "a b:1", "/run/x:1"), "servers[0]", "servers[1]", "servers[2]", "servers[3]", "servers[4]")
	f(servers("unix:memcached.sock", "unix:/", "unix:/"+strings.Repeat("x", 107)), "servers[0]", "servers[1]", "servers[2]")
	f(servers("a:1", "b:1", "a:1"), "servers[2]")
	f(func(c *Config) { c.Timeout = 0 }, "timeout")
	f(func(c *Config) { c.Timeout = time.Minute }, "timeout")
	f(func(c *Config) { c.Connections = 0 }, "connections")
	f(func(c *Config) { c.Connections = 1025 }, "connections")
}
