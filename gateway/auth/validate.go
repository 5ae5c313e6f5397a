package auth

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The bounds of the settings.
const (
	maxCache  = time.Minute
	maxLeeway = 5 * time.Minute
	maxRealm  = 100
)

// Validate returns everything that is wrong with the configuration, always in
// the same order. Each error has a method FieldFault, as FieldError does. The
// statements are for whoever runs them to look at: see Lookup and Rehashing.
func (c Config) Validate() []error {
	var check faults
	if c.Realm == "" || len(c.Realm) > maxRealm || strings.ContainsFunc(c.Realm, unquotable) {
		check.add("realm", "not a text for a header", "up to 100 printable ASCII characters without a quote or a backslash")
	}
	if c.RolesColumn == "" {
		check.add("roles_column", "a column without a name", `leave it out for "role"`)
	}
	switch c.Type {
	case TypeBasic:
		c.validateBasic(&check)
	case TypeKey:
		c.validateKey(&check)
	case TypeJWT:
		c.validateJWT(&check)
	case TypeSession:
	case "":
		check.add("type", "a verifier without a type", typeHint)
		return check
	default:
		check.add("type", fmt.Sprintf("no verifier of the type %q", c.Type), typeHint)
		return check
	}
	c.validateOthers(&check)
	return check
}

const typeHint = `there are "basic", "key", "jwt" and "session"`

// faults are the *FieldErrors so far.
type faults []error

func (f *faults) add(field, problem, hint string) {
	*f = append(*f, &FieldError{Field: field, Problem: problem, Hint: hint})
}

func unquotable(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }

// setting is a key that belongs to some types only, and whether it is there.
type setting struct {
	key   string
	set   bool
	types []string
}

// settings are the keys without a default that not all types have. Of the
// others nobody can tell, from here, whether they stand in the file.
func (c *Config) settings() []setting {
	basic, sql, token := []string{TypeBasic}, []string{TypeBasic, TypeKey}, []string{TypeJWT}
	return []setting{
		{"database", c.Database != "", sql},
		{"sql_count", c.SQLCount != "", basic},
		{"sql_hash", c.SQLHash != "", basic},
		{"accept", c.Accept != nil, basic},
		{"rehash", c.Rehash != "", basic},
		{"users_file", c.UsersFile != "", basic},
		{"sql", c.SQL != "", []string{TypeKey}},
		{"keys_file", c.KeysFile != "", []string{TypeKey}},
		{"algorithms", c.Algorithms != nil, token},
		{"secret", c.Secret != "", token},
		{"public_key", c.PublicKey != "", token},
		{"jwks", c.JWKS != "", token},
		{"audience", c.Audience != nil, token},
		{"issuer", c.Issuer != "", token},
		{"roles", c.Roles != "", token},
	}
}

// validateOthers finds keys of other types.
func (c *Config) validateOthers(check *faults) {
	for _, s := range c.settings() {
		if s.set && !slices.Contains(s.types, c.Type) {
			check.add(s.key, fmt.Sprintf("a verifier of the type %q has no such key", c.Type), fmt.Sprintf("leave it out; it is one of %q", strings.Join(s.types, ", ")))
		}
	}
}

// oneOf wants exactly one of some keys.
func (f *faults) oneOf(hint string, keys ...setting) {
	var set []string
	for _, s := range keys {
		if s.set {
			set = append(set, s.key)
		}
	}
	switch {
	case len(set) == 0:
		f.add(keys[0].key, "nothing to compare credentials with", hint)
	case len(set) > 1:
		f.add(set[1], fmt.Sprintf("both %s and %s", set[0], set[1]), "keep one of them")
	}
}

func (c *Config) validateBasic(check *faults) {
	check.oneOf(`write sql_hash = "select hash from user where user = :auth.user", or sql_count or users_file`,
		setting{key: "sql_hash", set: c.SQLHash != ""}, setting{key: "sql_count", set: c.SQLCount != ""}, setting{key: "users_file", set: c.UsersFile != ""})
	for i, kind := range c.Accept {
		if kind != acceptPlain {
			check.add(fmt.Sprintf("accept[%d]", i), fmt.Sprintf("no kind of hash %q", kind), `there is "plain"; all others are accepted anyway`)
		}
	}
	if c.SQLHash == "" {
		if c.Accept != nil {
			check.add("accept", "there are no hashes of a statement", "it goes with sql_hash")
		}
		if c.Rehash != "" {
			check.add("rehash", "there are no hashes of a statement", "it goes with sql_hash")
		}
	}
	if c.UsersFile != "" && c.Database != "" {
		check.add("database", "a file needs no database", "leave it out")
	}
	if c.Cache < 0 || c.Cache > maxCache {
		check.add("cache", c.Cache.String()+" is out of bounds", `from "0s", which caches nothing, to "1m"`)
	}
	for _, err := range c.Throttle.Validate() {
		*check = append(*check, below{"throttle", err})
	}
}

