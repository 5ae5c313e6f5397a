package gateway

import (
	"bytes"
	"slices"
)

// A server behind may read a path in another sense than the router: %2F as a
// slash (net/http, and most that decode a path before they look at it), or
// without what stands behind a semicolon (Tomcat, and others of RFC 2396). So
// a path that goes on under the access of one route must not be that of a
// stricter one to whoever reads it like that.

// reading is a way to understand a path.
type reading struct {
	splits bool // an escaped slash parts segments
	cuts   bool // a segment ends at its semicolon
	late   bool // that is looked for once it has been split
}

// guardReadings refuses a path that is, in another reading, one of a route that
// asks who is there, and not this one.
func (s *scope) guardReadings(routes *router, method, raw []byte) error {
	if !bytes.ContainsAny(raw, "%;") || !slices.ContainsFunc(s.path.segments, func(at span) bool {
		return bytes.ContainsAny(s.path.slice(at), "/;")
	}) {
		return nil
	}
	for _, r := range []reading{{splits: true}, {cuts: true}, {splits: true, cuts: true}, {splits: true, cuts: true, late: true}} {
		var other path
		if err := other.parse(r.appendPath(nil, &s.path)); err != nil {
			return faultTwoWays
		}
		rt, _, redirected := routes.find(s.host, method, &other, nil)
		if redirected { // whoever reads the path so may not know of the slash
			other.slash = true
			rt, _ = routes.match(s.host, method, &other, nil)
		}
		if rt != nil && rt.access != nil && rt.access != s.route.access {
			return faultTwoWays
		}
	}
	return nil
}

// appendPath appends a path as it is understood, percent-encoded.
func (r reading) appendPath(dst []byte, p *path) []byte {
	for _, at := range p.segments {
		segment := p.slice(at)
		if r.cuts && !r.late {
			segment, _, _ = bytes.Cut(segment, []byte{';'})
		}
		pieces := [][]byte{segment}
		if r.splits {
			pieces = bytes.Split(segment, []byte{'/'})
		}
		for _, piece := range pieces {
			if r.cuts {
				piece, _, _ = bytes.Cut(piece, []byte{';'})
			}
			dst = appendEscaped(append(dst, '/'), piece)
		}
	}
	if p.slash || len(dst) == 0 {
		dst = append(dst, '/')
	}
	return dst
}
