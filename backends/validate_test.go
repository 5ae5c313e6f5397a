package backends

import (
	"strings"
	"testing"
	"time"
)

// sound returns a configuration without a fault.
func sound() Config {
	cfg := Pool(32, 64)
	cfg.Members = append(cfg.Members,
		MemberConfig{URL: "http://127.0.0.1:8000", Weight: 5},
		MemberConfig{URL: "https://example.org", Weight: 1, Backup: true, MaxInFlight: 10},
		MemberConfig{URL: "unix:/run/app.sock", Weight: 65535, Down: true})
	cfg.Health = &HealthConfig{}
	cfg.Health.SetDefaults()
	cfg.Health.Path = "/.health"
	cfg.Queue, cfg.Wait = 100, time.Second
	cfg.Retry = []string{"error", "timeout", "503", "non_idempotent"}
	return cfg
}

// Every fault names its field, says what is wrong, and all come at once.
func TestValidate(t *testing.T) {
	f := func(change func(*Config), want ...string) {
		t.Helper()
		cfg := sound()
		change(&cfg)
		faults := cfg.Validate()
		var got []string
		for _, fault := range faults {
			field, problem, _, _ := fault.(*FieldError).FieldFault()
			if problem == "" || !strings.HasPrefix(fault.Error(), field+": "+problem) {
				t.Errorf("got the fault %q", fault)
			}
			got = append(got, field)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("got %v, want %v", faults, want)
		}
		if _, err := NewGroup("x", cfg, Options{}); (err != nil) != (want != nil) {
			t.Errorf("NewGroup: got %v, want an error: %t", err, want != nil)
		}
	}
	member := func(change func(*MemberConfig)) func(*Config) {
		return func(c *Config) { change(&c.Members[1]) }
	}
	pool := func(change func(*MemberConfig)) func(*Config) {
		return func(c *Config) { change(&c.Members[0]) }
	}
	f(func(*Config) {})

	f(func(c *Config) { c.Members = nil; c.Health = nil }, "members")
	f(func(c *Config) { c.Members = make([]MemberConfig, 65); c.Health = nil }, "members")
	f(func(c *Config) { c.Members = c.Members[3:] }, "members")
	f(func(c *Config) { c.Members = c.Members[2:3] }, "members")
	f(func(c *Config) { c.Members[0] = MemberConfig{} }, "members[0]", "members[0].weight")
	f(func(c *Config) { c.Members[2].URL = "http://127.0.0.1:8000" }, "members[2].url")
	f(func(c *Config) { c.Members[2].URL = "http://LOCALHOST"; c.Members[1].URL = "http://localhost:80" }, "members[2].url")
	f(member(func(m *MemberConfig) { m.Workers = 3 }), "members[1]")
	f(member(func(m *MemberConfig) { m.Weight = 65536 }), "members[1].weight")
	f(member(func(m *MemberConfig) { m.Queue, m.Wait = 1, 1 }), "members[1].queue", "members[1].wait")
	f(member(func(m *MemberConfig) { m.MaxInFlight = -1 }), "members[1].max_in_flight")
	f(pool(func(m *MemberConfig) { m.Workers, m.Queue = 1<<21, 1<<21 }), "members[0].workers", "members[0].queue")
	f(pool(func(m *MemberConfig) { m.Workers, m.Queue = -1, -1 }), "members[0].workers", "members[0].queue")
	f(pool(func(m *MemberConfig) { m.MaxInFlight = 33 }), "members[0].max_in_flight")
	f(pool(func(m *MemberConfig) { m.Queue, m.Wait = 0, time.Second }), "members[0].wait")
	f(pool(func(m *MemberConfig) { m.Wait = -1 }), "members[0].wait")

	f(func(c *Config) { c.Balance = "random" }, "balance")
	f(func(c *Config) { c.Hash = "client.ip" }, "hash")
	f(func(c *Config) { c.Balance, c.SlowStart = balanceHash, time.Second }, "slow_start")
	f(func(c *Config) { c.Retry = []string{"error", "501", "error"} }, "retry[1]", "retry[2]")
	f(func(c *Config) { c.Retry = []string{"non_idempotent"} }, "retry")
	f(func(c *Config) { c.Retry = nil })
	f(func(c *Config) { c.RetryLimit, c.RetryBudget = -1, 101 }, "retry_limit", "retry_budget")
	f(func(c *Config) { c.MaxFails, c.FailTimeout, c.SlowStart = -1, 0, -1 }, "max_fails", "fail_timeout", "slow_start")
	f(func(c *Config) { c.WhenAllDown = "cry" }, "when_all_down")
	f(func(c *Config) { c.Queue = 0 }, "wait")
	f(func(c *Config) { c.Queue, c.Wait = -1, -1 }, "queue", "wait")
	f(func(c *Config) {
		c.ConnectTimeout, c.FirstByteTimeout, c.ReadTimeout = 0, -1, 25*time.Hour
		c.SendTimeout, c.TunnelTimeout, c.IdleTimeout = 0, 0, 0
	}, "connect_timeout", "first_byte_timeout", "read_timeout", "send_timeout", "tunnel_timeout", "idle_timeout")
	f(func(c *Config) { c.Idle, c.HeaderBytes = -1, 0 }, "idle", "header_bytes")
	f(func(c *Config) { c.Idle = 0 })

	health := func(change func(*HealthConfig)) func(*Config) {
		return func(c *Config) { change(c.Health) }
	}
	f(func(c *Config) { c.Members = c.Members[:1] }, "health")
	f(health(func(h *HealthConfig) { h.Path = "" }), "health")
	f(health(func(h *HealthConfig) { h.Send = "PING" }), "health.send")
	f(health(func(h *HealthConfig) { h.Path = "health check" }), "health.path", "health.path")
	f(health(func(h *HealthConfig) { h.Path = "/\r\nHost: x" }), "health.path")
	f(health(func(h *HealthConfig) { h.Host = "a b" }), "health.host")
	f(health(func(h *HealthConfig) { h.Path, h.Send, h.Host, h.HTTP10 = "", "PING", "a", true }), "health.host", "health.http10")
	f(health(func(h *HealthConfig) { h.Expect.Status = []int{} }), "health.expect.status")
	f(health(func(h *HealthConfig) { h.Expect.Status = []int{200, 600, 100} }), "health.expect.status[1]", "health.expect.status[2]")
	f(health(func(h *HealthConfig) { *h = HealthConfig{Path: "/", Expect: h.Expect} }),
		"health.every", "health.timeout", "health.fails", "health.passes", "health.start")

	secure := func(tls TLSConfig) func(*Config) { return func(c *Config) { c.TLS = &tls } }
	f(secure(TLSConfig{}))
	f(func(c *Config) { c.TLS, c.Members = &TLSConfig{}, c.Members[:2] }, "tls")
	f(secure(TLSConfig{CA: "none.pem"}), "tls")
	f(secure(TLSConfig{CA: "none.pem", SkipVerify: true, Key: "x"}), "tls.skip_verify", "tls.key")
	f(func(c *Config) {
		c.Balance, c.MaxFails, c.Members[0].Weight, c.Health.Fails = "", -1, 0, 0
	}, "members[0].weight", "balance", "max_fails", "health.fails")
}

