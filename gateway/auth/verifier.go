package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"time"

	"zerohop/gateway/passhash"
	"zerohop/gateway/throttle"
)

// Request is what a verifier looks at. Nothing of it is kept.
type Request struct {
	// User and Password are those of the Authorization header, or of a form;
	// User is nil where there are none.
	User, Password []byte
	// Header returns the only header of a name, or nil; nil is no header.
	Header func(name string) []byte
	// Address is the other end of the connection; the zero value is unknown.
	Address netip.Addr
}

// Values are what a verifier's statement may take of :auth.
type Values struct{ User, Password, Hash, OldHash, KeyHash []byte }

// Lookup returns the value of :auth.name.
func (v *Values) Lookup(name string) (value []byte, ok bool) {
	switch name {
	case "user":
		value = v.User
	case "password":
		value = v.Password
	case "hash":
		value = v.Hash
	case "old_hash":
		value = v.OldHash
	case "key_hash":
		value = v.KeyHash
	}
	return value, value != nil
}

// Rows runs one statement, for the request that ctx belongs to.
type Rows interface {
	// Row returns the first row of the statement's result. Its errors are
	// passed on as they are.
	Row(ctx context.Context, values *Values) (Row, error)
}

// Row is the first row of a result.
type Row struct {
	Columns []Column
	// Count is how many rows the result has: 0, 1, or 2 for more.
	Count int
}

// Sources are what a verifier works with. Only those that its Config asks for
// need be there.
type Sources struct {
	// Lookup runs the statement of Config.Lookup, Rehash that of
	// Config.Rehashing.
	Lookup, Rehash Rows
	// Hasher computes the hashes; all verifiers of a process share one. Nil is
	// one for this verifier.
	Hasher *passhash.Hasher
	// Counter shares the counts of failed logins with other processes, under
	// names made with CounterSecret, which is the same in all of them; nil is
	// one process.
	Counter       throttle.Counter
	CounterSecret []byte
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Notify is told of what went wrong without a request being refused for
	// it, in the goroutine of a request: a hash that could not be stored, a
	// file or a key set that could not be read again. Nil tells nobody.
	Notify func(error)
}

// Verifier finds out who is asking. It may be used by any number of goroutines
// at once.
type Verifier struct {
	kind      kind
	challenge string
}

// kind is what makes one type of verifiers.
type kind interface {
	verify(ctx context.Context, r *Request) (Identity, error)
	close()
}

// NewHasher returns the Hasher of a process: as many at a time as there are
// cores for it, the others wait for a second.
func NewHasher() *passhash.Hasher {
	return passhash.NewHasher(min(runtime.GOMAXPROCS(0), runtime.NumCPU()), time.Second)
}

// New returns the verifier of a configuration that Validate finds no fault
// with. It reads the files that this names, and nothing else: a JWKS is fetched
// when it is needed. The error of a file says what stands in which line. A
// session is not verified here.
func New(name string, cfg Config, s Sources) (*Verifier, error) {
	if err := errors.Join(cfg.Validate()...); err != nil {
		return nil, fmt.Errorf("verifier %s: %w", name, err)
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Notify == nil {
		s.Notify = func(error) {}
	}
	if s.Hasher == nil {
		s.Hasher = NewHasher()
	}
	v := &Verifier{}
	var err error
	switch cfg.Type {
	case TypeBasic:
		v.kind, err = newBasic(name, &cfg, &s)
		v.challenge = fmt.Sprintf(`Basic realm="%s", charset="UTF-8"`, cfg.Realm)
	case TypeKey:
		v.kind, err = newKeys(&cfg, &s)
		v.challenge = fmt.Sprintf(`Bearer realm="%s"`, cfg.Realm)
		if cfg.Header != headerAuthorization {
			v.challenge = fmt.Sprintf(`APIKey realm="%s", header="%s"`, cfg.Realm, cfg.Header)
		}
	case TypeJWT:
		v.kind, err = newTokens(&cfg, &s)
		v.challenge = fmt.Sprintf(`Bearer realm="%s"`, cfg.Realm)
	default:
		err = fmt.Errorf("no verifier of the type %q", cfg.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("verifier %s: %w", name, err)
	}
	return v, nil
}

// Challenge returns what the header WWW-Authenticate says of it.
func (v *Verifier) Challenge() string { return v.challenge }

// ChallengeOfRejected returns what it says where the credentials were wrong: of a
// token that is an error of its own (RFC 6750, section 3.1).
func (v *Verifier) ChallengeOfRejected() string {
	if strings.HasPrefix(v.challenge, "Bearer ") {
		return v.challenge + `, error="invalid_token"`
	}
	return v.challenge
}

// Verify finds out who is asking. The error is ErrNoCredentials, ErrRejected,
// a *throttle.Error, ErrUnavailable, or what Rows said. None of them has a
// password, a key or a token in it.
func (v *Verifier) Verify(ctx context.Context, r *Request) (Identity, error) {
	return v.kind.verify(ctx, r)
}

// Close ends what a verifier keeps open.
func (v *Verifier) Close() { v.kind.close() }

// header returns the value of a header, nil without one.
func (r *Request) header(name string) []byte {
	if r.Header == nil {
		return nil
	}
	return r.Header(name)
}

// readFile reads a file that is not to be larger than most bytes.
func readFile(path string, most int64) ([]byte, os.FileInfo, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	text, err := readBounded(file, most)
	if err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", path, err)
	}
	return text, info, nil
}
