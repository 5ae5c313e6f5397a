package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"zerohop/gateway/passhash"
)

// hashCheck compares a password with the hash in the user's row.
//
// A user who does not exist costs the same time as one who does: the password
// is compared with a hash that nobody's password has, with the parameters of
// the one that was met last. So the times differ only where the users of one
// table have hashes of different kinds.
type hashCheck struct {
	name        string
	rows        Rows
	rehash      Rows // nil without
	hasher      *passhash.Hasher
	plain       bool
	rolesColumn string
	notify      func(error)
	verified    *verified

	// last is the hash that was met last, "" for a plain password; nil before.
	last atomic.Pointer[string]
}

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
		h.improve(ctx, r)
	}
	return id, nil
}

// compare returns nil if the hash is that of the password.
func (h *hashCheck) compare(ctx context.Context, password []byte, hash string) (weak bool, err error) {
	if err := passhash.Check(hash); err != nil {
		if h.plain && errors.Is(err, passhash.ErrUnknown) {
			h.meet("")
			return true, comparePlain(password, hash)
		}
		// Of such a user nobody learns more than of one who does not exist.
		return false, h.pretend(ctx, password, fmt.Errorf("%w: the stored hash: %w", ErrRejected, err))
	}
	h.meet(hash)
	ok, weak, err := h.hasher.Verify(ctx, password, hash)
	switch {
	case errors.Is(err, passhash.ErrTooLong):
		return false, fmt.Errorf("%w: %w", ErrRejected, err)
	case err != nil:
		return false, unavailable(err)
	case !ok:
		return false, fmt.Errorf("%w: wrong password", ErrRejected)
	}
	return weak, nil
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

// meet remembers what comparing costs.
func (h *hashCheck) meet(hash string) {
	if last := h.last.Load(); last == nil || *last != hash {
		h.last.Store(&hash)
	}
}

// pretend takes as long as comparing a password does, and returns rejected, or
// why it could not.
func (h *hashCheck) pretend(ctx context.Context, password []byte, rejected error) error {
	hash := passhash.Dummy
	if last := h.last.Load(); last != nil {
		hash = *last
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

// improve stores a better hash. It is no reason to refuse anybody when that
// fails: the old one is still good.
func (h *hashCheck) improve(ctx context.Context, r *Request) {
	hash, err := h.hasher.Hash(ctx, r.Password)
	if err == nil {
		_, err = h.rehash.Row(ctx, &Values{User: r.User, Hash: []byte(hash)})
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
