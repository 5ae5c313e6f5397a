package auth

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	p := pairs()
	f := func(kind string, set func(*Config), want ...string) {
		t.Helper()
		var c Config
		c.SetDefaults()
		c.Type = kind
		set(&c)
		var got []string
		for _, err := range c.Validate() {
			field, problem, _, _ := err.(interface {
				FieldFault() (string, string, string, int)
			}).FieldFault()
			got = append(got, field+": "+problem)
			if strings.Contains(err.Error(), "Hunter2") {
				t.Errorf("the fault has the secret in it: %v", err)
			}
		}
		if !slices.EqualFunc(got, want, strings.HasPrefix) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	hash := func(c *Config) { c.SQLHash = "select hash" }
	f(TypeSession, func(*Config) {})
	f(TypeBasic, hash)
	f(TypeBasic, func(c *Config) { c.SQLCount = "select 1" })
	f(TypeBasic, func(c *Config) { c.UsersFile = "/etc/users" })
	f(TypeKey, func(c *Config) { c.SQL = "select 1" })
	f(TypeKey, func(c *Config) { c.KeysFile, c.Header = "/etc/keys", "X-Api-Key" })
	f(TypeJWT, func(c *Config) { c.Algorithms, c.JWKS = []string{"RS256", "ES256"}, "https://id.example/keys" })
	f(TypeJWT, func(c *Config) { c.Algorithms, c.Secret = []string{"HS256"}, strings.Repeat("s", 32) })
	f(TypeJWT, func(c *Config) { c.Algorithms, c.PublicKey = []string{"RS256", "PS512"}, pemOf(t, p.rsa) })

	f("", func(*Config) {}, "type: a verifier without a type")
	f("ldap", hash, `type: no verifier of the type "ldap"`)
	f(TypeBasic, func(*Config) {}, "sql_hash: nothing to compare")
	f(TypeBasic, func(c *Config) { c.SQLHash, c.SQLCount = "x", "y" }, "sql_count: both sql_hash and sql_count")
	f(TypeBasic, func(c *Config) { hash(c); c.Accept = []string{"plain", "md5"} }, `accept[1]: no kind of hash "md5"`)
	f(TypeBasic, func(c *Config) { c.SQLCount, c.Rehash, c.Accept = "x", "y", []string{"plain"} }, "accept: there are no hashes", "rehash: there are no hashes")
	f(TypeBasic, func(c *Config) { c.UsersFile, c.Database = "x", "main" }, "database: a file needs no database")
	f(TypeBasic, func(c *Config) { hash(c); c.Cache = time.Hour }, "cache: 1h0m0s is out of bounds")
	f(TypeBasic, func(c *Config) { hash(c); c.Throttle.Window = 0 }, "throttle.window: 0s is out of bounds")
	f(TypeBasic, func(c *Config) { hash(c); c.Realm, c.RolesColumn = `a"b`, "" }, "realm: not a text", "roles_column: a column without")
	f(TypeBasic, func(c *Config) { hash(c); c.JWKS, c.Roles, c.KeysFile = "x", "y", "z" },
		`keys_file: a verifier of the type "basic"`, `jwks: a verifier of the type "basic"`, `roles: a verifier of the type "basic"`)
	f(TypeSession, func(c *Config) { hash(c); c.Database = "x" }, `database: a verifier of the type "session"`, `sql_hash: a verifier`)
	f(TypeKey, func(c *Config) { c.SQL, c.Header = "x", "X Key" }, `header: "X Key" is no name`)
	f(TypeKey, func(c *Config) { c.Header = "" }, "sql: nothing to compare", "header: ")
	f(TypeJWT, func(*Config) {}, "jwks: nothing to compare", "algorithms: no algorithm")
	for _, none := range []string{"none", "None", "", "rs256", "HS1"} {
		f(TypeJWT, func(c *Config) { c.Algorithms, c.JWKS = []string{none}, "https://id.example/keys" }, "algorithms[0]: no algorithm")
	}
	f(TypeJWT, func(c *Config) { c.Algorithms, c.JWKS = []string{"RS256", "HS256"}, "https://id.example/keys" }, "algorithms[1]: HS256 takes a secret")
	f(TypeJWT, func(c *Config) { c.Algorithms, c.PublicKey = []string{"HS256"}, pemOf(t, p.rsa) }, "algorithms[0]: HS256 takes a secret")
	f(TypeJWT, func(c *Config) { c.Algorithms, c.Secret = []string{"RS256"}, strings.Repeat("s", 32) }, "algorithms[0]: RS256 takes a public key")
	f(TypeJWT, func(c *Config) { c.Algorithms, c.Secret = []string{"HS256"}, pemOf(t, p.rsa) }, "secret: a key in PEM is no secret")
	f(TypeJWT, func(c *Config) {
		c.Algorithms, c.Secret = []string{"HS256", "HS512"}, "Hunter2"+strings.Repeat("s", 32)
	}, "secret: 39 bytes are too few")
	f(TypeJWT, func(c *Config) { c.Algorithms, c.PublicKey = []string{"ES256"}, pemOf(t, p.rsa) }, "public_key: a key for another algorithm")
	f(TypeJWT, func(c *Config) { c.Algorithms, c.PublicKey = []string{"ES256"}, "Hunter2" }, "public_key: no PEM block")
	f(TypeJWT, func(c *Config) { c.Algorithms, c.JWKS = []string{"ES256"}, "http://id.example/keys" }, "jwks: others could change")
	f(TypeJWT, func(c *Config) { c.Algorithms, c.JWKS = []string{"ES256"}, "keys.json" }, "jwks: neither a URL nor a path")
	f(TypeJWT, func(c *Config) {
		c.Algorithms, c.JWKS, c.Leeway, c.User = []string{"ES256"}, "/keys", time.Hour, ""
	}, "leeway: 1h0m0s is out of bounds", "user: no claim")
}

