package backends

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pemFiles are a certificate that has signed itself, and its key.
type pemFiles struct{ certificate, key string }

// newCertificate writes one for example.com and this machine.
func newCertificate(t *testing.T, dir, name string) pemFiles {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost", "example.com"}, IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	files := pemFiles{filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")}
	for file, block := range map[string]pem.Block{
		files.certificate: {Type: "CERTIFICATE", Bytes: certificate}, files.key: {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(&block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// pair returns the certificate as it is now.
func (f pemFiles) pair(t *testing.T) tls.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(f.certificate, f.key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// startTLS starts a server with a certificate, which asks clients for theirs;
// it answers how many they have shown.
func startTLS(t *testing.T, own tls.Certificate) *httptest.Server {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Repeat("shown", len(r.TLS.PeerCertificates)))
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequestClientCert}
	s.StartTLS()
	t.Cleanup(s.Close)
	s.URL = strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	return s
}

// A member with https must prove who it is, unless nobody asks.
func TestTLS(t *testing.T) {
	files := newCertificate(t, t.TempDir(), "own")
	s := startTLS(t, files.pair(t))
	f := func(settings *TLSConfig, wantBody string, want error) {
		t.Helper()
		cfg := servers(1)
		cfg.Members[0].URL, cfg.TLS = s.URL, settings
		g := startGroup(t, cfg)
		rc := newGet()
		err := g.Serve(newInbound(), rc, nil)
		if !errors.Is(err, want) || err == nil && string(rc.Response.Body()) != wantBody {
			t.Errorf("%+v: got %v and %q, want %v", settings, err, rc.Response.Body(), want)
		}
	}
	ca := files.certificate
	f(nil, "", ErrBadGateway)
	f(&TLSConfig{}, "", ErrBadGateway)
	f(&TLSConfig{CA: ca}, "", nil)
	f(&TLSConfig{CA: ca, ServerName: "example.com"}, "", nil)
	f(&TLSConfig{CA: ca, ServerName: "example.org"}, "", ErrBadGateway)
	f(&TLSConfig{CA: ca, Certificate: ca, Key: files.key}, "shown", nil)
	f(&TLSConfig{SkipVerify: true}, "", nil)
}

// A certificate that is renewed counts from the next connection on, and one
// that cannot be read is an error that the next one has forgotten.
func TestTLSFilesAreReadForEveryConnection(t *testing.T) {
	dir := t.TempDir()
	files := newCertificate(t, dir, "own")
	old := startTLS(t, files.pair(t))
	cfg := servers(1)
	cfg.Members[0].URL, cfg.TLS, cfg.Idle = old.URL, &TLSConfig{CA: files.certificate}, 0
	g := startGroup(t, cfg)
	f := func(want error) {
		t.Helper()
		if err := get(g); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	f(nil)
	newCertificate(t, dir, "own")
	f(ErrBadGateway)
	if err := os.Remove(files.certificate); err != nil {
		t.Fatal(err)
	}
	f(ErrBadGateway)
	if err := os.WriteFile(files.certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: old.TLS.Certificates[0].Certificate[0]}), 0o600); err != nil {
		t.Fatal(err)
	}
	f(nil)
}

func TestTLSConfigValidate(t *testing.T) {
	dir := t.TempDir()
	files := newCertificate(t, dir, "own")
	f := func(settings TLSConfig, want ...string) {
		t.Helper()
		var got faults
		settings.validate(&got)
		if len(got) != len(want) {
			t.Fatalf("%+v: got %v, want %v", settings, got, want)
		}
		for i, fault := range got {
			if !strings.HasPrefix(fault.Error(), want[i]) {
				t.Errorf("%+v: got %v, want %q", settings, fault, want[i])
			}
		}
	}
	ca, key := files.certificate, files.key
	f(TLSConfig{})
	f(TLSConfig{CA: ca, ServerName: "x", Certificate: ca, Key: key})
	f(TLSConfig{SkipVerify: true, ServerName: "x"})
	f(TLSConfig{CA: ca, SkipVerify: true}, "tls.skip_verify: whoever answers")
	f(TLSConfig{Certificate: ca}, "tls.certificate: ")
	f(TLSConfig{Key: key, CA: ca, SkipVerify: true}, "tls.skip_verify: ", "tls.key: ")
	f(TLSConfig{CA: filepath.Join(dir, "none.pem")}, "tls: read authorities: open ")
	f(TLSConfig{CA: key}, "tls: read authorities: "+key+" has no certificate in PEM form")
	f(TLSConfig{Certificate: key, Key: ca}, "tls: read client certificate: ")
}
