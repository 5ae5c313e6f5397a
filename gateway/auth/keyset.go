package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

const (
	// maxKeySet is how large a JWKS may be, in bytes, maxKeys how many keys it
	// may have.
	maxKeySet = 1 << 20
	maxKeys   = 100
)

// keySet is a JSON Web Key Set (RFC 7517), as far as its keys verify signatures
// here.
type keySet []publicKey

// publicKey is one key of a set.
type publicKey struct {
	id        string
	algorithm string // the only one that it is for; empty is any
	key       any
}

// webKey is a key as it stands in the set.
type webKey struct {
	Type       string   `json:"kty"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Algorithm  string   `json:"alg"`
	ID         string   `json:"kid"`
	Curve      string   `json:"crv"`
	N          string   `json:"n"`
	E          string   `json:"e"`
	X          string   `json:"x"`
	Y          string   `json:"y"`
}

// parseKeySet reads a set. Keys of other kinds, for other uses and with values
// out of range are passed over, as the RFC has it, secrets among them: whoever
// can read the set could sign with those. That none is left is a fault.
func parseKeySet(text []byte) (keySet, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	switch err := json.Unmarshal(text, &set); {
	case err != nil || set.Keys == nil:
		return nil, errors.New("not a JSON Web Key Set")
	case len(set.Keys) > maxKeys:
		return nil, fmt.Errorf("a key set of more than %d keys", maxKeys)
	}
	var keys keySet
	reason := errors.New("none is a public key for signatures")
	for i, raw := range set.Keys {
		var w webKey
		if json.Unmarshal(raw, &w) != nil || !w.verifies() {
			continue
		}
		key, err := w.public()
		if err == nil {
			err = checkKey(key)
		}
		if err != nil {
			reason = fmt.Errorf("key %d: %w", i+1, err)
			continue
		}
		keys = append(keys, publicKey{w.ID, w.Algorithm, key})
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("a key set without a usable key: %w", reason)
	}
	return keys, nil
}

// verifies reports whether the key is one for signatures that there is an
// algorithm for.
func (w *webKey) verifies() bool {
	if w.Use != "" && w.Use != "sig" || w.Operations != nil && !slices.Contains(w.Operations, "verify") {
		return false
	}
	if _, known := algorithms()[w.Algorithm]; !known && w.Algorithm != "" {
		return false
	}
	switch w.Type {
	case "RSA":
		return true
	case "EC":
		return curves()[w.Curve] != nil
	case "OKP":
		return w.Curve == "Ed25519"
	}
	return false
}

// curves are those of RFC 7518 by their names.
func curves() map[string]elliptic.Curve {
	return map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
}

// public returns the key itself.
func (w *webKey) public() (any, error) {
	switch w.Type {
	case "RSA":
		return w.rsa()
	case "EC":
		return w.ecdsa()
	}
	x, err := decodeCoordinate(w.X, ed25519.PublicKeySize)
	return ed25519.PublicKey(x), err
}

func (w *webKey) rsa() (*rsa.PublicKey, error) {
	n, err := base64.RawURLEncoding.DecodeString(w.N)
	if err != nil || len(n) > maxRSA/8+1 {
		return nil, errors.New("its modulus cannot be read")
	}
	e, err := base64.RawURLEncoding.DecodeString(w.E)
	exponent := new(big.Int).SetBytes(e)
	if err != nil || exponent.BitLen() > 31 {
		return nil, errors.New("its exponent cannot be read")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, nil
}

func (w *webKey) ecdsa() (*ecdsa.PublicKey, error) {
	curve := curves()[w.Curve]
	size := (curve.Params().BitSize + 7) / 8
	x, err := decodeCoordinate(w.X, size)
	if err != nil {
		return nil, err
	}
	y, err := decodeCoordinate(w.Y, size)
	if err != nil {
		return nil, err
	}
	const uncompressed = 4 // SEC 1, 2.3.4
	key, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{uncompressed}, x, y))
	if err != nil {
		return nil, errors.New("it is no point of its curve")
	}
	return key, nil
}

// decodeCoordinate reads a number that has exactly size bytes.
func decodeCoordinate(text string, size int) ([]byte, error) {
	value, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(value) != size {
		return nil, errors.New("its coordinates cannot be read")
	}
	return value, nil
}

// find returns the key of an id for an algorithm. A token without an id has the
// only key there is for its algorithm.
func (s keySet) find(id, name string) (key any, ok bool) {
	a := algorithms()[name]
	for _, k := range s {
		if id != "" && k.id != id || k.algorithm != "" && k.algorithm != name || !a.fits(k.key) {
			continue
		}
		if ok { // one of two: nobody knows which
			return nil, false
		}
		key, ok = k.key, true
	}
	return key, ok
}
