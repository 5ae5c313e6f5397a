package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// webKeyOf returns a public key as it stands in a set; more is added to it.
func webKeyOf(t testing.TB, key crypto.Signer, id string, more map[string]any) map[string]any {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	w := map[string]any{"kid": id}
	switch k := key.Public().(type) {
	case *rsa.PublicKey:
		w["kty"], w["n"], w["e"] = "RSA", encode(k.N.Bytes()), encode(big.NewInt(int64(k.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		half := (len(point) - 1) / 2
		w["kty"], w["crv"], w["x"], w["y"] = "EC", k.Curve.Params().Name, encode(point[1:1+half]), encode(point[1+half:])
	case ed25519.PublicKey:
		w["kty"], w["crv"], w["x"] = "OKP", "Ed25519", encode(k)
	}
	for name, value := range more {
		w[name] = value
	}
	return w
}

func setOf(t testing.TB, keys ...map[string]any) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestKeySet(t *testing.T) {
	p := pairs()
	path := file(t, setOf(t, webKeyOf(t, p.rsa, "r", map[string]any{"use": "sig"}), webKeyOf(t, p.p256, "e", nil), webKeyOf(t, p.ed, "d", map[string]any{"alg": "EdDSA"}),
		webKeyOf(t, p.p384, "e384", map[string]any{"key_ops": []string{"verify"}}),
		webKeyOf(t, p.rsa, "enc", map[string]any{"use": "enc"}), webKeyOf(t, p.rsa, "pinned", map[string]any{"alg": "RS512"}),
		map[string]any{"kty": "oct", "kid": "s", "k": base64.RawURLEncoding.EncodeToString(p.secret)}))
	b := tokenBench(t, func(c *Config) { c.Algorithms, c.JWKS = []string{"RS256", "ES256", "ES384", "EdDSA"}, path })
	f := func(algorithm string, key any, id any, want error) {
		t.Helper()
		head := map[string]any{}
		if id != nil {
			head["kid"] = id
		}
		if _, err := bearing(b, sign(t, algorithm, key, head, nil)); !errors.Is(err, want) {
			t.Errorf("%s with %v: got %v, want %v", algorithm, id, err, want)
		}
	}
	f("RS256", p.rsa, "r", nil)
	f("ES256", p.p256, "e", nil)
	f("ES384", p.p384, "e384", nil)
	f("EdDSA", p.ed, "d", nil)
	f("RS256", p.rsa, nil, nil) // the only one of its kind
	f("RS256", p.rsa, "none", ErrRejected)
	f("RS256", p.rsa, "e", ErrRejected)
	f("RS256", p.rsa, "enc", ErrRejected)
	f("RS256", p.rsa, "pinned", ErrRejected)
	f("ES256", p.p256, "e384", ErrRejected)
	f("HS256", p.secret, "s", ErrRejected)

	// A key that is replaced in the file counts no more.
	write(t, path, setOf(t, webKeyOf(t, p.p256, "new", nil)))
	b.clock.pass(time.Second)
	f("ES256", p.p256, "new", nil)
	f("RS256", p.rsa, "r", ErrRejected)
}

func TestKeySetFaults(t *testing.T) {
	p := pairs()
	f := func(text, want string) {
		t.Helper()
		if _, err := parseKeySet([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: got %v, want %s", text, err, want)
		}
	}
	f("", "not a JSON Web Key Set")
	f("{}", "not a JSON Web Key Set")
	f(`{"keys":[]}`, "none is a public key")
	f(`{"keys":[{"kty":"oct","k":"AAAA"}]}`, "none is a public key")
	f(`{"keys":[7]}`, "none is a public key")
	f(`{"keys":[`+strings.Repeat(`{},`, 100)+`{}]}`, "more than 100 keys")
	f(setOf(t, webKeyOf(t, p.rsa, "x", map[string]any{"n": "AQAB"})), "less than 2048 bits")
	f(setOf(t, webKeyOf(t, p.rsa, "x", map[string]any{"n": strings.Repeat("_", 12000)})), "modulus cannot be read")
	f(setOf(t, webKeyOf(t, p.rsa, "x", map[string]any{"e": "AQ"})), "an exponent that none has")
	f(setOf(t, webKeyOf(t, p.rsa, "x", map[string]any{"e": strings.Repeat("A", 100) + "_____w"})), "exponent cannot be read")
	f(setOf(t, webKeyOf(t, p.p256, "x", map[string]any{"y": "AAAA"})), "coordinates cannot be read")
	f(setOf(t, webKeyOf(t, p.p256, "x", map[string]any{"y": strings.Repeat("A", 43)})), "no point of its curve")
	f(setOf(t, webKeyOf(t, p.ed, "x", map[string]any{"x": "AAAA"})), "coordinates cannot be read")
	// One that is of no use does not spoil the others.
	if set, err := parseKeySet([]byte(setOf(t, webKeyOf(t, p.ed, "x", map[string]any{"x": "AAAA"}), webKeyOf(t, p.p256, "e", nil)))); len(set) != 1 || err != nil {
		t.Errorf("got %d keys, %v, want 1", len(set), err)
	}
}

// keyServer serves a set that a test changes.
type keyServer struct {
	*httptest.Server
	set   atomic.Value // string; empty is a failure
	asked atomic.Int32
	hold  chan struct{} // nil, or what an answer waits for
}

func newKeyServer(t *testing.T, set string) *keyServer {
	s := &keyServer{}
	s.set.Store(set)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.asked.Add(1)
		if s.hold != nil {
			<-s.hold
		}
		text := s.set.Load().(string)
		if text == "" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		fmt.Fprint(w, text)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestRemoteKeys(t *testing.T) {
	p := pairs()
	server := newKeyServer(t, setOf(t, webKeyOf(t, p.p256, "one", nil)))
	b := tokenBench(t, func(c *Config) {
		c.Algorithms, c.JWKS, c.Leeway = []string{"ES256", "EdDSA"}, server.URL, 5*time.Minute
	})
	f := func(algorithm string, key any, id string, wantAsked int32, want error) {
		t.Helper()
		claims := map[string]any{"exp": b.clock.now().Unix() + 60}
		if _, err := bearing(b, sign(t, algorithm, key, map[string]any{"kid": id}, claims)); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", id, err, want)
		}
		if got := server.asked.Load(); got != wantAsked {
			t.Errorf("%s: asked %d times, want %d", id, got, wantAsked)
		}
	}
	// It is not there yet: that is nobody's fault but the server's.
	good := server.set.Swap("").(string)
	f("ES256", p.p256, "one", 1, ErrUnavailable)
	f("ES256", p.p256, "one", 1, ErrUnavailable)
	server.set.Store(good)
	b.clock.pass(time.Second)
	f("ES256", p.p256, "one", 2, nil)
	f("ES256", p.p256, "one", 2, nil)

	// A new key is found; one that nobody has is asked for every ten seconds.
	server.set.Store(setOf(t, webKeyOf(t, p.p256, "one", nil), webKeyOf(t, p.ed, "two", nil)))
	f("EdDSA", p.ed, "two", 2, ErrRejected)
	b.clock.pass(10 * time.Second)
	f("EdDSA", p.ed, "two", 3, nil)
	for i := range 10 {
		f("ES256", p.p256, fmt.Sprint("made up ", i), 3, ErrRejected)
	}
	b.clock.pass(time.Minute)
	f("ES256", p.p256, "made up", 4, ErrRejected)

	// While it cannot be fetched the old one counts; a withdrawn key does not
	// live for ever.
	server.set.Store("")
	b.clock.pass(20 * time.Minute)
	f("ES256", p.p256, "one", 5, nil)
	f("ES256", p.p256, "one", 5, nil)
	if len(b.told) != 2 || !strings.Contains(b.told[1].Error(), "status 500") {
		t.Errorf("told %v", b.told)
	}
	server.set.Store(setOf(t, webKeyOf(t, p.ed, "two", nil)))
	b.clock.pass(time.Minute)
	f("ES256", p.p256, "one", 6, ErrRejected)
	f("EdDSA", p.ed, "two", 6, nil)
}

// TestRemoteKeysOnce has many tokens come before there is a set.
func TestRemoteKeysOnce(t *testing.T) {
	p := pairs()
	server := newKeyServer(t, setOf(t, webKeyOf(t, p.p256, "one", nil)))
	server.hold = make(chan struct{})
	b := tokenBench(t, func(c *Config) { c.Algorithms, c.JWKS = []string{"ES256"}, server.URL })
	token := sign(t, "ES256", p.p256, map[string]any{"kid": "one"}, nil)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := bearing(b, token); err != nil {
				t.Error(err)
			}
		})
	}
	close(server.hold)
	wg.Wait()
	if got := server.asked.Load(); got != 1 {
		t.Errorf("asked %d times, want once", got)
	}
}

// TestRemoteKeysHang has a server that does not answer: nobody waits for longer
// than one fetch takes, however many there are.
func TestRemoteKeysHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fetches := 0
		k := newRemoteKeys("https://id.example/keys", &Sources{Now: time.Now, Notify: func(error) {}})
		k.client = &http.Client{Timeout: fetchTimeout, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			fetches++
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		begin := time.Now()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := k.key(context.Background(), "one", "ES256"); !errors.Is(err, ErrUnavailable) {
					t.Errorf("got %v, want %v", err, ErrUnavailable)
				}
			})
		}
		wg.Wait()
		if took := time.Since(begin); took != fetchTimeout || fetches != 1 {
			t.Errorf("%d fetches took %v, want one of %v", fetches, took, fetchTimeout)
		}
		// The pause between two begins where one ends.
		if k.due(1) {
			t.Error("the next fetch follows at once")
		}
		time.Sleep(firstPeriod)
		if !k.due(1) {
			t.Error("there is no next fetch")
		}
	})
}

