package gateway

import (
	"net/url"
	"strings"
	"testing"
)

func TestIsLocalPath(t *testing.T) {
	f := func(next string, want bool) {
		t.Helper()
		if got := isLocalPath(next); got != want {
			t.Errorf("%q: got %v, want %v", next, got, want)
		}
	}
	for _, next := range []string{"/", "/a", "/a/b?c=d&e=%2F%2Fevil", "/a#b", "/a//b", "/?next=//evil", "/%20", "/a%2fb"} {
		f(next, true)
	}
	for _, next := range []string{
		"", "a", "evil.test", "//evil.test", "///evil.test", `/\evil.test`, `\/evil.test`, `\\evil.test`,
		"https:", "https://evil.test", "https:/evil.test", "javascript:alert(1)", "data:text/html,x",
		"%2f%2fevil.test", "/%2fevil.test", "/%2Fevil.test", "/%5cevil.test", "/%5Cevil.test", "/a\\b",
		"/\t/evil.test", "/\n/evil.test", "/a\r\nSet-Cookie: x=y", "/a\x00", "/a b", "/\x7f", "/ä", "/a%zz", " /a", "/a ",
		"/.//evil.test", "/..//evil.test", "/a/..//evil.test", "/%2e//evil.test", "/a/%2E%2e//evil.test", "/.", "/%09/evil.test", "/%0d%0a/evil.test", "/%7f", "/a%5cb",
		"/" + strings.Repeat("a", maxNext),
	} {
		f(next, false)
	}
	f("/"+strings.Repeat("a", maxNext-1), true)
}

// Where isLocalPath says yes, a URL parser agrees that the host stays.
func FuzzIsLocalPath(f *testing.F) {
	f.Add("/a?b=c")
	f.Add("//evil.test")
	f.Add("/%2fevil.test")
	base := &url.URL{Scheme: "https", Host: "own.test", Path: "/login"}
	f.Fuzz(func(t *testing.T, next string) {
		if !isLocalPath(next) {
			return
		}
		u, err := base.Parse(next)
		if err != nil || u.Host != "own.test" || u.Scheme != "https" || strings.ContainsAny(next, "\r\n\t\\") {
			t.Errorf("%q leads to %v, %v", next, u, err)
		}
	})
}
