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
	"zerohop/gateway/conffile"
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
		Notify: func(err error) { log.Warn("verifier", "error", err) },
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
		v, err := newVerifier(name, cfg, databases, common)
		if err != nil {
			vs.close()
			return nil, err
		}
		vs.byName[name] = v
	}
	return vs, nil
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

// statementRows runs the statement of a verifier for the request that is being
// answered.
type statementRows struct{ query *sqlapi.Query }

func newStatementRows(database string, s auth.Statement, databases map[string]*sqlapi.Database) (*statementRows, error) {
	db := theDatabase(databases, database)
	if db == nil {
		return nil, fmt.Errorf("there is no database %q", database)
	}
	query, err := db.Query(sqlapi.QueryConfig{Field: s.Key, SQL: s.SQL, AuthNames: s.AuthNames, Writes: s.Writes})
	if err != nil {
		return nil, err
	}
	return &statementRows{query}, nil
}

// Row is auth.Rows'.
func (s *statementRows) Row(ctx context.Context, values *auth.Values) (auth.Row, error) {
	sc := scopeOf(ctx)
	var row sqlapi.Row
	if err := s.query.Row(sc, sc.request, verifierLookup{sc, values}, &row); err != nil {
		return auth.Row{}, err
	}
	found := auth.Row{Count: row.Rows()}
	for _, c := range row.Columns() {
		found.Columns = append(found.Columns, auth.Column{Name: string(c.Name), Value: string(c.Value), Null: c.Value == nil})
	}
	return found, nil
}

// verifierLookup answers for the sources of a verifier's statement: of :auth
// there is what is to be verified, and nobody has been identified.
type verifierLookup struct {
	*scope
	values *auth.Values
}

func (l verifierLookup) Lookup(source sqlapi.Source, name string) ([]byte, bool) {
	if source == sqlapi.SourceAuth {
		return l.values.Lookup(name)
	}
	return l.scope.Lookup(source, name)
}

// sharedCounts counts failed logins in memcached, for all processes.
type sharedCounts struct{ client *memcached.Client }

// Add is throttle.Counter's. A count does not go below 0.
func (c sharedCounts) Add(_ context.Context, key string, delta int, life time.Duration) (int, error) {
	change := c.client.Increment
	size := uint64(max(delta, -delta))
	if delta < 0 {
		change = c.client.Decrement
	}
	n, err := change(key, size)
	if !errors.Is(err, memcached.ErrMiss) {
		return int(min(n, 1<<31)), err
	}
	if delta <= 0 {
		return 0, nil
	}
	switch err = c.client.Add(key, fmt.Append(nil, delta), life); {
	case errors.Is(err, memcached.ErrExists): // somebody was faster
		n, err = change(key, size)
		return int(min(n, 1<<31)), err
	case err != nil:
		return 0, err
	}
	return delta, nil
}

// The types of verifiers that routes are checked against.
const (
	authBasic   = auth.TypeBasic
	authSession = auth.TypeSession
)

// validateAuth returns the faults of the tables [auth.NAME].
func (c *Config) validateAuth() []error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(c.Auth)) {
		path := "auth." + conffile.PathKey(name)
		v := c.Auth[name]
		faults = append(faults, allBelow(path, v.Validate())...)
		var own []error
		for _, statement := range []func() (auth.Statement, bool){v.Lookup, v.Rehashing} {
			s, ok := statement()
			if !ok || v.Type == auth.TypeSession {
				continue
			}
			own = append(own, sqlapi.QueryConfig{Field: s.Key, SQL: s.SQL, AuthNames: s.AuthNames, Writes: s.Writes}.Validate()...)
			own = append(own, c.validateVerifierDatabase(v.Database)...)
		}
		faults = append(faults, allBelow(path, own)...)
	}
	return faults
}

// validateVerifierDatabase checks which database a verifier's statement asks.
func (c *Config) validateVerifierDatabase(name string) []error {
	if len(c.Databases) == 0 {
		return []error{&FieldError{Field: "database", Problem: "there is no database for the statement", Hint: "add [databases.main] with a dsn"}}
	}
	return c.validateDatabase(RouteConfig{Database: name, EndpointConfig: sqlapi.EndpointConfig{SQL: "x"}})
}

// askerOf returns what a route's verifiers can tell of who is asking.
func (c *Config) askerOf(r RouteConfig) sqlapi.AskerConfig {
	var asker sqlapi.AskerConfig
	names := r.Auth
	if r.Login != nil {
		names = []string{r.Login.Auth}
	}
	for _, name := range names {
		v, ok := c.Auth[name]
		if !ok {
			// It has its fault; what would come from it is to cause no more.
			return sqlapi.AskerConfig{AnyAuth: true, Session: true, Claims: true}
		}
		asker.Auth = []string{"user", "role"}
		_, rows := v.Lookup()
		asker.AnyAuth = asker.AnyAuth || rows && v.Type != auth.TypeJWT || v.Type == auth.TypeSession
		asker.Session = asker.Session || v.Type == auth.TypeSession
		asker.Claims = asker.Claims || v.Type == auth.TypeJWT
	}
	asker.Session = asker.Session || r.Session != nil && r.Login == nil
	return asker
}
