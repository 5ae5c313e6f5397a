package gateway

import (
	"bytes"
	"errors"
	pathpkg "path"
	"strings"
	"testing"
)

func TestPathParse(t *testing.T) {
	f := func(raw, text string, segments ...string) {
		t.Helper()
		var p path
		if err := p.parse([]byte(raw)); err != nil {
			t.Errorf("parse(%q): %v", raw, err)
			return
		}
		if got := spans(&p); string(p.text) != text || strings.Join(got, "|") != strings.Join(segments, "|") {
			t.Errorf("parse(%q): got %q %q, want %q %q", raw, p.text, got, text, segments)
		}
		if want := strings.HasSuffix(text, "/"); p.slash != want {
			t.Errorf("parse(%q): got slash %t, want %t", raw, p.slash, want)
		}
	}
	f("/", "/")
	f("//", "/")
	f("/a", "/a", "a")
	f("/a/", "/a/", "a")
	f("/a//b", "/a/b", "a", "b")
	f("/a/./b", "/a/b", "a", "b")
	f("/a/../b", "/b", "b")
	f("/../../b", "/b", "b")
	f("/a/..", "/", "")
	f("/a/%2e%2E/b", "/b", "b")
	f("/%2e/b", "/b", "b")
	f("/.health", "/.health", ".health")
	f("/...", "/...", "...")
	f("/a%2Fb/c", "/a/b/c", "a/b", "c")
	f("/a%2F..%2Fb", "/a/../b", "a/../b")
	f("/%C3%A9", "/é", "é")
	f("/a+b%2Bc", "/a+b+c", "a+b+c")
	f("/%252e", "/%2e", "%2e")
}

func TestPathParseFaults(t *testing.T) {
	f := func(raw string, want error) {
		t.Helper()
		var p path
		if err := p.parse([]byte(raw)); !errors.Is(err, want) {
			t.Errorf("parse(%q): got %v, want %v", raw, err, want)
		}
	}
	f("/a%00b", errNUL)
	f("/a\x00b", errNUL)
	f("/%", errEscape)
	f("/%2", errEscape)
	f("/%g0", errEscape)
	f("/%0g", errEscape)
	f("/a%2/b", errEscape)
}

func TestPathIsReused(t *testing.T) {
	var p path
	for _, raw := range []string{"/a%2Fb/c/", "/x/y", "/", "/a/../b"} {
		if err := p.parse([]byte(raw)); err != nil {
			t.Fatal(err)
		}
		var fresh path
		if err := fresh.parse([]byte(raw)); err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Join(spans(&p), "|"), strings.Join(spans(&fresh), "|"); got != want || p.slash != fresh.slash {
			t.Errorf("%s: got %q, want %q", raw, got, want)
		}
	}
}

func TestPathLocation(t *testing.T) {
	f := func(raw, want string) {
		t.Helper()
		var p path
		if err := p.parse([]byte(raw)); err != nil {
			t.Fatal(err)
		}
		if got := string(p.appendLocation(nil)); got != want {
			t.Errorf("%s: got %q, want %q", raw, got, want)
		}
	}
	f("/a", "/a/")
	f("//evil.test", "/evil.test/")
	f("/a%2Fb/%0d%0aSet-Cookie", "/a%2Fb/%0D%0ASet-Cookie/")
	f("/%C3%A9;v=1@x", "/%C3%A9;v=1@x/")
}

// Without escapes the canonical path is what path.Clean makes of it, with a
// slash at the end where there was one.
func FuzzPathParse(f *testing.F) {
	f.Add("/a/./b/../c//d/")
	f.Add("/a%2F%2e%2e/b")
	f.Add("/..")
	f.Fuzz(func(t *testing.T, raw string) {
		if !strings.HasPrefix(raw, "/") {
			return
		}
		var p path
		if err := p.parse([]byte(raw)); err != nil {
			return
		}
		for _, segment := range spans(&p) {
			if segment == "." || segment == ".." || strings.ContainsRune(segment, 0) {
				t.Errorf("%q: got the segment %q", raw, segment)
			}
		}
		var again path
		if err := again.parse(p.appendLocation(nil)); err != nil || strings.Join(spans(&again), "|") != strings.Join(spans(&p), "|") {
			t.Errorf("%q: got %q back from its location, want %q (%v)", raw, spans(&again), spans(&p), err)
		}
		if strings.ContainsAny(raw, "%\x00") {
			return
		}
		want := pathpkg.Clean(raw)
		if strings.HasSuffix(raw, "/") && want != "/" {
			want += "/"
		}
		if !bytes.Equal(p.text, []byte(want)) {
			t.Errorf("%q: got %q, want %q", raw, p.text, want)
		}
	})
}

func spans(p *path) []string {
	var segments []string
	for _, s := range p.segments {
		segments = append(segments, string(p.slice(s)))
	}
	return segments
}