func (c *Config) validateKey(check *faults) {
	check.oneOf(`write sql = "select name as user, role from api_key where hash = :auth.key_hash", or keys_file`,
		setting{key: "sql", set: c.SQL != ""}, setting{key: "keys_file", set: c.KeysFile != ""})
	if c.KeysFile != "" && c.Database != "" {
		check.add("database", "a file needs no database", "leave it out")
	}
	if c.Header == "" || strings.Trim(c.Header, tokenLetters) != "" {
		check.add("header", fmt.Sprintf("%q is no name of a header", c.Header), `"Authorization", for Bearer, or one such as "X-Api-Key"`)
	}
}

// tokenLetters are those of a header's name (RFC 9110, 5.6.2).
const tokenLetters = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func (c *Config) validateJWT(check *faults) {
	check.oneOf(`write jwks = "https://…", or public_key or secret with "${file:PATH}"`,
		setting{key: "jwks", set: c.JWKS != ""}, setting{key: "public_key", set: c.PublicKey != ""}, setting{key: "secret", set: c.Secret != ""})
	if len(c.Algorithms) == 0 {
		check.add("algorithms", "no algorithm, so no token would do", `write algorithms = ["RS256"], or whichever your tokens are signed with`)
	}
	var chosen []algorithm
	for i, name := range c.Algorithms {
		a, ok := algorithms()[name]
		if !ok {
			check.add(fmt.Sprintf("algorithms[%d]", i), fmt.Sprintf("no algorithm %q", name), "there are "+strings.Join(algorithmNames(), ", "))
			continue
		}
		chosen = append(chosen, a)
		c.validateAlgorithm(check, fmt.Sprintf("algorithms[%d]", i), name, a)
	}
	c.validateSecret(check, chosen)
	c.validatePublic(check, chosen)
	if c.Leeway < 0 || c.Leeway > maxLeeway {
		check.add("leeway", c.Leeway.String()+" is out of bounds", `from "0s" to "5m"`)
	}
	if c.User == "" {
		check.add("user", "no claim that names who asks", `leave it out for "sub"`)
	}
}

// validateAlgorithm refuses one that is for another kind of key: a public key
// that is taken for a secret lets everybody sign.
func (c *Config) validateAlgorithm(check *faults, field, name string, a algorithm) {
	public := c.JWKS != "" || c.PublicKey != ""
	switch {
	case public && a.family == familyHMAC:
		check.add(field, name+" takes a secret, and not a public key", "everybody knows a public key, and could sign with it")
	case !public && c.Secret != "" && a.family != familyHMAC:
		check.add(field, name+" takes a public key, and not a secret", "write public_key or jwks in place of secret")
	}
}

func (c *Config) validateSecret(check *faults, chosen []algorithm) {
	if c.Secret == "" {
		return
	}
	if strings.Contains(c.Secret, "-----BEGIN") {
		check.add("secret", "a key in PEM is no secret", "a public key is public_key, with an algorithm such as RS256")
		return
	}
	least := 0
	for _, a := range chosen {
		least = max(least, a.secret)
	}
	if len(c.Secret) < least {
		check.add("secret", fmt.Sprintf("%d bytes are too few for its algorithm", len(c.Secret)), fmt.Sprintf("%d and more, such as those of: openssl rand -hex %d", least, least))
	}
}

func (c *Config) validatePublic(check *faults, chosen []algorithm) {
	if c.PublicKey != "" {
		key, err := parsePublicKey(c.PublicKey)
		if err != nil {
			check.add("public_key", err.Error(), `write public_key = "${file:/path/to/key.pem}"`)
		} else if i := slices.IndexFunc(chosen, func(a algorithm) bool { return a.family != familyHMAC && !a.fits(key) }); i >= 0 {
			check.add("public_key", "a key for another algorithm than those of algorithms", "")
		}
	}
	if isURL(c.JWKS) {
		u, err := url.Parse(c.JWKS)
		if err != nil {
			check.add("jwks", "not a URL", `write "https://host/path", or the path of a file`)
		} else if err := checkKeySetURL(u); err != nil {
			check.add("jwks", err.Error(), `write "https://host/path", or the path of a file`)
		}
	} else if c.JWKS != "" && !filepath.IsAbs(c.JWKS) {
		check.add("jwks", "neither a URL nor a path from the root on", `write "https://host/path", or "/path/to/keys.json"`)
	}
}
