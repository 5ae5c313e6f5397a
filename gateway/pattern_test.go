package gateway

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestParsePattern(t *testing.T) {
	f := func(text, method, host string, names ...string) {
		t.Helper()
		p, err := parsePattern(text)
		if err != nil {
			t.Errorf("parsePattern(%q): %v", text, err)
			return
		}
		if p.method != method || p.host != host || !slices.Equal(p.names(), names) {
			t.Errorf("parsePattern(%q): got %q %q %q, want %q %q %q", text, p.method, p.host, p.names(), method, host, names)
		}
	}
	f("/", "", "")
	f("GET /getuser", "GET", "")
	f("GET   /getuser", "GET", "")
	f("POST Example.COM/a", "POST", "example.com")
	f("/users/{id}", "", "", "id")
	f("/{a}/b/{c...}", "", "", "a", "c")
	f("/a/{$}", "", "")
	f("/a%2Fb/{x_1}", "", "", "x_1")
	f("M-SEARCH /{größe}", "M-SEARCH", "", "größe")
}

func TestParsePatternFaults(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := parsePattern(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parsePattern(%q): got %v, want an error with %q", text, err, want)
		}
	}
	f("", "empty")
	f("getuser", "begins with a slash")
	f("GET", "begins with a slash")
	f("get /a", `did you mean "GET"?`)
	f("G(T /a", "not a method")
	f("CONNECT /a", "never served")
	f("/a//b", "never matches")
	f("/a/../b", "never matches")
	f("/a/./b", "never matches")
	f("/%2e%2e/b", "never matches")
	f("/a%zz", "two hexadecimal digits")
	f("/a%00", "NUL")
	f("/{id", "ends with '}'")
	f("/{id}x", "ends with '}'")
	f("/x{id}", "begins with '{'")
	f("/{}", "the name is a letter")
	f("/{1}", "the name is a letter")
	f("/{a-b}", "the name is a letter")
	f("/{a}/{a}", "twice")
	f("/{a}/{a...}", "twice")
	f("/{a...}/b", "only allowed at the end")
	f("/{$}/b", "only allowed at the end")
	f("{host}/b", "plain name")
	f("example.com:80/b", "plain name")
}

func TestPatternConflictExplainsItself(t *testing.T) {
	f := func(a, b, want string) {
		t.Helper()
		p, q := mustPattern(t, a), mustPattern(t, b)
		reason, conflicts := p.conflictsWith(q)
		if !conflicts || !strings.Contains(reason, want) {
			t.Errorf("%q and %q: got %q %t, want a reason with %q", a, b, reason, conflicts, want)
		}
	}
	f("GET /a", "GET /a", "match the same requests")
	f("GET /a/{x}", "GET /a/{y}", "match the same requests")
	f("GET /", "/getuser", "both match GET /getuser, and neither")
	f("/a/{x}", "/{y}/b", "both match /a/b, and neither")
	f("GET h/{x}/b/", "GET h/a/{y...}", "both match GET h/a/b/, and neither")
}

func TestPatternReadOnly(t *testing.T) {
	for text, want := range map[string]bool{"GET /": true, "HEAD /": true, "POST /": false, "/": false} {
		if got := mustPattern(t, text).readOnly(); got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	}
}

// The oracle is net/http: registering two patterns that conflict panics there.
func TestPatternConflictsLikeServeMux(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 20_000 {
		a, b := randomPattern(rng), randomPattern(rng)
		_, got := mustPattern(t, a).conflictsWith(mustPattern(t, b))
		if want := muxRefuses(a, b); got != want {
			t.Fatalf("%q and %q: got conflict %t, want %t", a, b, got, want)
		}
		if got {
			found++
		}
	}
	if found < 500 {
		t.Errorf("got %d conflicts, want at least 500: the patterns are too far apart to test anything", found)
	}
}

func muxRefuses(a, b string) (refused bool) {
	defer func() { refused = recover() != nil }()
	mux := http.NewServeMux()
	mux.HandleFunc(a, func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc(b, func(http.ResponseWriter, *http.Request) {})
	return false
}

// randomPattern makes patterns that are near to each other.
func randomPattern(rng *rand.Rand) string {
	pick := func(s ...string) string { return s[rng.IntN(len(s))] }
	text := pick("", "", "GET ", "HEAD ", "POST ") + pick("", "", "h.test", "i.test")
	names := []string{"{x}", "{y}", "{z}"}
	for i := range rng.IntN(4) {
		text += "/" + pick("a", "b", "a%2Fb", names[i])
	}
	return text + pick("/", "/{$}", "/{rest...}", "/a", "/{w}")
}

func mustPattern(t testing.TB, text string) pattern {
	t.Helper()
	p, err := parsePattern(text)
	if err != nil {
		t.Fatalf("parsePattern(%q): %v", text, err)
	}
	return p
}
