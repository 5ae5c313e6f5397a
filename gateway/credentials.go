package gateway

import (
	"bytes"
	"encoding/base64"
	"slices"
)

// basicChallenge asks for credentials, as RFC 7617 wants it.
const basicChallenge = `Basic realm="zerohop", charset="UTF-8"`

// readBasic reads the user and the password of an Authorization header into
// the scope. It fails with errUnauthorized when they are missing or malformed.
//
// The scheme's case does not matter. The padding of the base64 may be left
// out, as nginx has it; any other deviation is malformed. The user ends at
// the first colon; the password may have more of them, and any byte but NUL.
// With unescape both are percent-decoded, each for itself and after the split,
// as set_unescape_uri did; a plus sign stays one.
func (s *scope) readBasic(header []byte, unescape bool) error {
	token, ok := basicToken(header)
	if !ok {
		return errUnauthorized
	}
	s.secret = slices.Grow(s.secret[:0], base64.RawStdEncoding.DecodedLen(len(token)))
	n, err := base64.RawStdEncoding.Strict().Decode(s.secret[:cap(s.secret)], token)
	if err != nil {
		return errUnauthorized
	}
	s.secret = s.secret[:n]
	colon := bytes.IndexByte(s.secret, ':')
	if colon < 0 {
		return errUnauthorized
	}
	user, password := s.secret[:colon:colon], s.secret[colon+1:]
	if unescape {
		// What is decoded is never longer, so it may take its own place.
		if user, err = appendUnescaped(user[:0], user); err != nil {
			return errUnauthorized
		}
		if password, err = appendUnescaped(password[:0], password); err != nil {
			return errUnauthorized
		}
	}
	if bytes.IndexByte(user, 0) >= 0 || bytes.IndexByte(password, 0) >= 0 {
		return errUnauthorized
	}
	s.user, s.password = user, password
	return nil
}

// basicToken returns the base64 of a Basic Authorization header, without its
// padding.
func basicToken(header []byte) ([]byte, bool) {
	const scheme = "Basic "
	if len(header) < len(scheme) || !bytes.EqualFold(header[:len(scheme)], []byte(scheme)) {
		return nil, false
	}
	token := header[len(scheme):]
	for len(token) > 0 && token[0] == ' ' {
		token = token[1:]
	}
	if bytes.IndexByte(token, '\r') >= 0 || bytes.IndexByte(token, '\n') >= 0 {
		return nil, false // the decoder would skip them
	}
	padding := 0
	for padding < len(token) && token[len(token)-1-padding] == '=' {
		padding++
	}
	return token[:len(token)-padding], padding == 0 || padding <= 2 && len(token)%4 == 0
}
