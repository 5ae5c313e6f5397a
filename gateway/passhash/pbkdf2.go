package passhash

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

// maxRounds is about a second; Django asks for 1.2 million in its version 6.
const maxRounds = 5_000_000

// pbkdf2Hash is a hash by PBKDF2 with HMAC-SHA256 (RFC 8018).
type pbkdf2Hash struct {
	rounds    int
	salt, sum []byte
}

// parsePasslibPBKDF2 reads "rounds$salt$sum", in a base64 with a dot for a plus
// sign.
func parsePasslibPBKDF2(text string) (hash, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 3 {
		return nil, ErrMalformed
	}
	h, err := newPBKDF2(parts[0])
	if err != nil {
		return nil, err
	}
	h.salt, h.sum, err = parseSaltAndSum(parts[1], parts[2], func(text string) ([]byte, error) {
		if strings.Contains(text, "+") {
			return nil, ErrMalformed
		}
		return decode64(strings.ReplaceAll(text, ".", "+"))
	})
	return h.whole(err)
}

// parseDjangoPBKDF2 reads "rounds$salt$sum", where the salt is as it stands and
// the sum has padding.
func parseDjangoPBKDF2(text string) (hash, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 3 || strings.ContainsAny(parts[2], "\r\n") {
		return nil, ErrMalformed
	}
	h, err := newPBKDF2(parts[0])
	if err != nil {
		return nil, err
	}
	if h.salt = []byte(parts[1]); len(h.salt) < minSalt || len(h.salt) > maxSalt {
		return nil, ErrMalformed
	}
	h.sum, err = base64.StdEncoding.Strict().DecodeString(parts[2])
	return h.whole(err)
}

func newPBKDF2(rounds string) (pbkdf2Hash, error) {
	n, err := parseCount(rounds)
	if err == nil && n > maxRounds {
		err = ErrTooCostly
	}
	return pbkdf2Hash{rounds: int(n)}, err
}

// whole ends the reading of a hash: its sum has the size of the digest.
func (h pbkdf2Hash) whole(err error) (hash, error) {
	if err != nil || len(h.sum) != sha256.Size {
		return nil, ErrMalformed
	}
	return h, nil
}

func (h pbkdf2Hash) verify(password []byte) (bool, error) {
	sum, err := pbkdf2.Key(sha256.New, string(password), h.salt, h.rounds, len(h.sum))
	if err != nil { // in a FIPS 140 process, of a short salt
		return false, ErrUnknown
	}
	return same(sum, h.sum), nil
}

func (h pbkdf2Hash) cost() time.Duration {
	const perRound = 200 * time.Nanosecond
	return time.Duration(h.rounds) * perRound
}

func (h pbkdf2Hash) weak() bool { return true }
