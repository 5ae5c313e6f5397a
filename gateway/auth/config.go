package auth

import (
	"time"

	"zerohop/gateway/throttle"
)

// The types of verifiers.
const (
	TypeBasic   = "basic"
	TypeKey     = "key"
	TypeJWT     = "jwt"
	TypeSession = "session"
)

// Config describes one verifier: a table [auth.NAME] of the file.
type Config struct {
	// Type is "basic" for a user and a password, "key" for an API key, "jwt"
	// for a signed token, "session" for who has logged in before.
	Type string `toml:"type"`
	// Realm is what a client shows when it asks for credentials.
	Realm string `toml:"realm"`
	// RolesColumn is the column of the row with the roles of who asks,
	// separated by commas or blanks.
	RolesColumn string `toml:"roles_column"`

	// Database is the pool that the statements ask; it may be left out when
	// there is one.
	Database string `toml:"database"`
	// SQLCount lets pass when the first column of its row is a number from 1
	// on, as the old stack's check did. It takes :auth.user and :auth.password.
	SQLCount string `toml:"sql_count"`
	// SQLHash returns the row of :auth.user, with the hash of the password in
	// its first column.
	SQLHash string `toml:"sql_hash"`
	// Accept are the kinds of hashes that are taken besides those of package
	// passhash: "plain" is the password itself.
	Accept []string `toml:"accept"`
	// Rehash stores the better :auth.hash of :auth.user when a weak one has
	// passed, in place of that :auth.old_hash: a password that was changed in
	// the meantime is to stay.
	Rehash string `toml:"rehash"`
	// UsersFile has a line user:hash or user:hash:roles for everybody, as
	// htpasswd -B and zerohop hash-password make them. It is read again when it
	// has changed.
	UsersFile string `toml:"users_file,path"`
	// Cache is for how long a password that has been verified need not be
	// computed again; 0 always computes it. The stored hash is looked up all
	// the same, so that a new password counts at once.
	Cache time.Duration `toml:"cache"`
	// Throttle slows down those who guess passwords.
	Throttle throttle.Config `toml:"throttle"`

	// Header is where the API key stands: "Authorization", behind the word
	// Bearer, or a header of its own.
	Header string `toml:"header"`
	// SQL returns the row of :auth.key_hash, the SHA-256 of the key in hex.
	SQL string `toml:"sql"`
	// KeysFile has a line name:hash or name:hash:roles for every key. It is
	// read again when it has changed.
	KeysFile string `toml:"keys_file,path"`

	// Algorithms are those that a token may be signed with.
	Algorithms []string `toml:"algorithms"`
	// Secret is the key of HS256, HS384 and HS512.
	Secret string `toml:"secret,secret"`
	// PublicKey is that of the other algorithms, in PEM. It is masked as a
	// private key would be that was put here.
	PublicKey string `toml:"public_key,secret"`
	// JWKS is where public keys are taken from: the URL of a set, or the path
	// of a file, from the root on.
	JWKS string `toml:"jwks"`
	// Audience are the audiences of which a token has to name one; Issuer is
	// who must have issued it. Neither is looked at when it is empty.
	Audience []string `toml:"audience,orlist"`
	Issuer   string   `toml:"issuer"`
	// Leeway is how far the clock of who signs may be off.
	Leeway time.Duration `toml:"leeway"`
	// Roles is the path of the roles in the claims: "realm_access.roles".
	Roles string `toml:"roles"`
	// User is the path of the claim that names who asks.
	User string `toml:"user"`
}

// SetDefaults sets what holds where nothing is said.
func (c *Config) SetDefaults() {
	*c = Config{
		Realm: defaultRealm, RolesColumn: "role",
		Cache: 30 * time.Second, Header: headerAuthorization,
		Leeway: 30 * time.Second, User: "sub",
	}
	c.Throttle.SetDefaults()
}

const (
	defaultRealm        = "zerohop"
	headerAuthorization = "Authorization"
	acceptPlain         = "plain"
)

// Statement is one of a verifier's SQL statements.
type Statement struct {
	// Key is where it stands below [auth.NAME]: "sql_hash".
	Key, SQL string
	// AuthNames are the values of :auth that it may take.
	AuthNames []string
	// Needs are those of them that it has to take: one that asks for somebody
	// else, or for nobody, would let everybody in, or change others.
	Needs []string
	// Writes: it changes a row, and returns none.
	Writes bool
}

// Lookup returns the statement that looks up who asks. ok is false where there
// is none.
func (c *Config) Lookup() (s Statement, ok bool) {
	switch {
	case c.Type == TypeKey:
		s = Statement{Key: "sql", SQL: c.SQL, AuthNames: []string{"key_hash"}, Needs: []string{"key_hash"}}
	case c.SQLCount != "":
		s = Statement{Key: "sql_count", SQL: c.SQLCount, AuthNames: []string{"user", "password"}, Needs: []string{"user", "password"}}
	default:
		s = Statement{Key: "sql_hash", SQL: c.SQLHash, AuthNames: []string{"user"}, Needs: []string{"user"}}
	}
	return s, s.SQL != ""
}

// Rehashing returns the statement that stores a better hash. ok is false where
// there is none.
func (c *Config) Rehashing() (s Statement, ok bool) {
	names := []string{"user", "hash", "old_hash"}
	return Statement{Key: "rehash", SQL: c.Rehash, AuthNames: names, Needs: names, Writes: true}, c.Rehash != ""
}
