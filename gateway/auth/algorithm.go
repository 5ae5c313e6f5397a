package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"slices"
)

// family is a kind of key.
type family uint8

const (
	familyHMAC family = iota + 1
	familyRSA
	familyECDSA
	familyEd25519
)

// algorithm is what a signature algorithm needs of its key.
type algorithm struct {
	family family
	curve  elliptic.Curve // of ECDSA
	secret int            // of HMAC: how many bytes there are at least (RFC 7518, 3.2)
}

// algorithms are those that there are. "none" is not one of them.
func algorithms() map[string]algorithm {
	return map[string]algorithm{
		"HS256": {family: familyHMAC, secret: 32},
		"HS384": {family: familyHMAC, secret: 48},
		"HS512": {family: familyHMAC, secret: 64},
		"RS256": {family: familyRSA},
		"RS384": {family: familyRSA},
		"RS512": {family: familyRSA},
		"PS256": {family: familyRSA},
		"PS384": {family: familyRSA},
		"PS512": {family: familyRSA},
		"ES256": {family: familyECDSA, curve: elliptic.P256()},
		"ES384": {family: familyECDSA, curve: elliptic.P384()},
		"ES512": {family: familyECDSA, curve: elliptic.P521()},
		"EdDSA": {family: familyEd25519},
	}
}

func algorithmNames() []string { return slices.Sorted(maps.Keys(algorithms())) }

// The bounds of an RSA key, in bits: less can be broken, more takes too long.
const (
	minRSA = 2048
	maxRSA = 8192
)

// fits reports whether a public key is one for the algorithm.
func (a algorithm) fits(key any) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return a.family == familyRSA
	case *ecdsa.PublicKey:
		return a.family == familyECDSA && k.Curve == a.curve
	case ed25519.PublicKey:
		return a.family == familyEd25519
	}
	return false
}

// checkKey returns what is wrong with a public key, of whatever family.
func checkKey(key any) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		switch bits := k.N.BitLen(); {
		case bits < minRSA:
			return errors.New("an RSA key of less than 2048 bits can be broken")
		case bits > maxRSA:
			return errors.New("an RSA key of more than 8192 bits takes too long")
		case k.E < 3 || k.E%2 == 0:
			return errors.New("an RSA key with an exponent that none has")
		}
	case *ecdsa.PublicKey, ed25519.PublicKey:
	default:
		return errors.New("a key of a kind that no algorithm here takes")
	}
	return nil
}

// parsePublicKey reads a public key, or the one of a certificate, in PEM.
func parsePublicKey(text string) (any, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("no PEM block in it")
	}
	if next, _ := pem.Decode(rest); next != nil {
		return nil, errors.New("more than one PEM block in it")
	}
	var key any
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var certificate *x509.Certificate
		if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = certificate.PublicKey
		}
	case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY":
		return nil, errors.New("it is a private key, which has no business here")
	default:
		return nil, errors.New("its PEM block is no public key")
	}
	if err != nil {
		return nil, errors.New("the key in it cannot be read")
	}
	return key, checkKey(key)
}
