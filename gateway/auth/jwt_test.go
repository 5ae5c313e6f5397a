package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// keyPairs are those that the tests sign with.
type keyPairs struct {
	rsa    *rsa.PrivateKey
	p256   *ecdsa.PrivateKey
	p384   *ecdsa.PrivateKey
	ed     ed25519.PrivateKey
	secret []byte
}

var pairs = sync.OnceValue(func() keyPairs {
	p := keyPairs{secret: []byte(strings.Repeat("s3cr3t!!", 8))}
	p.rsa, _ = rsa.GenerateKey(rand.Reader, 2048)
	p.p256, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p.p384, _ = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, p.ed, _ = ed25519.GenerateKey(rand.Reader)
	return p
})

// pemOf returns a public key in PEM.
func pemOf(t testing.TB, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// sign returns a token. head is added to its header, and claims to those of a
// sound one; a nil takes one out.
func sign(t testing.TB, algorithm string, key any, head, claims map[string]any) string {
	t.Helper()
	all := jwt.MapClaims{"sub": "bob", "exp": 1_700_000_100, "iss": "https://id.example", "aud": "api"}
	for name, value := range claims {
		all[name] = value
		if value == nil {
			delete(all, name)
		}
	}
	token := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), all)
	for name, value := range head {
		token.Header[name] = value
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func tokenBench(t testing.TB, set func(*Config)) *bench {
	return newBench(t, func(c *Config, _ *Sources) {
		c.Type, c.Audience, c.Issuer = TypeJWT, []string{"api", "web"}, "https://id.example"
		set(c)
	})
}

func bearing(b *bench, token string) (Identity, error) {
	return b.send("Authorization", "Bearer "+token)
}

func TestTokens(t *testing.T) {
	p := pairs()
	f := func(algorithm string, key any, set func(*Config)) {
		t.Helper()
		b := tokenBench(t, func(c *Config) { c.Algorithms = []string{algorithm}; set(c) })
		good := sign(t, algorithm, key, nil, nil)
		if id, err := bearing(b, good); err != nil || id.User != "bob" {
			t.Errorf("%s: got %q, %v", algorithm, id.User, err)
		}
		head, rest, _ := strings.Cut(good, ".")
		claims, signature, _ := strings.Cut(rest, ".")
		forged := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"root","exp":1700000100,"iss":"https://id.example","aud":"api"}`))
		for _, bad := range []string{head + "." + forged + "." + signature, head + "." + claims + ".", head + "." + claims, good + ".x", good + "A", "x", "..", good[1:]} {
			if _, err := bearing(b, bad); !errors.Is(err, ErrRejected) {
				t.Errorf("%s: %s: got %v, want %v", algorithm, bad, err, ErrRejected)
			}
		}
	}
	public := func(key crypto.Signer) func(*Config) { return func(c *Config) { c.PublicKey = pemOf(t, key) } }
	secret := func(c *Config) { c.Secret = string(p.secret) }
	for _, name := range []string{"HS256", "HS384", "HS512"} {
		f(name, p.secret, secret)
	}
	for _, name := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		f(name, p.rsa, public(p.rsa))
	}
	f("ES256", p.p256, public(p.p256))
	f("ES384", p.p384, public(p.p384))
	f("EdDSA", p.ed, public(p.ed))
}

// TestAlgorithmIsPinned tries what tokens can say of themselves: no algorithm,
// another one, a public key taken for a secret, a key of their own.
func TestAlgorithmIsPinned(t *testing.T) {
	p := pairs()
	rs := tokenBench(t, func(c *Config) { c.Algorithms, c.PublicKey = []string{"RS256"}, pemOf(t, p.rsa) })
	f := func(b *bench, what, token string) {
		t.Helper()
		if id, err := bearing(b, token); !errors.Is(err, ErrRejected) || id.User != "" {
			t.Errorf("%s: got %q, %v, want %v", what, id.User, err, ErrRejected)
		}
	}
	good := sign(t, "RS256", p.rsa, nil, nil)
	claims := strings.Split(good, ".")[1]
	for _, none := range []string{"none", "None", "NONE", "nOnE", ""} {
		head := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"alg":%q,"typ":"JWT"}`, none))
		f(rs, "alg="+none, head+"."+claims+".")
		f(rs, "alg="+none, head+"."+claims+"."+strings.Split(good, ".")[2])
	}
	f(rs, "signed with nothing", sign(t, "none", jwt.UnsafeAllowNoneSignatureType, nil, nil))
	f(rs, "the public key as a secret", sign(t, "HS256", []byte(pemOf(t, p.rsa)), nil, nil))
	f(rs, "the public key as a secret, trimmed", sign(t, "HS256", []byte(strings.TrimSpace(pemOf(t, p.rsa))), nil, nil))
	f(rs, "another algorithm of the same key", sign(t, "RS512", p.rsa, nil, nil))
	f(rs, "another kind of key", sign(t, "ES256", p.p256, nil, nil))
	stranger, _ := rsa.GenerateKey(rand.Reader, 2048)
	f(rs, "another key", sign(t, "RS256", stranger, nil, nil))
	f(rs, "a key of its own", sign(t, "RS256", stranger, map[string]any{"jwk": map[string]any{"kty": "RSA"}, "jku": "https://evil.example/", "x5u": "https://evil.example/"}, nil))
	f(rs, "critical headers", sign(t, "RS256", p.rsa, map[string]any{"crit": []string{"b64"}, "b64": false}, nil))
	f(rs, "a key id that is a number", sign(t, "RS256", p.rsa, map[string]any{"kid": 7}, nil))

	hs := tokenBench(t, func(c *Config) { c.Algorithms, c.Secret = []string{"HS256"}, string(p.secret) })
	f(hs, "no secret", sign(t, "HS256", []byte{}, nil, nil))
	f(hs, "another algorithm", sign(t, "HS512", p.secret, nil, nil))
}

