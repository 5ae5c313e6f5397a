package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// id is what only the browser knows. It is never written to a store or a log.
type id [idSize]byte

const (
	idSize = 32 // bytes
	// tokenLength is that of an id as text.
	tokenLength = 43
)

var encoding = base64.RawURLEncoding.Strict()

// newID returns an id that nobody can guess.
func newID() id {
	var v id
	_, _ = rand.Read(v[:]) // it never fails
	return v
}

// parseID reads the text of a cookie. There is one text for each id.
func parseID(token []byte) (v id, ok bool) {
	if len(token) != tokenLength {
		return v, false
	}
	n, err := encoding.Decode(v[:], token)
	return v, err == nil && n == len(v)
}

func (v id) appendText(dst []byte) []byte { return encoding.AppendEncode(dst, v[:]) }

// keyPrefix keeps our keys apart from those of others in the same memcached.
const keyPrefix = "zerohop:session:"

// storeKey returns under which key the store has the session: one from which
// the id cannot be worked out.
func (v id) storeKey() string {
	var text [len(keyPrefix) + tokenLength]byte
	var message [len(keyPrefix) + idSize]byte
	copy(message[copy(message[:], keyPrefix):], v[:])
	hash := sha256.Sum256(message[:])
	encoding.Encode(text[copy(text[:], keyPrefix):], hash[:])
	return string(text[:])
}
