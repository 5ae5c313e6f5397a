package upstream

import (
	"bytes"
	"iter"
)

// hop is what becomes of a header line on its way through.
type hop int

const (
	endToEnd  hop = iota
	hopByHop      // concerns one connection alone
	forwarded     // says who is asking: an Inbound does that
	// Those with a meaning here.
	connection
	contentLength
	transferEncoding
	keepAlive
	upgrade
	host
	requestID
)

// hopOf classifies a name. The names of one length are few, so most need no
// comparison at all.
func hopOf(name []byte) hop {
	switch len(name) {
	case 2:
		return pick(name, "TE", hopByHop)
	case 4:
		return pick(name, "Host", host)
	case 6:
		return pick(name, "Expect", hopByHop)
	case 7:
		if h := pick(name, "Trailer", hopByHop); h != endToEnd {
			return h
		}
		return pick(name, "Upgrade", upgrade)
	case 8:
		return pick(name, "X-Scheme", forwarded)
	case 9:
		if h := pick(name, "X-Real-IP", forwarded); h != endToEnd {
			return h
		}
		return pick(name, "Forwarded", forwarded)
	case 10:
		if h := pick(name, "Connection", connection); h != endToEnd {
			return h
		}
		return pick(name, "Keep-Alive", keepAlive)
	case 12:
		return pick(name, "X-Request-Id", requestID)
	case 14:
		return pick(name, "Content-Length", contentLength)
	case 15:
		return pick(name, "X-Forwarded-For", forwarded)
	case 16:
		if h := pick(name, "Proxy-Connection", hopByHop); h != endToEnd {
			return h
		}
		return pick(name, "X-Forwarded-Host", forwarded)
	case 17:
		if h := pick(name, "Transfer-Encoding", transferEncoding); h != endToEnd {
			return h
		}
		return pick(name, "X-Forwarded-Proto", forwarded)
	case 18:
		return pick(name, "Proxy-Authenticate", hopByHop)
	case 19:
		return pick(name, "Proxy-Authorization", hopByHop)
	}
	return endToEnd
}

func pick(name []byte, want string, h hop) hop {
	if equalFold(name, want) {
		return h
	}
	return endToEnd
}

// equalFold compares text, without the case of letters, with a word of letters
// and hyphens: of these no other byte differs in that one bit but a CR.
func equalFold(b []byte, want string) bool {
	if len(b) != len(want) {
		return false
	}
	for i := range b {
		if b[i]|0x20 != want[i]|0x20 {
			return false
		}
	}
	return true
}

// tokens yields the elements of a list of values.
func tokens(value []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for more := true; more; {
			var token []byte
			token, value, more = bytes.Cut(value, []byte(","))
			if token = trimSpace(token); len(token) > 0 && !yield(token) {
				return
			}
		}
	}
}
