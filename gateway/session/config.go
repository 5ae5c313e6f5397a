package session

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"zerohop/gateway/memcached"
	"zerohop/gateway/tornado"
)

// The values of Config.Store, Config.Secure and Config.Compat.
const (
	StoreMemory    = "memory"
	StoreMemcached = "memcached"
	SecureAuto     = "auto"
	SecureAlways   = "true"
	SecureNever    = "false"
	CompatTornado  = "tornado"
)

// Config says where sessions are kept, for how long, and under which cookie.
type Config struct {
	// Store is "memory", of this process alone, or "memcached".
	Store string `toml:"store"`
	// Config has the memcached servers.
	memcached.Config
	// Keys seal what is in the store: the first seals, all open. To change
	// the key, a new one is put in front, and the old one is removed when
	// the absolute time has passed. Of several processes each is given the
	// new one at the end of the list first, so that all can open what the
	// first of them seals; until then that is ErrKey for the others. Memcached needs a key; without, memory has one of
	// its own.
	Keys []string `toml:"keys,secret"`
	// Cookie is the cookie's name. Over TLS it has the prefix __Host-, with
	// which browsers keep other hosts and plain connections from setting it.
	Cookie string `toml:"cookie"`
	// Idle is how long a session lasts without a request.
	Idle time.Duration `toml:"idle"`
	// Absolute is how long it lasts at most.
	Absolute time.Duration `toml:"absolute"`
	// Max is how many sessions memory has room for; then the one that was
	// unused for longest is dropped.
	Max int `toml:"max"`
	// MaxBytes is how large their values may be together.
	MaxBytes int64 `toml:"max_bytes,size"`
	// Secure says whether the cookie is for TLS only: "auto" does as the
	// request came; "true" is for a proxy in front that has taken TLS off.
	Secure Secure `toml:"secure"`
	// Compat is "tornado" to take the old stack's cookies over, or empty.
	Compat string `toml:"compat"`
	// Tornado says how to read those.
	Tornado tornado.Config `toml:"tornado"`
}

// Secure is one of "auto", "true" and "false".
type Secure string

// UnmarshalText reads it, also from a plain true or false.
func (s *Secure) UnmarshalText(text []byte) error {
	*s = Secure(text)
	if !s.known() {
		return &FieldError{Problem: "secure: not a way to set a cookie", Hint: secureHint}
	}
	return nil
}

const secureHint = `write "auto", true or false`

func (s Secure) known() bool { return s == SecureAuto || s == SecureAlways || s == SecureNever }

// SetDefaults sets what a file that says nothing of sessions means.
func (c *Config) SetDefaults() {
	c.Config.SetDefaults()
	c.Tornado.SetDefaults()
	c.Store, c.Cookie, c.Secure = StoreMemory, "session", SecureAuto
	c.Idle, c.Absolute = 30*time.Minute, 12*time.Hour
	c.Max, c.MaxBytes = 100_000, 64<<20
}

// The bounds of a configuration.
const (
	maxAbsolute = 366 * 24 * time.Hour
	maxMax      = 10_000_000
	minMaxBytes = 1 << 20
	maxMaxBytes = 64 << 30
	maxKeys     = 16
	keyBytes    = 32 // of entropy, at least
	keyHint     = "make one with: openssl rand -base64 32"
)

