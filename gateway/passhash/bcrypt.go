package passhash

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
)

const (
	// maxBcryptCost is a second or two on a machine of today.
	maxBcryptCost = 15
	// maxBcryptPassword is how much of a password bcrypt looks at, in bytes.
	maxBcryptPassword = 72
	bcryptLength      = len("$2b$12$") + 22 + 31
	bcryptAlphabet    = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// bcryptHash is a hash as OpenBSD's bcrypt has it, whole.
type bcryptHash string

func parseBcrypt(encoded string) (hash, error) {
	const digits = len("$2b$")
	if len(encoded) != bcryptLength || encoded[digits+2] != '$' || strings.Trim(encoded[digits+3:], bcryptAlphabet) != "" {
		return nil, ErrMalformed
	}
	cost, err := strconv.ParseUint(encoded[digits:digits+2], 10, 8)
	switch {
	case err != nil || cost < uint64(bcrypt.MinCost):
		return nil, ErrMalformed
	case cost > maxBcryptCost:
		return nil, ErrTooCostly
	}
	return bcryptHash(encoded), nil
}

func (h bcryptHash) verify(password []byte) (bool, error) {
	whole := min(len(password), maxBcryptPassword)
	err := bcrypt.CompareHashAndPassword([]byte(h), password[:whole])
	if whole < len(password) {
		return false, ErrTooLong
	}
	return err == nil, nil
}

func (h bcryptHash) cost() time.Duration {
	const unit = 50 * time.Microsecond
	cost, _ := strconv.Atoi(string(h[4:6])) // which has been read before
	return unit << cost
}

func (h bcryptHash) weak() bool { return true }