func TestValidateHash(t *testing.T) {
	f := func(hash string, ok bool) {
		t.Helper()
		cfg := sound()
		cfg.Balance, cfg.Hash = balanceHash, hash
		if faults := cfg.Validate(); (faults == nil) != ok || len(faults) > 1 {
			t.Errorf("%q: got %v, want it fine: %t", hash, faults, ok)
		}
	}
	for _, good := range []string{"", "client.ip", "header.X_User", "header.user2", "cookie.__Host-id", "path.id"} {
		f(good, true)
	}
	for _, bad := range []string{"client", "client.port", "ip", "header.", "header.X-User", "query.id", "cookie.a b", "cookie.a=b", "path.a.b", "."} {
		f(bad, false)
	}
}

func TestParseAddress(t *testing.T) {
	f := func(text string, want address) {
		t.Helper()
		if got, problem, _ := parseAddress(text); got != want || problem != "" {
			t.Errorf("%q: got %+v and %q, want %+v", text, got, problem, want)
		}
	}
	f("http://127.0.0.1:8000", address{network: "tcp", address: "127.0.0.1:8000", host: "127.0.0.1:8000", serverName: "127.0.0.1"})
	f("http://Example.org", address{network: "tcp", address: "example.org:80", host: "Example.org", serverName: "Example.org"})
	f("https://[::1]", address{network: "tcp", address: "[::1]:443", host: "[::1]", serverName: "::1", tls: true})
	f("https://[::1]:8443", address{network: "tcp", address: "[::1]:8443", host: "[::1]:8443", serverName: "::1", tls: true})
	f("http://app_1.Test-2:80", address{network: "tcp", address: "app_1.test-2:80", host: "app_1.Test-2:80", serverName: "app_1.Test-2"})
	f("http://[fe80::1%25eth0]:80", address{network: "tcp", address: "[fe80::1%eth0]:80", host: "[fe80::1%eth0]:80", serverName: "fe80::1%eth0"})
	f("unix:/run/a.sock", address{network: "unix", address: "/run/a.sock", host: "localhost"})

	bad := func(text string) {
		t.Helper()
		_, problem, _ := parseAddress(text)
		if problem == "" || strings.Contains(problem, "secret") {
			t.Errorf("%q: got the problem %q", text, problem)
		}
	}
	for _, text := range []string{
		"", "127.0.0.1:8000", "localhost:8000", "ftp://a", "http:", "http://", "http:a", "//a", "http://a:", "http://a:0", "http://a:65536",
		"http://a:x", "http://a/", "http://a/b", "http://a?", "http://a?b", "http://a#", "http://a#b", "http://user:secret@a", "http://secret@a",
		"http://*", "http://*:80", "http://a,b", "http://a;b:80", "http://10.0.0.*", "http://b\u00fccher.test", "http://a%41",
		"http://a b", "http://a\r\n", "http://[::1", "https://:443", "unix:", "unix:a", "unix:/", "unix:/a/", "unix:/a\x00", "unix:/" + strings.Repeat("a", 107),
	} {
		bad(text)
	}
}

func FuzzParseAddress(f *testing.F) {
	f.Add("http://127.0.0.1:8000")
	f.Add("https://[::1]")
	f.Add("unix:/run/a.sock")
	f.Fuzz(func(t *testing.T, text string) {
		a, problem, _ := parseAddress(text)
		if problem == "" && (a.address == "" || strings.ContainsAny(a.host, "\r\n /@?#")) {
			t.Errorf("%q: got %+v", text, a)
		}
	})
}
