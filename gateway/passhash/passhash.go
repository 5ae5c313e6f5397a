package passhash

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

var (
	// ErrUnknown: the hash has no prefix that is known here.
	ErrUnknown = errors.New("unknown kind of password hash")
	// ErrMalformed: the hash has a known prefix, and cannot be read.
	ErrMalformed = errors.New("malformed password hash")
	// ErrTooCostly: the parameters of the hash ask for more memory or time
	// than a login may take.
	ErrTooCostly = errors.New("password hash with parameters out of bounds")
	// ErrTooLong: the password is longer than MaxPassword, or than the 72 bytes
	// that bcrypt looks at.
	ErrTooLong = errors.New("password too long")
	// ErrEmpty: there is no password to hash.
	ErrEmpty = errors.New("empty password")
)

// MaxPassword is how many bytes a password may have.
const MaxPassword = 4096

// maxEncoded is how long the text of a hash may be, in bytes.
const maxEncoded = 512

// The bounds of what a hash may ask for: memory in bytes, and memory times
// passes over it. The second is about two seconds.
const (
	maxMemory = 256 << 20
	maxWork   = 2 << 30
)

// hash is a hash that has been taken apart.
type hash interface {
	// verify reports whether it is the password's. A password that the
	// algorithm cannot tell from others is ErrTooLong, after the same time.
	verify(password []byte) (bool, error)
	// cost is what a verification takes, as Cost has it.
	cost() time.Duration
	// weak reports whether Hash makes a better one.
	weak() bool
}

// Verify reports whether encoded is a hash of the password, and whether a new
// one by Hash would be better. The error is about the hash, ErrUnknown,
// ErrMalformed or ErrTooCostly, or ErrTooLong about the password, which is wrong
// then. It takes as long as the hash's parameters make it; see Hasher.
func Verify(password []byte, encoded string) (ok, weak bool, err error) {
	if len(password) > MaxPassword {
		return false, false, ErrTooLong
	}
	h, err := parse(encoded)
	if err != nil {
		return false, false, err
	}
	ok, err = h.verify(password)
	return ok, ok && h.weak(), err
}

// Check returns what Verify would find wrong with a hash, at no cost.
func Check(encoded string) error {
	_, err := parse(encoded)
	return err
}

// Cost returns what verifying a password with a hash takes, about, on one
// processor of today: good enough to tell which of two takes longer. The error
// is that of Check.
func Cost(encoded string) (time.Duration, error) {
	h, err := parse(encoded)
	if err != nil {
		return 0, err
	}
	return h.cost(), nil
}

// parsers are those of the prefixes. What they are given begins behind it.
var parsers = []struct {
	prefix string
	parse  func(string) (hash, error)
}{
	{"$argon2id$", parseArgon2id},
	{"$2a$", parseBcrypt},
	{"$2b$", parseBcrypt},
	{"$2y$", parseBcrypt},
	{"$pbkdf2-sha256$", parsePasslibPBKDF2},
	{"pbkdf2_sha256$", parseDjangoPBKDF2},
	{"$scrypt$", parseScrypt},
}

func parse(encoded string) (hash, error) {
	for _, p := range parsers {
		rest, found := strings.CutPrefix(encoded, p.prefix)
		switch {
		case !found:
		case len(encoded) > maxEncoded:
			return nil, ErrMalformed
		case p.prefix[1] == '2': // bcrypt, whose prefix is part of what is hashed
			return p.parse(encoded)
		default:
			return p.parse(rest)
		}
	}
	return nil, ErrUnknown
}

// The sizes that a salt and a hash may have, in bytes.
const (
	minSalt, maxSalt = 4, 128
	minSum, maxSum   = 16, 64
)

// parseSaltAndSum reads the last two parts of most hashes.
func parseSaltAndSum(salt, sum string, decode func(string) ([]byte, error)) (s, want []byte, err error) {
	if s, err = decode(salt); err != nil {
		return nil, nil, ErrMalformed
	}
	if want, err = decode(sum); err != nil {
		return nil, nil, ErrMalformed
	}
	if len(s) < minSalt || len(s) > maxSalt || len(want) < minSum || len(want) > maxSum {
		return nil, nil, ErrMalformed
	}
	return s, want, nil
}

// decode64 reads base64 without padding, in which every text has one meaning.
func decode64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") { // which the decoder would pass over
		return nil, ErrMalformed
	}
	return base64.RawStdEncoding.Strict().DecodeString(text)
}

// parseParameters reads "m=19456,t=2,p=1": these names, in this order.
func parseParameters(text string, names ...string) ([]uint64, error) {
	parts := strings.Split(text, ",")
	if len(parts) != len(names) {
		return nil, ErrMalformed
	}
	values := make([]uint64, len(names))
	for i, part := range parts {
		digits, ok := strings.CutPrefix(part, names[i]+"=")
		if !ok {
			return nil, ErrMalformed
		}
		n, err := parseCount(digits)
		if err != nil {
			return nil, err
		}
		values[i] = n
	}
	return values, nil
}

// parseCount reads a number from 1 on, without a sign or leading zeros. One
// that is absurdly large is too costly, whatever it counts.
func parseCount(digits string) (uint64, error) {
	if digits == "" || digits[0] == '0' || strings.Trim(digits, "0123456789") != "" {
		return 0, ErrMalformed
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return 0, ErrTooCostly
	}
	return n, nil
}

// same compares two sums in a time that tells nothing of them.
func same(got, want []byte) bool { return subtle.ConstantTimeCompare(got, want) == 1 }
