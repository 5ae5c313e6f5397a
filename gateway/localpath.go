package gateway

import (
	"net/url"
	"strings"
)

// maxNext is how many bytes the way to go on after a login may have.
const maxNext = 2 << 10

// leadsOut reports whether a decoded path could be read as the name of another
// server once somebody has made it shorter: by its dot segments, or by bytes
// that nobody sees.
func leadsOut(path string) bool {
	if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return true
	}
	segments := strings.Split(path[1:], "/")
	for _, segment := range segments {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return segments[0] == "" && len(segments) > 1
}

// isLocalPath reports whether a browser that is sent to next stays on this
// server: next is an absolute path, maybe with a query, and nothing that some
// browser reads as the name of another one.
//
// It is strict, for next may come from a link that a stranger has made: no
// slash behind the first one, percent-encoded or not; no dot segment, backslash
// or control byte in the path, percent-encoded or not, and no blank or control
// byte anywhere, as browsers drop or turn those; nothing outside of ASCII.
func isLocalPath(next string) bool {
	if len(next) == 0 || len(next) > maxNext || next[0] != '/' {
		return false
	}
	for i := range len(next) {
		if c := next[i]; c <= ' ' || c >= 0x7f || c == '\\' {
			return false
		}
	}
	u, err := url.Parse(next)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && strings.HasPrefix(u.Path, "/") && !leadsOut(u.Path)
}
