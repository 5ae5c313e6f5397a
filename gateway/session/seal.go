package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// A sealed value is
//
//	version (1 byte), key id (4), nonce (12), AES-256-GCM of the content and its tag (16)
//
// with version, key id and the session's id as additional data: it opens only
// under the id for which it was sealed. Nonces are random; a key may seal some
// four thousand million values, a year at a hundred a second, before it should
// be replaced.
const (
	sealVersion = 1
	keyIDSize   = 4
	nonceSize   = 12
	tagSize     = 16
	sealFront   = 1 + keyIDSize + nonceSize
)

var (
	// errSeal: the value was not sealed by us, or for another session.
	errSeal = errors.New("the value's seal is broken")
)

// sealer seals and opens values. It may be used by several goroutines at once.
type sealer struct {
	keys []sealingKey // the first seals
}

type sealingKey struct {
	id   [keyIDSize]byte
	aead cipher.AEAD
}

func newSealer(secrets [][]byte) (*sealer, error) {
	s := &sealer{}
	for _, secret := range secrets {
		key, err := newSealingKey(secret)
		if err != nil {
			return nil, fmt.Errorf("derive sealing key: %w", err)
		}
		s.keys = append(s.keys, key)
	}
	return s, nil
}

func newSealingKey(secret []byte) (k sealingKey, err error) {
	name, err := hkdf.Key(sha256.New, secret, nil, "zerohop session key id", keyIDSize)
	if err != nil {
		return k, err
	}
	copy(k.id[:], name)
	key, err := hkdf.Key(sha256.New, secret, nil, "zerohop session AES-256-GCM", 32)
	if err != nil {
		return k, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return k, err
	}
	k.aead, err = cipher.NewGCM(block)
	return k, err
}

// seal returns content sealed for a session.
func (s *sealer) seal(of id, content []byte) []byte {
	key := &s.keys[0]
	value := make([]byte, sealFront, sealFront+len(content)+tagSize)
	value[0] = sealVersion
	copy(value[1:], key.id[:])
	nonce := value[1+keyIDSize : sealFront]
	_, _ = rand.Read(nonce) // it never fails
	bound := boundTo(of, value)
	return key.aead.Seal(value, nonce, content, bound[:])
}

// open returns the content of a session's value, with errSeal or ErrKey.
func (s *sealer) open(of id, value []byte) ([]byte, error) {
	if len(value) < sealFront+tagSize || value[0] != sealVersion {
		return nil, errSeal
	}
	bound, known := boundTo(of, value), false
	for i := range s.keys {
		key := &s.keys[i]
		if key.id != [keyIDSize]byte(value[1:]) {
			continue
		}
		known = true
		content, err := key.aead.Open(nil, value[1+keyIDSize:sealFront], value[sealFront:], bound[:])
		if err == nil {
			return content, nil
		}
	}
	if !known {
		return nil, ErrKey
	}
	return nil, errSeal
}

// boundTo returns what a value is sealed together with.
func boundTo(of id, value []byte) (bound [1 + keyIDSize + idSize]byte) {
	copy(bound[copy(bound[:], value[:1+keyIDSize]):], of[:])
	return bound
}