// roundTrip is the way to a server.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A set that is had by https is not had by plain HTTP, not of this machine
// either.
func TestKeySetRedirects(t *testing.T) {
	f := func(from, to string, want bool) {
		t.Helper()
		var requests [2]*http.Request
		for i, text := range []string{from, to} {
			var err error
			if requests[i], err = http.NewRequestWithContext(t.Context(), http.MethodGet, text, nil); err != nil {
				t.Fatal(err)
			}
		}
		if got := checkRedirect(requests[1], requests[:1]) == nil; got != want {
			t.Errorf("%s to %s: got %t, want %t", from, to, got, want)
		}
	}
	f("https://id.example/keys", "https://keys.example/", true)
	f("https://id.example/keys", "http://localhost/keys", false)
	f("https://id.example/keys", "http://keys.example/", false)
	f("http://localhost/keys", "http://127.0.0.1/keys", true)
	f("http://localhost/keys", "https://id.example/keys", true)
}

func TestRemoteKeysBounded(t *testing.T) {
	p := pairs()
	f := func(want string, handler http.HandlerFunc) {
		t.Helper()
		server := httptest.NewServer(handler)
		defer server.Close()
		b := tokenBench(t, func(c *Config) { c.Algorithms, c.JWKS = []string{"ES256"}, server.URL })
		if _, err := bearing(b, sign(t, "ES256", p.p256, nil, nil)); !errors.Is(err, ErrUnavailable) {
			t.Errorf("got %v, want %v", err, ErrUnavailable)
		}
		if len(b.told) != 1 || !strings.Contains(b.told[0].Error(), want) {
			t.Errorf("told %v, want %s", b.told, want)
		}
	}
	f("larger than 1 MiB", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat(" ", maxKeySet+1)) })
	f("others could change a key set", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://192.0.2.1/keys", http.StatusFound)
	})
	f("too many redirects", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) })
	f("not a JSON Web Key Set", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") })
}

