package backends

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
)

// A member with https must prove who it is, unless nobody asks.
func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "pong")
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	pair := s.TLS.Certificates[0]
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}))
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))

	f := func(settings *TLSConfig, want error) {
		t.Helper()
		cfg := servers(1)
		cfg.Members[0].URL, cfg.TLS = s.URL, settings
		g := startGroup(t, cfg)
		rc := newGet()
		err := g.Serve(newInbound(), rc, nil)
		if !errors.Is(err, want) || err == nil && string(rc.Response.Body()) != "pong" {
			t.Errorf("%+v: got %v and %q, want %v", settings, err, rc.Response.Body(), want)
		}
	}
	f(nil, ErrBadGateway)
	f(&TLSConfig{}, ErrBadGateway)
	f(&TLSConfig{CA: cert}, nil)
	f(&TLSConfig{CA: cert, ServerName: "example.com"}, nil)
	f(&TLSConfig{CA: cert, ServerName: "example.org"}, ErrBadGateway)
	f(&TLSConfig{CA: cert, Cert: cert, Key: key}, nil)
	f(&TLSConfig{Insecure: true}, nil)
}
