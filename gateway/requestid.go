package gateway

import "math/rand/v2"

// maxRequestID is how long an id may be that a client sends, in bytes.
const maxRequestID = 128

// setRequestID takes the id that the client, or a proxy in front, has given
// the request, when it is well formed, and else makes one: 32 hexadecimal
// digits, as nginx's $request_id. Made ones are random enough that nobody
// meets the same twice; they are no secret.
func (s *scope) setRequestID(sent []byte) {
	if isRequestID(sent) {
		s.id = sent
		return
	}
	const digits = "0123456789abcdef"
	for i := 0; i < len(s.idBuf); i += 16 {
		for bits, j := rand.Uint64(), i; j < i+16; j++ {
			s.idBuf[j] = digits[bits&15]
			bits >>= 4
		}
	}
	s.id = s.idBuf[:]
}

// isRequestID accepts what UUIDs, trace ids and base64 are made of. Quotes,
// spaces and the like stay out, so that an id can stand in a log as it is.
func isRequestID(id []byte) bool {
	for _, c := range id {
		if !isAlphanumeric(c) {
			switch c {
			case '.', '_', '-', '+', '/', '=', ':', '@', '~':
			default:
				return false
			}
		}
	}
	return 0 < len(id) && len(id) <= maxRequestID
}
