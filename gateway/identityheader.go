package gateway

import "strings"

// identityPrefix is what the names of headers begin with that tell an upstream
// who is asking. They are ours: a client's are not passed on.
const identityPrefix = "x-auth-"

// isIdentityHeader reports whether a header of a client could pass for one of
// ours. Many upstreams take an underscore for a hyphen.
func isIdentityHeader(name []byte) bool {
	if len(name) < len(identityPrefix) {
		return false
	}
	for i := range len(identityPrefix) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c == '_' {
			c = '-'
		}
		if c != identityPrefix[i] {
			return false
		}
	}
	return true
}

// appendIdentity appends the header lines that tell an upstream who is asking:
// X-Auth-User, and X-Auth-Roles with commas between them where there are some.
// Without a user nothing is appended.
//
// Control bytes and % are percent-encoded, and commas within a role: no name
// can end its line, and no role can be two.
func appendIdentity(dst []byte, user string, roles []string) []byte {
	if user == "" {
		return dst
	}
	dst = append(dst, "X-Auth-User: "...)
	dst = append(appendHeaderText(dst, user, "%"), "\r\n"...)
	for i, role := range roles {
		if i == 0 {
			dst = append(dst, "X-Auth-Roles: "...)
		} else {
			dst = append(dst, ',')
		}
		dst = appendHeaderText(dst, role, "%,")
	}
	if len(roles) > 0 {
		dst = append(dst, "\r\n"...)
	}
	return dst
}

// appendHeaderText appends a text in which control bytes, blanks at its ends and
// the given bytes are percent-encoded.
func appendHeaderText(dst []byte, text, encoded string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(text) {
		c := text[i]
		edge := c == ' ' && (i == 0 || i == len(text)-1)
		if c < ' ' || c == 0x7f || edge || strings.IndexByte(encoded, c) >= 0 {
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}
