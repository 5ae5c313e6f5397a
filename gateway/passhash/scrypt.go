package passhash

import (
	"strings"
	"time"

	"golang.org/x/crypto/scrypt"
)

// scryptHash is a hash by scrypt (RFC 7914).
type scryptHash struct {
	n, r, p   int
	salt, sum []byte
}

// parseScrypt reads "ln=16,r=8,p=1$salt$sum".
func parseScrypt(text string) (hash, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 3 {
		return nil, ErrMalformed
	}
	v, err := parseParameters(parts[0], "ln", "r", "p")
	if err != nil {
		return nil, err
	}
	ln, r, p := v[0], v[1], v[2]
	if ln > 24 || r > 1<<10 || p > 1<<10 {
		return nil, ErrTooCostly
	}
	if memory := uint64(128) << ln * r; memory > maxMemory || memory*p > maxWork/2 {
		return nil, ErrTooCostly
	}
	h := scryptHash{n: 1 << ln, r: int(r), p: int(p)}
	if h.salt, h.sum, err = parseSaltAndSum(parts[1], parts[2], decode64); err != nil {
		return nil, err
	}
	return h, nil
}

func (h scryptHash) verify(password []byte) (bool, error) {
	sum, err := scrypt.Key(password, h.salt, h.n, h.r, h.p, len(h.sum))
	if err != nil {
		return false, ErrMalformed
	}
	return same(sum, h.sum), nil
}

func (h scryptHash) cost() time.Duration {
	const perKiB = 2 * time.Microsecond // it is written, and read
	return time.Duration(h.n) * time.Duration(h.r) * time.Duration(h.p) * perKiB / 8
}

func (h scryptHash) weak() bool { return true }
