package tornado

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"strconv"
	"strings"
	"time"
)

var (
	// ErrCookie: the cookie was not signed with the secret, not under this
	// name, or not by the rules.
	ErrCookie = errors.New("not a cookie that Tornado has signed")
	// ErrExpired: it was, but too long ago.
	ErrExpired = errors.New("the cookie has expired")
)

// maxSignedValue is how long a signed cookie may be, in bytes; browsers keep
// no longer ones.
const maxSignedValue = 4096

// secrets are what cookies are signed with: one secret for all of them, or one
// for each key version.
type secrets struct {
	single   string
	versions map[string]string
}

// signedValue returns what create_signed_value was given: the value of a
// cookie that is signed with the secret under this name and not older than
// maxAge, of version 1 or 2. It fails with ErrCookie or ErrExpired.
func (s secrets) signedValue(name, cookie string, maxAge time.Duration, now time.Time) ([]byte, error) {
	switch {
	case len(cookie) > maxSignedValue:
		return nil, ErrCookie
	case versionOf(cookie) != 1:
		return s.signedValueV2(name, cookie, maxAge, now)
	case s.single == "":
		return nil, ErrCookie // version 1 knows no key versions
	}
	return signedValueV1(s.single, name, cookie, maxAge, now)
}

// versionOf tells the version that a cookie says it has: the number in front
// of its first pipe. One above 999 is the base64 of a version 1, which says
// nothing; anything that is not 1 is for the reader of version 2 to judge.
func versionOf(cookie string) int {
	digits, _, found := strings.Cut(cookie, "|")
	if n, ok := number(digits); found && ok && n <= 999 && n > 0 {
		return int(n)
	}
	return 1
}

// number reads a decimal number as Tornado writes them, without leading zeros.
func number(digits string) (int64, bool) {
	if digits == "" || digits[0] == '0' && digits != "0" || digits[0] == '+' || digits[0] == '-' {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil
}

// signedValueV1 reads base64(value)|timestamp|signature, the signature being
// the HMAC-SHA1 of name, base64 and timestamp with nothing in between. So
// digits may have moved from the end of the value to the front of the
// timestamp, or back: a timestamp far in the future is refused, and one with a
// zero in front.
func signedValueV1(secret, name, cookie string, maxAge time.Duration, now time.Time) ([]byte, error) {
	parts := strings.Split(cookie, "|")
	if len(parts) != 3 || !signs(sha1.New, secret, parts[2], name, parts[0], parts[1]) {
		return nil, ErrCookie
	}
	timestamp, ok := number(parts[1])
	switch {
	case !ok || parts[1] == "0":
		return nil, ErrCookie
	case time.Unix(timestamp, 0).After(now.Add(31 * day)):
		return nil, ErrCookie
	case time.Unix(timestamp, 0).Before(now.Add(-maxAge)):
		return nil, ErrExpired
	}
	return decodeBase64(parts[0])
}

// signedValueV2 reads 2|key version|timestamp|name|base64(value)|signature,
// where each field but the first and last has its length and a colon in front,
// and the signature is the HMAC-SHA256 of all before it.
func (s secrets) signedValueV2(name, cookie string, maxAge time.Duration, now time.Time) ([]byte, error) {
	rest, ok := strings.CutPrefix(cookie, "2|")
	if !ok {
		return nil, ErrCookie
	}
	var fields [4]string
	for i := range fields {
		if fields[i], rest, ok = cutField(rest); !ok {
			return nil, ErrCookie
		}
	}
	secret := s.single
	if secret == "" {
		secret = s.versions[fields[0]]
	}
	if secret == "" || !signs(sha256.New, secret, rest, cookie[:len(cookie)-len(rest)]) || fields[2] != name {
		return nil, ErrCookie
	}
	timestamp, ok := number(fields[1])
	switch {
	case !ok:
		return nil, ErrCookie
	case time.Unix(timestamp, 0).Before(now.Add(-maxAge)):
		return nil, ErrExpired
	}
	return decodeBase64(fields[3])
}

// cutField cuts a field LENGTH:TEXT| off.
func cutField(s string) (field, rest string, ok bool) {
	length, rest, _ := strings.Cut(s, ":")
	n, ok := number(length)
	if !ok || n >= int64(len(rest)) || rest[n] != '|' {
		return "", "", false
	}
	return rest[:n], rest[n+1:], true
}

// signs reports whether a signature, in hexadecimal, is the HMAC of the parts.
func signs(algorithm func() hash.Hash, secret, signature string, parts ...string) bool {
	return hmac.Equal(hexMAC(algorithm, secret, parts...), []byte(signature))
}

func hexMAC(algorithm func() hash.Hash, secret string, parts ...string) []byte {
	mac := hmac.New(algorithm, []byte(secret))
	for _, part := range parts {
		mac.Write([]byte(part))
	}
	return hex.AppendEncode(nil, mac.Sum(nil))
}

func decodeBase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, ErrCookie
	}
	value, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || bytes.IndexByte(value, 0) >= 0 {
		return nil, ErrCookie
	}
	return value, nil
}
