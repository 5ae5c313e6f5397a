package auth

import (
	"context"
	"fmt"
	"strings"
)

// newKeySource returns the keys of a configuration for tokens.
func newKeySource(cfg *Config, s *Sources) (keySource, error) {
	switch {
	case cfg.Secret != "":
		return fixedKey{[]byte(cfg.Secret)}, nil
	case cfg.PublicKey != "":
		key, err := parsePublicKey(cfg.PublicKey)
		return fixedKey{key}, err
	case isURL(cfg.JWKS):
		return newRemoteKeys(cfg.JWKS, s), nil
	}
	file, err := openLineFile(cfg.JWKS, s, func(text string) (keySet, error) { return parseKeySet([]byte(text)) })
	if err != nil {
		return nil, fmt.Errorf("jwks: %w", err)
	}
	return fileKeys{file}, nil
}

// isURL reports whether a JWKS is to be fetched.
func isURL(jwks string) bool { return strings.Contains(jwks, "://") }

// fixedKey is the one key of all tokens.
type fixedKey struct{ value any }

func (k fixedKey) key(_ context.Context, _, name string) (any, error) {
	a := algorithms()[name]
	if _, secret := k.value.([]byte); secret && a.family == familyHMAC || a.fits(k.value) {
		return k.value, nil
	}
	return nil, fmt.Errorf("%w: no key for the token's algorithm", ErrRejected)
}

func (fixedKey) close() {}

// fileKeys are those of a file, which is read again when it has changed.
type fileKeys struct{ file *lineFile[keySet] }

func (k fileKeys) key(_ context.Context, id, algorithm string) (any, error) {
	if key, ok := k.file.get().find(id, algorithm); ok {
		return key, nil
	}
	return nil, errNoKey
}

func (fileKeys) close() {}

var errNoKey = fmt.Errorf("%w: no key for the token", ErrRejected)
