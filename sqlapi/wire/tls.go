package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
)

// ErrNoTLS: the server offers no TLS, and the connection must have it. Nothing
// but its greeting was read, and nothing was sent.
var ErrNoTLS = errors.New("the server offers no TLS")

// TLSConfig says how a connection to the server is encrypted, and how each
// side proves who it is. The zero value encrypts, and accepts a server whose
// certificate an authority of the system has signed for the host of the DSN.
//
// The files are read anew for every connection, so that a renewed certificate
// needs no restart.
type TLSConfig struct {
	// CA is a PEM file with the authorities that may have signed the
	// server's certificate; without it those of the system may.
	CA string `toml:"ca,path"`
	// ServerName is the name that the server's certificate must be for;
	// without it that is the host of the DSN.
	ServerName string `toml:"server_name"`
	// Certificate and Key are PEM files with the client's certificate and
	// its private key, for a server that asks for one.
	Certificate string `toml:"certificate,path"`
	Key         string `toml:"key,path"`
	// SkipVerify encrypts and does not authenticate: whoever answers is
	// taken for the server, and is told the password.
	SkipVerify bool `toml:"skip_verify"`
}

// Client returns the settings of a connection to host, which is empty for a
// unix socket. It reads the files.
func (t *TLSConfig) Client(host string) (*tls.Config, error) {
	cfg := &tls.Config{ServerName: t.ServerName, InsecureSkipVerify: t.SkipVerify, MinVersion: tls.VersionTLS12}
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	if cfg.ServerName == "" && !t.SkipVerify {
		return nil, errors.New("there is no server name: a unix socket has none of its own")
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

// hostOf returns the host of an address, or nothing for a unix socket.
func hostOf(network, address string) string {
	if network == "unix" {
		return ""
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
