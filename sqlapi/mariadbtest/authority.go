package mariadbtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates for tests. The certificate of NAME is in the file
// NAME.pem of its folder, the private key in NAME.key.
type Authority struct {
	t    testing.TB
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// NewAuthority makes an authority with files in dir.
func NewAuthority(t testing.TB, dir, name string) *Authority {
	t.Helper()
	a := &Authority{t: t, dir: dir}
	a.cert, a.key = a.Issue(name, &x509.Certificate{
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	})
	return a
}

// Path returns the path of one of the authority's files.
func (a *Authority) Path(file string) string { return filepath.Join(a.dir, file) }

// Issue signs a certificate for name, valid for an hour, and writes it and its key.
func (a *Authority) Issue(name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.check(err)
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	c.Subject = pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	a.check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	a.check(err)
	a.write(name+".pem", "CERTIFICATE", der)
	a.write(name+".key", "PRIVATE KEY", private)
	signed, err := x509.ParseCertificate(der)
	a.check(err)
	return signed, key
}

func (a *Authority) write(file, kind string, der []byte) {
	a.check(os.WriteFile(a.Path(file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

func (a *Authority) check(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// StartTLS starts a server that offers TLS, with the certificate "server" for
// 127.0.0.1 and db.test. The authority "ca" has signed that, and "client" for
// whoever connects. The server is stopped with the test.
func StartTLS(t testing.TB) (*Server, *Authority) {
	t.Helper()
	a := NewAuthority(t, t.TempDir(), "ca")
	a.Issue("server", &x509.Certificate{DNSNames: []string{"db.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	a.Issue("client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	server, err := Start("--ssl-ca="+a.Path("ca.pem"), "--ssl-cert="+a.Path("server.pem"), "--ssl-key="+a.Path("server.key"))
	Require(t, server, err)
	t.Cleanup(server.Stop)
	return server, a
}
