package gateway

import (
	"net/url"
	"strings"
)

// maxNext is how many bytes the way to go on after a login may have.
const maxNext = 2 << 10

// isLocalPath reports whether a browser that is sent to next stays on this
// server: next is an absolute path, maybe with a query, and nothing that some
// browser reads as the name of another one.
//
// It is strict, for next may come from a link that a stranger has made: no
// slash or backslash behind the first slash, percent-encoded or not; no
// backslash, blank or control byte anywhere, as browsers drop or turn those;
// nothing outside of ASCII.
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
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil &&
		strings.HasPrefix(u.Path, "/") && !strings.HasPrefix(u.Path[1:], "/") && !strings.HasPrefix(u.Path[1:], `\`)
}
