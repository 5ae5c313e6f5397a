package gateway

import (
	"bytes"
	"errors"
)

var (
	errEscape = errors.New("'%' is not followed by two hexadecimal digits")
	errNUL    = errors.New("a NUL byte")
)

// path is the one canonical form of a request's path: split at the slashes,
// each segment percent-decoded once, empty and dot segments merged. A slash
// that was written as %2F stays inside its segment. It is reused from request
// to request, and its bytes end with the request.
type path struct {
	// text is the decoded path. Segments are spans of it, because a decoded
	// slash must not be taken for a separator.
	text     []byte
	segments []span
	// slash is whether the path ends in a slash, as "/" does.
	slash bool

	buf []byte
}

// span is a piece of a path's text.
type span struct{ start, end int }

// parse reads the raw path of a request target, without the query. raw begins
// with a slash and must live as long as the result is used.
func (p *path) parse(raw []byte) error {
	p.segments = p.segments[:0]
	if !isPlain(raw) {
		var err error
		if p.buf, err = p.merge(p.buf[:0], raw); err != nil {
			return err
		}
		p.text = p.buf
		return nil
	}
	p.text = raw
	p.slash = raw[len(raw)-1] == '/'
	for start := 1; start < len(raw); {
		stop := len(raw)
		if i := bytes.IndexByte(raw[start:], '/'); i >= 0 {
			stop = start + i
		}
		p.segments = append(p.segments, span{start, stop})
		start = stop + 1
	}
	return nil
}

// isPlain reports whether nothing in a raw path needs decoding or merging, as
// in nearly all of them. A segment that begins with a dot is not looked at
// closer.
func isPlain(raw []byte) bool {
	previous := byte(0)
	for _, c := range raw {
		if c == '%' || c == 0 || previous == '/' && (c == '/' || c == '.') {
			return false
		}
		previous = c
	}
	return true
}

// merge appends the canonical form of raw to dst and notes the segments.
func (p *path) merge(dst, raw []byte) ([]byte, error) {
	p.slash = raw[len(raw)-1] == '/'
	for len(raw) > 0 {
		raw = raw[1:] // the slash
		piece := raw
		if i := bytes.IndexByte(raw, '/'); i >= 0 {
			piece = raw[:i]
		}
		raw = raw[len(piece):]
		start := len(dst)
		var err error
		if dst, err = appendUnescaped(append(dst, '/'), piece); err != nil {
			return dst, err
		}
		switch string(dst[start+1:]) {
		case "", ".":
			dst = dst[:start]
		case "..":
			dst = dst[:start]
			if last := len(p.segments) - 1; last >= 0 {
				dst = dst[:p.segments[last].start-1]
				p.segments = p.segments[:last]
			}
		default:
			p.segments = append(p.segments, span{start + 1, len(dst)})
		}
	}
	if p.slash = p.slash || len(p.segments) == 0; p.slash {
		dst = append(dst, '/')
	}
	return dst, nil
}

// slice returns the bytes of a span.
func (p *path) slice(s span) []byte { return p.text[s.start:s.end] }

// from returns where the text from the i-th segment to the end stands, slashes
// between and behind included.
func (p *path) from(i int) span {
	if i >= len(p.segments) {
		return span{len(p.text), len(p.text)}
	}
	return span{p.segments[i].start, len(p.text)}
}

// appendLocation appends the path, encoded again, with a slash at its end.
func (p *path) appendLocation(dst []byte) []byte {
	for _, s := range p.segments {
		dst = appendEscaped(append(dst, '/'), p.slice(s))
	}
	return append(dst, '/')
}

// appendRaw appends the path, encoded again.
func (p *path) appendRaw(dst []byte) []byte {
	dst = p.appendLocation(dst)
	if !p.slash {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendUnescaped appends src with each %XX decoded. It refuses NUL, which
// ends strings in many places behind us.
func appendUnescaped(dst, src []byte) ([]byte, error) {
	for i := 0; i < len(src); i++ {
		c := src[i]
		if c == '%' {
			if i+2 >= len(src) {
				return dst, errEscape
			}
			high, low := unhex(src[i+1]), unhex(src[i+2])
			if high > 15 || low > 15 {
				return dst, errEscape
			}
			c = high<<4 | low
			i += 2
		}
		if c == 0 {
			return dst, errNUL
		}
		dst = append(dst, c)
	}
	return dst, nil
}

// unhex returns the value of a hexadecimal digit, or 255.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// appendEscaped appends a segment as it may stand in a URL: what RFC 3986
// calls pchar as it is, everything else percent-encoded.
func appendEscaped(dst, src []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range src {
		if isAlphanumeric(c) || bytes.IndexByte([]byte("-._~!$&'()*+,;=:@"), c) >= 0 {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
