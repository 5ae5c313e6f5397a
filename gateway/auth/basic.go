package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"zerohop/gateway/throttle"
)

// basic verifies a user and a password.
type basic struct {
	check    passwordCheck
	throttle *throttle.Throttle
}

// passwordCheck decides on one user and password. It returns ErrRejected, or
// another error where it cannot tell.
type passwordCheck interface {
	check(ctx context.Context, r *Request) (Identity, error)
}

func newBasic(name string, cfg *Config, s *Sources) (*basic, error) {
	b := &basic{throttle: throttle.New(cfg.Throttle, throttle.Options{
		Name: name, Shared: s.Counter, Secret: s.CounterSecret, Now: s.Now, Notify: s.Notify,
	})}
	if cfg.SQLCount != "" {
		b.check = &countCheck{rows: s.Lookup, rolesColumn: cfg.RolesColumn}
		return b, nil
	}
	hashes := newHashCheck(name, cfg, s)
	if cfg.UsersFile != "" {
		users, err := newUsersFile(cfg.UsersFile, cfg.RolesColumn, s)
		if err != nil {
			return nil, err
		}
		hashes.rows = users
	}
	b.check = hashes
	return b, nil
}

func (b *basic) close() {}

// verify has one password checked, and counted.
func (b *basic) verify(ctx context.Context, r *Request) (Identity, error) {
	if r.User == nil {
		return Identity{}, ErrNoCredentials
	}
	if !utf8.Valid(r.User) {
		return Identity{}, errNotUTF8
	}
	attempt, err := b.throttle.Begin(ctx, string(r.User), r.Address, r.Password)
	if errors.Is(err, throttle.ErrFailed) {
		return Identity{}, fmt.Errorf("%w: %w", ErrRejected, err)
	}
	if err != nil {
		return Identity{}, err
	}
	ended := false
	defer func() {
		if !ended { // a panic on its way
			attempt.Cancel(ctx)
		}
	}()
	id, err := b.check.check(ctx, r)
	ended = true
	switch {
	case err == nil:
		attempt.Pass(ctx)
	case errors.Is(err, ErrRejected):
		attempt.Fail(ctx)
	default:
		attempt.Cancel(ctx)
	}
	return id, err
}

// errNotUTF8: RFC 7617 has both in UTF-8, as we ask for it in the challenge.
var errNotUTF8 = fmt.Errorf("%w: not valid UTF-8", ErrRejected)

// countCheck has a statement compare the password, as the old stack did.
type countCheck struct {
	rows        Rows
	rolesColumn string
}

func (c *countCheck) check(ctx context.Context, r *Request) (Identity, error) {
	if !utf8.Valid(r.Password) {
		return Identity{}, errNotUTF8
	}
	row, err := c.rows.Row(ctx, &Values{User: r.User, Password: r.Password})
	switch {
	case err != nil:
		return Identity{}, err
	case row.Count != 1 || len(row.Columns) == 0:
		return Identity{}, fmt.Errorf("%w: the statement has returned %s", ErrRejected, countOf(row.Count))
	case row.Columns[0].Null || !positive(row.Columns[0].Value):
		return Identity{}, fmt.Errorf("%w: the count is not 1 or more", ErrRejected)
	}
	return identify(string(r.User), row, 0, c.rolesColumn), nil
}

// positive reports whether a text is a whole number from 1 on, and nothing else:
// no sign, no fraction, no blank.
func positive(text string) bool {
	return text != "" && len(text) <= 20 && strings.Trim(text, "0123456789") == "" && strings.Trim(text, "0") != ""
}

func countOf(rows int) string {
	return [...]string{"no row", "one row", "several rows"}[min(max(rows, 0), 2)]
}