// Validate returns every fault of the configuration, each with the method
// FieldFault.
func (c Config) Validate() []error {
	var faults []error
	fault := func(field, problem, hint string) {
		faults = append(faults, &FieldError{Field: field, Problem: problem, Hint: hint})
	}
	switch c.Store {
	case StoreMemcached:
		faults = append(faults, c.Config.Validate()...)
		if len(c.Keys) == 0 {
			fault("keys", "no key seals what is in memcached, where others may write", keyHint)
		}
	case StoreMemory:
		if len(c.Servers) > 0 {
			fault("servers", "the store memory has no servers", `set store = "memcached"`)
		}
	default:
		fault("store", fmt.Sprintf("%q is no store", c.Store), `"memory" or "memcached"`)
	}
	faults = append(faults, c.validateKeys()...)
	if problem := cookieProblem(c.Cookie); problem != "" {
		fault("cookie", problem, `a name such as "session"; over TLS it becomes "__Host-session"`)
	}
	if !c.Secure.known() {
		fault("secure", fmt.Sprintf("%q is not a way to set a cookie", c.Secure), secureHint)
	}
	if c.Idle < time.Second || c.Idle > c.Absolute {
		fault("idle", fmt.Sprintf("%v is out of bounds", c.Idle), fmt.Sprintf(`from "1s" to the absolute time, %v`, c.Absolute))
	}
	if c.Absolute < time.Second || c.Absolute > maxAbsolute {
		fault("absolute", fmt.Sprintf("%v is out of bounds", c.Absolute), `from "1s" to "8784h"`)
	}
	if c.Max < 1 || c.Max > maxMax {
		fault("max", fmt.Sprintf("%d sessions", c.Max), fmt.Sprintf("1 to %d", maxMax))
	}
	if c.MaxBytes < minMaxBytes || c.MaxBytes > maxMaxBytes {
		fault("max_bytes", fmt.Sprintf("%d is out of bounds", c.MaxBytes), `from "1MiB" to "64GiB"`)
	}
	return append(faults, c.validateCompat()...)
}

func (c Config) validateKeys() []error {
	var faults []error
	if len(c.Keys) > maxKeys {
		faults = append(faults, &FieldError{
			Field: "keys", Problem: fmt.Sprintf("%d keys", len(c.Keys)), Hint: "remove those that are older than the absolute time",
		})
	}
	for i, key := range c.Keys {
		field := fmt.Sprintf("keys[%d]", i)
		if n := strength(key); n < keyBytes {
			faults = append(faults, &FieldError{
				Field: field, Problem: fmt.Sprintf("the key is worth %d random bytes at most, and %d are needed", n, keyBytes), Hint: keyHint,
			})
		} else if first := slices.Index(c.Keys, key); first < i {
			faults = append(faults, &FieldError{Field: field, Problem: "the same key twice", Hint: fmt.Sprintf("it is keys[%d] already", first)})
		}
	}
	return faults
}

func (c Config) validateCompat() []error {
	var faults []error
	switch {
	case c.Compat == "":
	case c.Compat != CompatTornado:
		faults = append(faults, &FieldError{
			Field: "compat", Problem: fmt.Sprintf("%q is no old stack", c.Compat), Hint: `"tornado", or leave it out`,
		})
	case c.Store != StoreMemcached:
		faults = append(faults, &FieldError{
			Field: "compat", Problem: "the old sessions are in memcached, which is not the store here", Hint: `set store = "memcached" and its servers`,
		})
	default:
		for _, err := range c.Tornado.Validate() {
			faults = append(faults, &FieldError{Field: "tornado." + err.Field, Problem: err.Problem, Hint: err.Hint})
		}
	}
	return faults
}

// strength returns how many random bytes a text can be worth: hexadecimal
// digits half of their number, others three quarters, and a few that repeat
// nothing.
func strength(key string) int {
	const variety = 10
	kinds := map[byte]bool{}
	for i := range len(key) {
		kinds[key[i]] = true
	}
	if len(kinds) < variety {
		return 0
	}
	if _, err := hex.DecodeString(key); err == nil {
		return len(key) / 2
	}
	return len(strings.TrimRight(key, "=")) * 3 / 4
}

// cookieProblem returns what is wrong with a cookie's name, or "".
func cookieProblem(name string) string {
	switch {
	case name == "" || len(name) > 64:
		return fmt.Sprintf("a name of %d bytes", len(name))
	case strings.HasPrefix(name, "__"):
		return "names that begin with __ have a meaning for browsers"
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, c) >= 0 {
			return fmt.Sprintf("a name cannot have %q", c)
		}
	}
	return ""
}

// FieldError is a fault of one configuration field.
type FieldError struct {
	// Field is the path of the field below the Config, as written in the
	// file: "keys[0]".
	Field string
	// Problem says what is wrong, Hint what to do; Hint may be empty.
	Problem, Hint string
}

func (e *FieldError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("%s: %s", e.Field, e.Problem)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Field, e.Problem, e.Hint)
}

// FieldFault returns the parts of the fault, for whoever knows where the field
// stands.
func (e *FieldError) FieldFault() (field, problem, hint string, offset int) {
	return e.Field, e.Problem, e.Hint, -1
}
