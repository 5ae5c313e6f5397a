package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"zerohop/gateway/passhash"
)

// hashCheck compares a password with the hash in the user's row.
//
// A user who does not exist costs the same time as one who does: the password
// is compared with the dearest hash that was met, as far as that is not absurd
// (maxPretended). Where the users of one table have hashes of different kinds, a
// wrong password for a cheap one is followed by that too. So what can be told
// apart by the time it takes is: users whose hash costs between half and all of
// the dearest, or more than maxPretended; and for how many users it is one of
// a new kind, until one of them has come.
type hashCheck struct {
	name        string
	rows        Rows
	rehash      Rows // nil without
	hasher      *passhash.Hasher
	plain       bool
	rolesColumn string
	notify      func(error)
	verified    *verified

	// dearest is nil before one was met.
	dearest atomic.Pointer[pricedHash]
}

// pricedHash is a hash and what comparing it costs; for a plain password both
// are empty.
type pricedHash struct {
	hash string
	cost time.Duration
}

// maxPretended is what a user who does not exist costs at most: bcrypt's 12 and
// Django's rounds are below it. One row with an absurd hash must not make
// everybody who guesses names as dear as itself.
const maxPretended = 300 * time.Millisecond

func newHashCheck(name string, cfg *Config, s *Sources) *hashCheck {
	return &hashCheck{
		name: name, rows: s.Lookup, rehash: s.Rehash, hasher: s.Hasher, plain: slices.Contains(cfg.Accept, acceptPlain),
		rolesColumn: cfg.RolesColumn, notify: s.Notify, verified: newVerified(cfg.Cache, s.Now),
	}
}

func (h *hashCheck) check(ctx context.Context, r *Request) (Identity, error) {
	row, err := h.rows.Row(ctx, &Values{User: r.User})
	if err != nil {
		return Identity{}, err
	}
	if row.Count != 1 || len(row.Columns) == 0 || row.Columns[0].Null {
		return Identity{}, h.pretend(ctx, r.Password, fmt.Errorf("%w: the statement has returned %s, or no hash", ErrRejected, countOf(row.Count)))
	}
	hash := row.Columns[0].Value
	id := identify(string(r.User), row, 0, h.rolesColumn)
	tag := h.verified.tag(r.User, r.Password, hash)
	if h.verified.has(tag) {
		return id, nil
	}
	weak, err := h.compare(ctx, r.Password, hash)
	if err != nil {
		return Identity{}, err
	}
	h.verified.add(tag)
	if weak && h.rehash != nil {
		h.improve(ctx, r, hash)
	}
	return id, nil
}

// compare returns nil if the hash is that of the password.
func (h *hashCheck) compare(ctx context.Context, password []byte, hash string) (weak bool, err error) {
	if err := passhash.Check(hash); err != nil {
		if h.plain && errors.Is(err, passhash.ErrUnknown) {
			h.meet("", 0)
			if err := comparePlain(password, hash); err != nil {
				return false, h.level(ctx, password, 0, err)
			}
			return true, nil
		}
		// Of such a user nobody learns more than of one who does not exist.
		return false, h.pretend(ctx, password, fmt.Errorf("%w: the stored hash: %w", ErrRejected, err))
	}
	cost, _ := passhash.Cost(hash)
	h.meet(hash, cost)
	ok, weak, err := h.hasher.Verify(ctx, password, hash)
	switch {
	case errors.Is(err, passhash.ErrTooLong):
		return false, h.level(ctx, password, cost, fmt.Errorf("%w: %w", ErrRejected, err))
	case err != nil:
		return false, unavailable(err)
	case !ok:
		return false, h.level(ctx, password, cost, fmt.Errorf("%w: wrong password", ErrRejected))
	}
	return weak, nil
}

// level has a comparison that cost little take about as long as the dearest,
// and returns rejected, or why it could not.
func (h *hashCheck) level(ctx context.Context, password []byte, cost time.Duration, rejected error) error {
	if dearest := h.dearest.Load(); dearest != nil && 2*cost <= dearest.cost {
		return h.pretend(ctx, password, rejected)
	}
	return rejected
}

// comparePlain compares a password with a stored one, in a time that depends on
// neither.
func comparePlain(password []byte, stored string) error {
	got, want := sha256.Sum256(password), sha256.Sum256([]byte(stored))
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 || stored == "" {
		return fmt.Errorf("%w: wrong password", ErrRejected)
	}
	return nil
}

// meet remembers the dearest hash.
func (h *hashCheck) meet(hash string, cost time.Duration) {
	if cost > maxPretended {
		return
	}
	met := &pricedHash{hash, cost}
	for {
		dearest := h.dearest.Load()
		if dearest != nil && dearest.cost >= cost || h.dearest.CompareAndSwap(dearest, met) {
			return
		}
	}
}

// pretend takes as long as comparing a password does, and returns rejected, or
// why it could not.
func (h *hashCheck) pretend(ctx context.Context, password []byte, rejected error) error {
	hash := passhash.Dummy
	if dearest := h.dearest.Load(); dearest != nil {
		hash = dearest.hash
	}
	if hash == "" {
		_ = comparePlain(password, hash)
		return rejected
	}
	if _, _, err := h.hasher.Verify(ctx, password, hash); err != nil && !errors.Is(err, passhash.ErrTooLong) {
		return unavailable(err)
	}
	return rejected
}

// improve stores a better hash in place of the old one, unless that is not there
// any more. It is no reason to refuse anybody when it fails: the old one is
// still good.
func (h *hashCheck) improve(ctx context.Context, r *Request, old string) {
	hash, err := h.hasher.Hash(ctx, r.Password)
	if err == nil {
		_, err = h.rehash.Row(ctx, &Values{User: r.User, Hash: []byte(hash), OldHash: []byte(old)})
	}
	if err != nil {
		h.notify(fmt.Errorf("verifier %s: store a better hash: %w", h.name, err))
	}
}

// unavailable gives the failure of a Hasher its kind.
func unavailable(err error) error {
	if errors.Is(err, passhash.ErrBusy) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}
