package auth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
)

// maxKey is how many bytes an API key may have.
const maxKey = 1024

// keys verifies API keys. A key is random and long, so that its SHA-256 is as
// good at rest as a costly hash would be, and can be looked up.
type keys struct {
	header      string
	rows        Rows
	rolesColumn string
}

func newKeys(cfg *Config, s *Sources) (*keys, error) {
	k := &keys{header: cfg.Header, rows: s.Lookup, rolesColumn: cfg.RolesColumn}
	if cfg.KeysFile == "" {
		return k, nil
	}
	file, err := openLineFile(cfg.KeysFile, s, func(text string) (map[keyHash]fileKey, error) { return parseKeys(cfg.KeysFile, text) })
	if err != nil {
		return nil, fmt.Errorf("keys_file: %w", err)
	}
	k.rows = &keysFile{file: file, rolesColumn: cfg.RolesColumn}
	return k, nil
}

func (k *keys) close() {}

func (k *keys) verify(ctx context.Context, r *Request) (Identity, error) {
	key := r.header(k.header)
	if k.header == headerAuthorization {
		key = bearer(key)
	}
	switch {
	case len(key) == 0:
		return Identity{}, ErrNoCredentials
	case len(key) > maxKey:
		return Identity{}, fmt.Errorf("%w: a key of %d bytes", ErrRejected, len(key))
	}
	sum := sha256.Sum256(key)
	row, err := k.rows.Row(ctx, &Values{KeyHash: hex.AppendEncode(nil, sum[:])})
	switch {
	case err != nil:
		return Identity{}, err
	case row.Count != 1 || len(row.Columns) == 0:
		return Identity{}, fmt.Errorf("%w: %s for the key", ErrRejected, countOf(row.Count))
	}
	// Without a column "user" the first one names whose key it is.
	id := identify(row.Columns[0].Value, row, -1, k.rolesColumn)
	if id.User == "" {
		return Identity{}, fmt.Errorf("%w: nobody's name stands in the row of the key", ErrRejected)
	}
	return id, nil
}

// bearer returns the token of an Authorization header of the scheme Bearer,
// whose case does not matter, or nil.
func bearer(header []byte) []byte {
	const scheme = "Bearer"
	if len(header) <= len(scheme) || header[len(scheme)] != ' ' || !bytes.EqualFold(header[:len(scheme)], []byte(scheme)) {
		return nil
	}
	return bytes.Trim(header[len(scheme):], " ")
}

type keyHash [sha256.Size]byte

// fileKey is a line of a keysFile.
type fileKey struct {
	hash        keyHash
	name, roles string
}

// keysFile is a file of keys, as if it were a statement that looks one up.
type keysFile struct {
	file        *lineFile[map[keyHash]fileKey]
	rolesColumn string
}

// Row returns the line of a key. It is found by the hash, of which the time it
// takes could tell something at most; that leads to no key.
func (f *keysFile) Row(_ context.Context, values *Values) (Row, error) {
	var hash keyHash
	_, _ = hex.Decode(hash[:], values.KeyHash) // which was encoded here
	key, ok := f.file.get()[hash]
	if !ok || subtle.ConstantTimeCompare(key.hash[:], hash[:]) != 1 {
		return Row{}, nil
	}
	return Row{Count: 1, Columns: []Column{{Name: "user", Value: key.name}, {Name: f.rolesColumn, Value: key.roles}}}, nil
}

// parseKeys reads lines name:hash or name:hash:roles.
func parseKeys(path, text string) (map[keyHash]fileKey, error) {
	found := map[keyHash]fileKey{}
	err := parseLines(path, text, func(fields []string) error {
		if len(fields) < 2 || len(fields) > 3 || fields[0] == "" {
			return errors.New("not a line name:hash or name:hash:roles")
		}
		key := fileKey{name: fields[0]}
		if n, err := hex.Decode(key.hash[:], boundedHex(fields[1])); err != nil || n != len(key.hash) {
			return fmt.Errorf("the hash of %q is not the SHA-256 of a key in hex, as printf %%s KEY | sha256sum has it", fields[0])
		}
		if other, twice := found[key.hash]; twice {
			return fmt.Errorf("%q has the same key as %q", fields[0], other.name)
		}
		if len(fields) == 3 {
			key.roles = fields[2]
		}
		found[key.hash] = key
		return nil
	})
	return found, err
}

// boundedHex returns the digits of a hash, or none where they are too many.
func boundedHex(digits string) []byte {
	if len(digits) != 2*sha256.Size {
		return nil
	}
	return []byte(digits)
}