func TestClaims(t *testing.T) {
	p := pairs()
	b := tokenBench(t, func(c *Config) {
		c.Algorithms, c.Secret, c.Roles, c.Leeway = []string{"HS256"}, string(p.secret), "realm_access.roles", 30*time.Second
	})
	f := func(claims map[string]any, want error) {
		t.Helper()
		if _, err := bearing(b, sign(t, "HS256", p.secret, nil, claims)); !errors.Is(err, want) {
			t.Errorf("%v: got %v, want %v", claims, err, want)
		}
	}
	// The clock stands at 1,700,000,040.
	f(map[string]any{"exp": 1_700_000_011}, nil)
	f(map[string]any{"exp": 1_700_000_010}, ErrRejected)
	f(map[string]any{"exp": nil}, ErrRejected)
	f(map[string]any{"exp": "soon"}, ErrRejected)
	f(map[string]any{"nbf": 1_700_000_070}, nil)
	f(map[string]any{"nbf": 1_700_000_071}, ErrRejected)
	f(map[string]any{"iss": "https://evil.example"}, ErrRejected)
	f(map[string]any{"iss": nil}, ErrRejected)
	f(map[string]any{"aud": "web"}, nil)
	f(map[string]any{"aud": []string{"other", "api"}}, nil)
	f(map[string]any{"aud": "other"}, ErrRejected)
	f(map[string]any{"aud": []string{}}, ErrRejected)
	f(map[string]any{"aud": nil}, ErrRejected)
	f(map[string]any{"sub": nil}, ErrRejected)
	f(map[string]any{"sub": ""}, ErrRejected)
	f(map[string]any{"sub": 7}, ErrRejected)

	id, err := bearing(b, sign(t, "HS256", p.secret, nil, map[string]any{
		"realm_access": map[string]any{"roles": []any{"admin", 7, "x,root", "ops"}}, "n": 9007199254740993, "t": true, "list": []int{1, 2}, "null": nil,
		"https://id.example/tenant": "x", "deep": map[string]any{"er": map[string]any{"est": "y"}},
	}))
	if err != nil || fmt.Sprint(id.Roles) != "[admin ops]" {
		t.Fatalf("got %v, %v", id.Roles, err)
	}
	look := func(want string, wantOK bool, path ...string) {
		t.Helper()
		if got, ok := id.Claims.Lookup(path...); got != want || ok != wantOK {
			t.Errorf("%q: got %q, %t, want %q, %t", path, got, ok, want, wantOK)
		}
	}
	look("bob", true, "sub")
	look("9007199254740993", true, "n")
	look("true", true, "t")
	look("[1,2]", true, "list")
	look(`{"roles":["admin",7,"x,root","ops"]}`, true, "realm_access")
	look("x", true, "https://id.example/tenant")
	look("y", true, "deep", "er", "est")
	look("", false, "null")
	look("", false, "sub", "x")
	look("", false, "nothing")
	look("", false)
	if _, ok := (Claims{}).Lookup("sub"); ok {
		t.Error("no claims have one")
	}
	for path, want := range map[string]string{"https://id.example/tenant": "[x]", "deep.er.est": "[y]", "n": "[]", "none": "[]"} {
		if got := fmt.Sprint(id.Claims.roles(path)); got != want {
			t.Errorf("roles at %s: got %s, want %s", path, got, want)
		}
	}
	if _, err := b.send("Authorization", "Basic Ym9iOng="); !errors.Is(err, ErrNoCredentials) {
		t.Errorf("got %v, want %v", err, ErrNoCredentials)
	}
	if _, err := bearing(b, strings.Repeat("x", maxToken+1)); !errors.Is(err, ErrRejected) {
		t.Errorf("got %v, want %v", err, ErrRejected)
	}
}

// TestTokenErrorsAreQuiet has no error hold a piece of the token.
func TestTokenErrorsAreQuiet(t *testing.T) {
	b := tokenBench(t, func(c *Config) { c.Algorithms, c.Secret = []string{"HS256"}, string(pairs().secret) })
	segment := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for _, token := range []string{
		"Hunter2.x.y", segment(`{"alg":"Hunter2"}`) + ".e30.", segment(`{"alg":"HS256","Hunter2`) + ".e30.x",
		segment(`{"alg":"HS256"}`) + "." + segment(`{"Hunter2":`) + ".AAAA", segment(`{"alg":"HS256"}`) + "." + segment(`{"exp":"Hunter2"}`) + ".AAAA",
	} {
		if _, err := bearing(b, token); !errors.Is(err, ErrRejected) || strings.Contains(err.Error(), "Hunter2") {
			t.Errorf("%s: got %v", token, err)
		}
	}
}

// FuzzToken has nobody in with a token that was not signed.
func FuzzToken(f *testing.F) {
	p := pairs()
	b := tokenBench(f, func(c *Config) { c.Algorithms, c.Secret = []string{"HS256"}, string(p.secret) })
	good := sign(f, "HS256", p.secret, nil, nil)
	f.Add(good)
	f.Add(sign(f, "none", jwt.UnsafeAllowNoneSignatureType, nil, nil))
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := bearing(b, token); err == nil && token != good {
			t.Errorf("%q is let in", token)
		}
	})
}
