package session

import (
	"crypto/rand"
	"crypto/subtle"
)

// AppendToken appends a text that proves of a request that it comes from a page
// which was made for this session. It is another one each time, so that what a
// compressed page betrays of it is of no use.
func (s *Session) AppendToken(dst []byte) []byte {
	var raw [2 * seedSize]byte
	mask, masked := raw[:seedSize], raw[seedSize:]
	_, _ = rand.Read(mask) // it never fails
	subtle.XORBytes(masked, mask, s.seed[:])
	return encoding.AppendEncode(dst, raw[:])
}

// HasToken reports whether AppendToken has made the token for this session.
func (s *Session) HasToken(token []byte) bool {
	var raw [2 * seedSize]byte
	if len(token) != encoding.EncodedLen(len(raw)) {
		return false
	}
	if n, err := encoding.Decode(raw[:], token); err != nil || n != len(raw) {
		return false
	}
	subtle.XORBytes(raw[:seedSize], raw[:seedSize], raw[seedSize:])
	return subtle.ConstantTimeCompare(raw[:seedSize], s.seed[:]) == 1
}