func TestKeySetURL(t *testing.T) {
	f := func(text string, want bool) {
		t.Helper()
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := checkKeySetURL(u) == nil; got != want {
			t.Errorf("%s: got %t, want %t", text, got, want)
		}
	}
	f("https://id.example/keys", true)
	f("http://127.0.0.1:8080/keys", true)
	f("http://[::1]/keys", true)
	f("http://localhost/keys", true)
	f("http://id.example/keys", false)
	f("http://127.0.0.1.example/keys", false)
	f("http://2130706433/keys", false)
	f("file:///etc/passwd", false)
	f("ftp://127.0.0.1/keys", false)
	f("https:///keys", false)
	f("https://user:pw@id.example/keys", false)
}

// FuzzKeySet reads any text; what it takes is a key that is good for something.
func FuzzKeySet(f *testing.F) {
	p := pairs()
	f.Add(setOf(f, webKeyOf(f, p.rsa, "r", nil), webKeyOf(f, p.p256, "e", nil), webKeyOf(f, p.ed, "d", nil)))
	f.Add(`{"keys":[{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		set, err := parseKeySet([]byte(text))
		if err == nil && len(set) == 0 {
			t.Error("a set without a key is no fault")
		}
		for _, k := range set {
			if err := checkKey(k.key); err != nil {
				t.Errorf("took a key: %v", err)
			}
		}
	})
}
