package passhash

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

// The parameters of a new hash: OWASP's first choice for argon2id.
const (
	newMemory  = 19 << 10 // KiB
	newPasses  = 2
	newThreads = 1
	newSalt    = 16
	newSum     = 32
)

// Dummy is a hash with the parameters of Hash, and of no password: verifying
// anything against it takes as long as a login.
const Dummy = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// Hash returns a new hash of a password, as a PHC string. The error is ErrEmpty
// or ErrTooLong.
func Hash(password []byte) (string, error) {
	switch {
	case len(password) == 0:
		return "", ErrEmpty
	case len(password) > MaxPassword:
		return "", ErrTooLong
	}
	salt := make([]byte, newSalt)
	_, _ = rand.Read(salt) // which never fails
	sum := argon2.IDKey(password, salt, newPasses, newMemory, newThreads, newSum)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, newMemory, newPasses, newThreads, encode(salt), encode(sum)), nil
}

// argon2id is a hash by the algorithm of that name (RFC 9106).
type argon2id struct {
	memory    uint32 // KiB
	passes    uint32
	threads   uint8
	salt, sum []byte
}

// parseArgon2id reads "v=19$m=19456,t=2,p=1$salt$sum".
func parseArgon2id(text string) (hash, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 4 || parts[0] != fmt.Sprintf("v=%d", argon2.Version) {
		return nil, ErrMalformed
	}
	p, err := parseParameters(parts[1], "m", "t", "p")
	if err != nil {
		return nil, err
	}
	memory, passes, threads := p[0], p[1], p[2]
	switch {
	case memory > maxMemory>>10 || passes > maxWork>>10 || memory*passes > maxWork>>10 || threads > 255:
		return nil, ErrTooCostly
	case memory < 8*threads: // as the RFC has it
		return nil, ErrMalformed
	}
	h := argon2id{memory: uint32(memory), passes: uint32(passes), threads: uint8(threads)}
	if h.salt, h.sum, err = parseSaltAndSum(parts[2], parts[3], decode64); err != nil {
		return nil, err
	}
	return h, nil
}

func (h argon2id) verify(password []byte) (bool, error) {
	return same(argon2.IDKey(password, h.salt, h.passes, h.memory, h.threads, uint32(len(h.sum))), h.sum), nil
}

func (h argon2id) cost() time.Duration {
	const perKiB = time.Microsecond
	return time.Duration(h.memory) * time.Duration(h.passes) * perKiB
}

// weak compares what a guess costs: memory times passes. OWASP's other pairs of
// the two cost about as much as the one that is used here.
func (h argon2id) weak() bool {
	const least = 7 << 10 // KiB, of the smallest of those pairs
	return h.memory < least || uint64(h.memory)*uint64(h.passes)*10 < newMemory*newPasses*9 ||
		len(h.salt) < newSalt || len(h.sum) < newSum
}
