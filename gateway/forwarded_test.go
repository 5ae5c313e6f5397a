package gateway

import (
	"context"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"zerohop/backends"
	"zerohop/backends/upstream"
	"zerohop/sqlapi"
)

// groupFunc is a group that does as it is told.
type groupFunc func(ctx context.Context, rc *fasthttp.RequestCtx) error

func (g groupFunc) Serve(ctx context.Context, rc *fasthttp.RequestCtx, _ backends.Handler) error {
	return g(ctx, rc)
}

// newProxyRoute returns a route without a handler of its own.
func newProxyRoute(t testing.TB, text string, g group) *route {
	rt := newTestRoute(t, text, nil)
	rt.group, rt.forwards = g, true
	return rt
}

func inboundOf(ctx context.Context) upstream.Inbound {
	return ctx.Value(upstream.InboundKey).(upstream.Inbound)
}

// tellForwarded answers with what a server behind would be told.
func tellForwarded(ctx context.Context, rc *fasthttp.RequestCtx) error {
	rc.SetBody(inboundOf(ctx).AppendForwarded(nil))
	return nil
}

// Whom a trusted peer names is the client, as far as it can be believed.
func TestForwarded(t *testing.T) {
	f := func(trusted, lines string, want ...string) {
		t.Helper()
		cfg := &Config{Listen: []string{"127.0.0.1:0"}, Limits: testLimits(), TrustedProxies: strings.Fields(trusted)}
		ts := serveConfig(t, cfg, newProxyRoute(t, "/", groupFunc(tellForwarded)))
		got := ts.do("GET / HTTP/1.1\r\nHost: h.test\r\nX-Request-Id: id\r\n" + lines + "\r\n").body
		text := "X-Real-IP: " + want[0] + "\r\nX-Forwarded-For: " + want[1] + "\r\nX-Scheme: " + want[2] +
			"\r\nX-Forwarded-Proto: " + want[2] + "\r\nX-Forwarded-Host: " + want[3] + "\r\nX-Request-Id: id\r\n"
		if got != text {
			t.Errorf("trusted %q, header %q: got\n%swant\n%s", trusted, lines, got, text)
		}
		if log := ts.flushed(); !strings.HasPrefix(log, want[0]+" - ") {
			t.Errorf("trusted %q, header %q: got log line %q, want %s", trusted, lines, log, want[0])
		}
	}
	const us = "127.0.0.1"
	xff := func(value string) string { return "X-Forwarded-For: " + value + "\r\n" }

	// Nobody is believed, unless it is said so.
	f("", "", us, us, "http", "h.test")
	f("", xff("192.0.2.1")+"X-Forwarded-Proto: https\r\nX-Forwarded-Host: i.test\r\n", us, us, "http", "h.test")
	f("10.0.0.0/8 unix", xff("192.0.2.1"), us, us, "http", "h.test")

	// A trusted peer.
	f("127.0.0.1", "", us, us, "http", "h.test")
	f("127.0.0.0/8", xff("192.0.2.1"), "192.0.2.1", "192.0.2.1, "+us, "http", "h.test")
	f("127.0.0.0/8", xff("192.0.2.1")+"X-Forwarded-Proto: https\r\nX-Forwarded-Host: i.test:81\r\n", "192.0.2.1", "192.0.2.1, "+us, "https", "i.test:81")
	f("127.0.0.1", xff("192.0.2.1:4711"), "192.0.2.1", "192.0.2.1, "+us, "http", "h.test")
	f("127.0.0.1", xff("2001:db8::0:1"), "2001:db8::1", "2001:db8::1, "+us, "http", "h.test")
	f("127.0.0.1", xff("[2001:db8::1]:4711"), "2001:db8::1", "2001:db8::1, "+us, "http", "h.test")
	f("127.0.0.1", xff("::ffff:192.0.2.1"), "192.0.2.1", "192.0.2.1, "+us, "http", "h.test")

	// The rightmost that is not trusted counts; what is in front of it was the client's to write.
	f("127.0.0.1", xff("198.51.100.9, 192.0.2.1"), "192.0.2.1", "192.0.2.1, "+us, "http", "h.test")
	f("127.0.0.1 10.0.0.0/8", xff("198.51.100.9,192.0.2.1 ,10.1.1.1,\t10.2.2.2"), "192.0.2.1", "192.0.2.1, 10.1.1.1, 10.2.2.2, "+us, "http", "h.test")
	f("127.0.0.1 10.0.0.0/8", xff("198.51.100.9, 192.0.2.1")+xff("10.1.1.1"), "192.0.2.1", "192.0.2.1, 10.1.1.1, "+us, "http", "h.test")
	f("127.0.0.1 10.0.0.0/8", xff("10.1.1.1, 10.2.2.2"), "10.1.1.1", "10.1.1.1, 10.2.2.2, "+us, "http", "h.test")
	f("127.0.0.1 unix", xff("192.0.2.1, unix:"), "192.0.2.1", "192.0.2.1, unix:, "+us, "http", "h.test")
	f("127.0.0.1", xff("192.0.2.1, unix:"), "unix:", "unix:, "+us, "http", "h.test")

	// Garbage ends the list.
	for _, bad := range []string{
		"", " ", ",", "unknown", "_hidden", "192.0.2.1, x", "192.0.2.256", "192.0.2.1:", "192.0.2.1:x", "192.0.2.1:123456",
		"[2001:db8::1", "2001:db8::1]", "fe80::1%eth0", "\xff", "\"192.0.2.1\"", "192.0.2.1;x", strings.Repeat("1", 1000), "for=192.0.2.1",
	} {
		f("127.0.0.1", xff(bad), us, us, "http", "h.test")
	}
	f("127.0.0.1 10.0.0.0/8", xff("192.0.2.1, x, 10.1.1.1"), "10.1.1.1", "10.1.1.1, "+us, "http", "h.test")
	f("127.0.0.1", "X-Forwarded-Proto: gopher\r\nX-Forwarded-Host: a b\r\n", us, us, "http", "h.test")
	f("127.0.0.1", "X-Forwarded-Proto: HTTPS\r\nX-Forwarded-Host:\r\n", us, us, "https", "h.test")
	f("127.0.0.1", "X_Forwarded_For: 192.0.2.1\r\n", us, us, "http", "h.test")
}

