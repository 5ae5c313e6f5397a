package backends

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// TLSConfig says how the connections to members with https are encrypted, and
// how each side proves who it is. The zero value accepts a member whose
// certificate an authority of the system has signed for the host of its URL.
// The words are those of a database's tls.
//
// The files are read anew for every connection, so that a renewed certificate
// needs no restart.
type TLSConfig struct {
	// CA is a PEM file with the authorities that may have signed a member's
	// certificate; without it those of the system may.
	CA string `toml:"ca,path"`
	// ServerName is the name that a member's certificate must be for, and that
	// it is asked for; without it that is the host of its URL.
	ServerName string `toml:"server_name"`
	// Certificate and Key are PEM files with our own certificate and its
	// private key, for members that ask for one.
	Certificate string `toml:"certificate,path"`
	Key         string `toml:"key,path"`
	// SkipVerify encrypts and does not authenticate: whoever answers is taken
	// for the member, and is told all that requests carry.
	SkipVerify bool `toml:"skip_verify"`
}

// client returns the settings of a connection to host. It reads the files. A
// nil TLSConfig is the zero one.
func (t *TLSConfig) client(host string) (*tls.Config, error) {
	if t == nil {
		t = &TLSConfig{}
	}
	cfg := &tls.Config{ServerName: t.ServerName, InsecureSkipVerify: t.SkipVerify, MinVersion: tls.VersionTLS12}
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("read authorities: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read authorities: %s has no certificate in PEM form", t.CA)
		}
	}
	if t.Certificate != "" || t.Key != "" {
		pair, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
		if err != nil {
			return nil, fmt.Errorf("read client certificate: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

func (t *TLSConfig) validate(f *faults) {
	sound := len(*f)
	f.check(!t.SkipVerify || t.CA == "", "tls.skip_verify", "whoever answers is accepted, so ca has no effect", "leave one of the two out")
	f.check(t.Certificate != "" || t.Key == "", "tls.key", "a key without its certificate", "add certificate")
	f.check(t.Certificate == "" || t.Key != "", "tls.certificate", "a certificate without its key", "add key")
	if len(*f) > sound {
		return
	}
	if _, err := t.client(""); err != nil {
		f.check(false, "tls", err.Error(), "")
	}
}
