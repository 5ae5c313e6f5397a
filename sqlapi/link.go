package sqlapi

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
)

// links writes the Link header of a page (RFC 8288). The targets are the
// request's own path and query with other values for the parameters of paging:
// what else the client asked for stays, byte for byte.
type links struct {
	path  []byte // as the client sent it, and so is query
	query []byte
	out   []byte
}

// pageParameters are the query parameters that say which page is wanted.
var pageParameters = []string{"limit", "offset", "after"}

// add appends a link to another page, whose parameters are a query of their own.
func (l *links) add(relation, parameters string) {
	if len(l.out) > 0 {
		l.out = append(l.out, ", "...)
	}
	// Two slashes at the beginning would be another host.
	l.out = append(l.out, "</"...)
	l.out = appendURI(l.out, bytes.TrimLeft(l.path, "/"))
	l.out = append(l.out, '?')
	for field := range bytes.SplitSeq(l.query, []byte{'&'}) {
		name, _, _ := strings.Cut(string(field), "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		if len(field) > 0 && !slices.Contains(pageParameters, name) {
			l.out = append(appendURI(l.out, field), '&')
		}
	}
	l.out = append(l.out, parameters...)
	l.out = append(l.out, `>; rel="`...)
	l.out = append(l.out, relation...)
	l.out = append(l.out, '"')
}

// appendURI appends a piece of a URI, with whatever may not stand in one
// percent-encoded: it could end the link, or the header.
func appendURI(dst, piece []byte) []byte {
	for _, c := range piece {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			dst = appendPercent(dst, c)
			continue
		}
		dst = append(dst, c)
	}
	return dst
}
