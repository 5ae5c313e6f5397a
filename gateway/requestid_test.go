package gateway

import (
	"regexp"
	"strings"
	"testing"
)

func TestRequestID(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "/", say("")))
	f := func(sent string, taken bool) {
		t.Helper()
		got := ts.do("GET / HTTP/1.1\r\nHost: h.test\r\nX-Request-Id: " + sent + "\r\n\r\n").Header.Values("X-Request-Id")
		if len(got) != 1 || taken != (got[0] == sent) {
			t.Errorf("%.20q: got %q, want it taken: %t", sent, got, taken)
		}
	}
	f("4bf92f35-77b3-4da6-a3ce-929d0e0e4736", true)
	f("Az09._-+/=:@~", true)
	f(strings.Repeat("x", 128), true)
	f(strings.Repeat("x", 129), false)
	f("", false)
	f("a b", false)
	f(`a"b`, false)
	f("a\\b", false)
	f("a,b", false)
	f("é", false)

	made := regexp.MustCompile(`^[0-9a-f]{32}$`)
	seen := map[string]bool{}
	for range 1000 {
		var s scope
		s.setRequestID(nil)
		if id := string(s.id); !made.MatchString(id) || seen[id] {
			t.Fatalf("got %q, want 32 hexadecimal digits never seen before", id)
		} else {
			seen[id] = true
		}
	}
}