// However many proxies a client makes up, so many are looked at and no more.
func TestForwardedIsBounded(t *testing.T) {
	cfg := &Config{Listen: []string{"127.0.0.1:0"}, Limits: testLimits(), TrustedProxies: []string{"127.0.0.0/8"}}
	ts := serveConfig(t, cfg, newProxyRoute(t, "/", groupFunc(tellForwarded)))
	got := ts.do("GET / HTTP/1.0\r\nX-Forwarded-For: 192.0.2.1" + strings.Repeat(",127.0.0.2", 1000) + "\r\n\r\n").body
	if want := "X-Forwarded-For: " + strings.Repeat("127.0.0.2, ", maxHops) + "127.0.0.1\r\n"; !strings.Contains(got, want) {
		t.Errorf("got %s, want %d entries", got, maxHops+1)
	}
	if strings.Contains(got, "X-Forwarded-Host") {
		t.Errorf("got %s, want no host where none was asked for", got)
	}
}

// SQL and the other end of a socket file.
func TestForwardedFromASocketFile(t *testing.T) {
	f := func(trusted []string, want string) {
		t.Helper()
		path := "unix:" + filepath.Join(t.TempDir(), "s")
		cfg := &Config{Listen: []string{path}, Limits: testLimits(), SocketMode: "0600", TrustedProxies: trusted}
		ts := serveConfig(t, cfg, newTestRoute(t, "/", lookUpClient))
		got := ts.do("GET / HTTP/1.1\r\nHost: h.test\r\nX-Forwarded-For: 192.0.2.1:4711\r\n\r\n").body
		if got != want {
			t.Errorf("trusted %v: got %q, want %q", trusted, got, want)
		}
	}
	f([]string{"unix"}, "192.0.2.1 4711")
	f([]string{"127.0.0.1"}, "unix: ")
}

func TestAppendForwardedDoesNotAllocate(t *testing.T) {
	var rc fasthttp.RequestCtx
	rc.Request.Header.SetHost("h.test")
	owner := &acceptor{trust: newTrust([]string{"10.0.0.0/8"})}
	s := &scope{rc: &rc, client: &conn{ip: []byte("10.0.0.1"), owner: owner, trusted: true}, id: []byte("id")}
	s.hops = []netip.Addr{netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("2001:db8::1")}
	dst := s.AppendForwarded(nil)
	if got := testing.AllocsPerRun(1000, func() { dst = s.AppendForwarded(dst[:0]) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

// The values that the hash policy goes by.
func TestBalanceKey(t *testing.T) {
	ts := startServer(t, testLimits(), newProxyRoute(t, "/users/{id}", groupFunc(func(ctx context.Context, rc *fasthttp.RequestCtx) error {
		ip, _ := inboundOf(ctx).BalanceKey("client", "ip")
		id, _ := inboundOf(ctx).BalanceKey("path", "id")
		_, other := inboundOf(ctx).BalanceKey("path", "other")
		if port, _ := ctx.Value(sqlapi.LookupKey).(sqlapi.Lookuper).Lookup(sqlapi.SourceClient, "port"); len(port) == 0 || other {
			t.Errorf("got port %q, other %t", port, other)
		}
		rc.SetBodyString(string(ip) + " " + string(id))
		return nil
	})))
	if got := ts.get("/users/7%2F8").body; got != "127.0.0.1 7/8" {
		t.Errorf("got %q", got)
	}
}

func FuzzParseHop(f *testing.F) {
	for _, seed := range []string{"192.0.2.1", "[::1]:80", "unix:", "::1", "[", "1:2", "fe80::1%1"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, entry []byte) {
		ip, port, ok := parseHop(entry)
		if !ok {
			return
		}
		text := appendHop(nil, ip)
		again, _, ok := parseHop(text)
		if !ok || again != ip || !isPort(append([]byte(":"), port...)) && len(port) > 0 {
			t.Errorf("%q: got %v %q, and from its text %q %v", entry, ip, port, text, again)
		}
	})
}
