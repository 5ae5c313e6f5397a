package gateway

import (
	"bytes"
	"slices"

	"github.com/valyala/fasthttp"
)

const (
	faultHiddenDots fault = "The path has a segment that some servers take for a dot segment."
	faultBackslash  fault = "The path has a backslash, which some servers take for a slash."
	faultTwoWays    fault = "The path has a segment that some servers read as another path, which is not for everybody."
)

// anyMethod is what Allow says where all methods are served but TRACE.
const anyMethod = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"

// guardForwarded refuses what the server behind could read in another sense
// than the router has, and sees that the target stays in one: the path
// goes on as it came, or in its canonical form where dot segments or an
// absolute target could have it read otherwise.
//
// TRACE is refused, as nginx does, because its answer shows all that the
// request carries; a route may ask for it by name.
func (s *scope) guardForwarded(rc *fasthttp.RequestCtx) error {
	header := &rc.Request.Header
	if string(header.Method()) == fasthttp.MethodTrace && s.route.pattern.method == "" {
		return &methodError{anyMethod, []*route{s.route}}
	}
	target := header.RequestURI()
	path, query, _ := bytes.Cut(target, []byte{'?'})
	if bytes.IndexByte(path, '\\') >= 0 {
		return faultBackslash
	}
	if hidesDots(&s.path) {
		return faultHiddenDots
	}
	if len(path) > 0 && path[0] == '/' && !hasDots(path) {
		return nil
	}
	s.asked = slices.Clone(target)
	s.path.text = slices.Clone(s.path.text) // it may be a piece of the target
	canonical := s.path.appendRaw(make([]byte, 0, len(target)))
	if len(path) < len(target) {
		canonical = append(append(canonical, '?'), query...)
	}
	header.SetRequestURIBytes(canonical)
	return nil
}

// hasDots reports whether a raw path has dot segments.
func hasDots(raw []byte) bool {
	if !bytes.Contains(raw, []byte("/.")) && !bytes.Contains(raw, []byte("/%2")) {
		return false
	}
	for segment := range bytes.SplitSeq(raw, []byte{'/'}) {
		if isDots(segment) {
			return true
		}
	}
	return false
}

// isDots reports whether a raw segment is . or .., escaped or not.
func isDots(raw []byte) bool {
	dots := 0
	for ; len(raw) > 0; dots++ {
		switch {
		case raw[0] == '.':
			raw = raw[1:]
		case len(raw) >= 3 && raw[0] == '%' && raw[1] == '2' && raw[2]|0x20 == 'e':
			raw = raw[3:]
		default:
			return false
		}
	}
	return dots == 1 || dots == 2
}

// hidesDots reports whether a segment holds a dot segment for a server that
// splits it further: at an escaped slash or backslash, or in front of a
// semicolon.
func hidesDots(p *path) bool {
	if bytes.IndexByte(p.text, '.') < 0 {
		return false
	}
	for _, s := range p.segments {
		segment := p.slice(s)
		if !bytes.ContainsAny(segment, `/\;`) {
			continue
		}
		for piece := range bytes.FieldsFuncSeq(segment, func(r rune) bool { return r == '/' || r == '\\' }) {
			name, _, _ := bytes.Cut(piece, []byte{';'})
			if string(name) == "." || string(name) == ".." {
				return true
			}
		}
	}
	return false
}

// target returns the request's target as it came.
func (s *scope) target(h *fasthttp.RequestHeader) []byte {
	if s.asked != nil {
		return s.asked
	}
	return h.RequestURI()
}
