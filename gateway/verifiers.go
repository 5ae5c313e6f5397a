package gateway

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"zerohop/gateway/auth"
	"zerohop/gateway/memcached"
	"zerohop/gateway/session"
	"zerohop/gateway/throttle"
	"zerohop/sqlapi"
)

// verifier is one [auth.NAME], with what has become of those it was asked about.
type verifier struct {
	name string
	*auth.Verifier
	// ofSession: it is the session that says who is asking, and there is no
	// Verifier.
	ofSession bool
	realm     string

	passed, rejected, throttled, failed atomic.Uint64
}

// verify finds out who is asking, and counts what comes of it.
func (v *verifier) verify(ctx context.Context, r *auth.Request) (auth.Identity, error) {
	id, err := v.Verify(ctx, r)
	_, throttled := errors.AsType[*throttle.Error](err)
	switch {
	case err == nil:
		v.passed.Add(1)
	case errors.Is(err, auth.ErrNoCredentials):
	case errors.Is(err, auth.ErrRejected):
		v.rejected.Add(1)
	case throttled:
		v.throttled.Add(1)
		err = fmt.Errorf("%w: %w", errThrottled, err)
	default:
		v.failed.Add(1)
	}
	return id, err
}

// verifiers are those of a table, by name, and what they have in common.
type verifiers struct {
	byName map[string]*verifier
	// counts has the failed logins that processes share; nil where they do not.
	counts *memcached.Client
}

// newVerifiers builds the verifiers of a configuration. It reads the files of
// users and keys.
func newVerifiers(cfg *Config, databases map[string]*sqlapi.Database, log *slog.Logger) (*verifiers, error) {
	vs := &verifiers{byName: map[string]*verifier{}}
	common := auth.Sources{
		Hasher: auth.NewHasher(),
	}
	if shared := cfg.sessions(); shared.Store == session.StoreMemcached && len(cfg.Auth) > 0 {
		var err error
		if vs.counts, err = memcached.New(shared.Config.Config); err != nil {
			return nil, err
		}
		common.Counter = sharedCounts{vs.counts}
		mac := hmac.New(sha256.New, []byte(shared.Keys[0]))
		mac.Write([]byte("zerohop failed logins"))
		common.CounterSecret = mac.Sum(nil)
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Auth)) {
		common.Notify = warnOf(name, log)
		v, err := newVerifier(name, cfg, databases, common)
		if err != nil {
			vs.close()
			return nil, err
		}
		vs.byName[name] = v
	}
	return vs, nil
}

// warnOf returns who is told of what goes wrong in a verifier: a line of the log,
// but one in a second, as each login may come to the same.
func warnOf(name string, log *slog.Logger) func(error) {
	var lines flood
	return func(err error) {
		if held, ok := lines.admit(floodKind{code: name}, time.Now()); ok {
			log.Warn("verifier", "auth", name, "error", err, "held_back", held)
		}
	}
}

func newVerifier(name string, cfg *Config, databases map[string]*sqlapi.Database, sources auth.Sources) (*verifier, error) {
	c := cfg.Auth[name]
	if c.Type == auth.TypeSession {
		return &verifier{name: name, ofSession: true, realm: c.Realm}, nil
	}
	var err error
	if s, ok := c.Lookup(); ok {
		if sources.Lookup, err = newStatementRows(c.Database, s, databases); err != nil {
			return nil, fmt.Errorf("verifier %s: %w", name, err)
		}
	}
	if s, ok := c.Rehashing(); ok {
		if sources.Rehash, err = newStatementRows(c.Database, s, databases); err != nil {
			return nil, fmt.Errorf("verifier %s: %w", name, err)
		}
	}
	made, err := auth.New(name, c, sources)
	if err != nil {
		return nil, err
	}
	return &verifier{name: name, Verifier: made, realm: c.Realm}, nil
}

// sorted returns the verifiers by name.
func (vs *verifiers) sorted() []*verifier {
	if vs == nil {
		return nil
	}
	all := make([]*verifier, 0, len(vs.byName))
	for _, name := range slices.Sorted(maps.Keys(vs.byName)) {
		all = append(all, vs.byName[name])
	}
	return all
}

func (vs *verifiers) close() {
	for _, v := range vs.sorted() {
		if v.Verifier != nil {
			v.Close()
		}
	}
	if vs != nil && vs.counts != nil {
		vs.counts.Close()
	}
}
