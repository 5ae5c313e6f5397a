package backends

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// TLSConfig says how the connections to members with https are encrypted, and
// how each side proves who it is. Certificates and keys are PEM texts, which
// "${file:PATH}" brings into the file. The zero value accepts a member whose
// certificate an authority of the system has signed for the host of its URL.
type TLSConfig struct {
	// CA has the authorities that may have signed a member's certificate;
	// empty: those of the system.
	CA string `toml:"ca"`
	// Cert is the certificate that members are shown, Key its private key.
	Cert string `toml:"cert"`
	Key  string `toml:"key,secret"`
	// ServerName is the name that a member's certificate must be for, and that
	// it is asked for; empty is the host of its URL.
	ServerName string `toml:"server_name"`
	// Insecure encrypts and does not authenticate: whoever answers is taken
	// for the member.
	Insecure bool `toml:"insecure"`
}

// client returns the settings of connections to host. A nil TLSConfig is the
// zero one.
func (t *TLSConfig) client(host string) (*tls.Config, error) {
	if t == nil {
		t = &TLSConfig{}
	}
	cfg := &tls.Config{ServerName: t.ServerName, InsecureSkipVerify: t.Insecure, MinVersion: tls.VersionTLS12}
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	if t.CA != "" {
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM([]byte(t.CA)) {
			return nil, errors.New("read authorities: no certificate in PEM form")
		}
	}
	if t.Cert != "" || t.Key != "" {
		pair, err := tls.X509KeyPair([]byte(t.Cert), []byte(t.Key))
		if err != nil {
			return nil, fmt.Errorf("read certificate: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}