func TestPublicKey(t *testing.T) {
	p := pairs()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Skipf("no small key: %v", err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	f := func(text, want string) {
		t.Helper()
		if _, err := parsePublicKey(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := parsePublicKey(block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&p.rsa.PublicKey))); err != nil {
		t.Error(err)
	}
	f(block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&small.PublicKey)), "less than 2048 bits")
	f(block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(p.rsa)), "it is a private key")
	f(block("PUBLIC KEY", []byte("x")), "cannot be read")
	f(block("CERTIFICATE REQUEST", nil), "is no public key")
	f(pemOf(t, p.rsa)+pemOf(t, p.p256), "more than one PEM block")
}

func TestStatements(t *testing.T) {
	f := func(c Config, wantKey, wantNames string) {
		t.Helper()
		s, ok := c.Lookup()
		if got := strings.Join(s.AuthNames, " "); ok != (wantKey != "") || ok && (s.Key != wantKey || got != wantNames || strings.Join(s.Needs, " ") != wantNames || s.Writes) {
			t.Errorf("got %+v, %t, want %s", s, ok, wantKey)
		}
	}
	f(Config{Type: TypeBasic, SQLCount: "x"}, "sql_count", "user password")
	f(Config{Type: TypeBasic, SQLHash: "x"}, "sql_hash", "user")
	f(Config{Type: TypeKey, SQL: "x"}, "sql", "key_hash")
	f(Config{Type: TypeBasic, UsersFile: "x"}, "", "")
	f(Config{Type: TypeKey, KeysFile: "x"}, "", "")
	f(Config{Type: TypeJWT}, "", "")
	c := Config{Type: TypeBasic, SQLHash: "x", Rehash: "y"}
	if s, ok := c.Rehashing(); !ok || s.Key != "rehash" || !s.Writes || strings.Join(s.AuthNames, " ") != "user hash old_hash" || strings.Join(s.Needs, " ") != "user hash old_hash" {
		t.Errorf("got %+v, %t", s, ok)
	}
}

func TestValidateFiles(t *testing.T) {
	files := map[string]string{
		"users":  "# staff\nann:$2a$04$abcdefghijklmnopqrstuuHRyAdFjNtiCbEBPbxwMCXPYVnnPTfJi:admin\n",
		"broken": "lonely\n\nann:plain\n",
		"latin":  "ann\xe9:x\n",
		"keys":   "app:" + strings.Repeat("0a", 32) + "\n",
		"/empty": "{}",
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	read := func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, &fs.PathError{Op: "open", Path: "Hunter2", Err: fs.ErrNotExist}
	}
	f := func(kind string, set func(*Config), want ...string) {
		t.Helper()
		c := Config{Type: kind}
		set(&c)
		var got []string
		for _, err := range c.ValidateFiles(read) {
			got = append(got, err.Error())
		}
		if !slices.EqualFunc(got, want, strings.HasPrefix) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(TypeBasic, func(c *Config) { c.UsersFile = "users" })
	f(TypeBasic, func(*Config) {})
	f(TypeBasic, func(c *Config) { c.UsersFile = "broken" },
		"users_file: broken:1: not a line user:hash", `users_file: broken:3: the hash of "ann": `)
	f(TypeBasic, func(c *Config) { c.UsersFile = "latin" }, "users_file: cannot read the file: it is not valid UTF-8")
	f(TypeBasic, func(c *Config) { c.UsersFile = "none" }, "users_file: cannot read the file: file does not exist")
	f(TypeKey, func(c *Config) { c.KeysFile = "keys" })
	f(TypeKey, func(c *Config) { c.KeysFile = "users" }, "keys_file: users:2: ")
	f(TypeJWT, func(c *Config) { c.JWKS = "https://id.example/keys" })
	f(TypeJWT, func(c *Config) { c.JWKS = "empty" }) // Validate says what is wrong with it
	f(TypeJWT, func(c *Config) { c.JWKS = "/empty" }, "jwks: not a JSON Web Key Set")
	f(TypeSession, func(c *Config) { c.UsersFile = "none" })
	f(TypeKey, func(c *Config) { c.KeysFile = pipe })
}
