package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// pattern is what one route matches, in the language of net/http.ServeMux:
//
//	[METHOD ][HOST]/[PATH]
//
// A segment of the path is a literal, {name} (one segment), at the end also
// {name...} (all that follows) or {$} (the slash before it and nothing more).
// A path that ends in a slash matches everything below it. A pattern without
// a method matches all, and GET matches HEAD too.
//
// It differs from ServeMux in two ways: hosts compare without case, and a
// pattern that no request could ever match is an error even without a method.
type pattern struct {
	text     string // as it was written
	method   string // empty for all
	host     string // in lower case; empty for all
	segments []segment
	// suffix is behind the path in addition to what was written: ".csv", or
	// empty.
	suffix string
}

// segment is one piece of a pattern's path, the slash in front left out.
type segment struct {
	kind segmentKind
	// text is the decoded literal, or the wildcard's name; the rest behind a
	// trailing slash has none.
	text string
	// suffix is what the value of a wildcard has behind it, or empty.
	suffix string
}

// segmentKind says what a segment matches.
type segmentKind uint8

const (
	literal segmentKind = iota
	single              // {name}
	rest                // {name...}, or what follows a trailing slash
	end                 // {$}
)

// parsePattern reads a pattern. The error says what is wrong in a way that a
// person can act on; it does not repeat the pattern.
func parsePattern(s string) (pattern, error) {
	if s == "" {
		return pattern{}, errors.New(`pattern is empty; "GET /path" is the usual form`)
	}
	p := pattern{text: s}
	target := s
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		p.method, target = s[:i], strings.TrimLeft(s[i+1:], " \t")
		if err := checkMethod(p.method); err != nil {
			return pattern{}, err
		}
	}
	slash := strings.IndexByte(target, '/')
	if slash < 0 {
		return pattern{}, fmt.Errorf("no path in %q: it begins with a slash", target)
	}
	p.host = strings.ToLower(target[:slash])
	if i := strings.IndexAny(p.host, "{ \t:"); i >= 0 {
		return pattern{}, fmt.Errorf("%q in the host %q: a host is a plain name, without port or wildcard", p.host[i:i+1], p.host)
	}
	var err error
	p.segments, err = parseSegments(target[slash:])
	return p, err
}

func checkMethod(method string) error {
	switch {
	case method == "" || strings.IndexFunc(method, func(r rune) bool { return r > 0x7f || !isToken(byte(r)) }) >= 0:
		return fmt.Errorf("%q is not a method: the form is METHOD HOST/PATH with one space", method)
	case method != strings.ToUpper(method):
		return fmt.Errorf("method %q is not in upper case: did you mean %q?", method, strings.ToUpper(method))
	case method == "CONNECT":
		return errors.New("CONNECT is never served")
	}
	return nil
}

// parseSegments reads a pattern's path, from its first slash on.
func parseSegments(path string) ([]segment, error) {
	pieces := strings.Split(path[1:], "/")
	segments := make([]segment, 0, len(pieces))
	for i, piece := range pieces {
		last := i == len(pieces)-1
		seg, err := parseSegment(piece, last)
		if err != nil {
			return nil, err
		}
		named := seg.kind == single || seg.kind == rest && seg.text != ""
		if named && slices.ContainsFunc(segments, func(s segment) bool { return s.kind == single && s.text == seg.text }) {
			return nil, fmt.Errorf("wildcard {%s} appears twice", seg.text)
		}
		segments = append(segments, seg)
	}
	return segments, nil
}

func parseSegment(piece string, last bool) (segment, error) {
	switch {
	case piece == "" && last:
		return segment{kind: rest}, nil
	case piece == "" || piece == "." || piece == "..":
		return segment{}, fmt.Errorf("segment %q is merged away in requests, so this never matches", piece)
	case !strings.ContainsRune(piece, '{'):
		return parseLiteral(piece)
	case piece[0] != '{':
		return segment{}, fmt.Errorf("segment %q: a wildcard is a whole segment and begins with '{'", piece)
	case strings.IndexByte(piece, '}') != len(piece)-1:
		return segment{}, fmt.Errorf("segment %q: a wildcard is a whole segment and ends with '}'", piece)
	}
	name := piece[1 : len(piece)-1]
	if name == "$" {
		if !last {
			return segment{}, errors.New("{$} is only allowed at the end")
		}
		return segment{kind: end}, nil
	}
	seg := segment{kind: single, text: name}
	if prefix, ok := strings.CutSuffix(name, "..."); ok {
		if !last {
			return segment{}, fmt.Errorf("{%s} is only allowed at the end", name)
		}
		seg = segment{kind: rest, text: prefix}
	}
	if !isWildcardName(seg.text) {
		return segment{}, fmt.Errorf("wildcard %q: the name is a letter or '_', then letters, digits or '_'", piece)
	}
	return seg, nil
}

// parseLiteral decodes a literal as a request's segment is decoded.
func parseLiteral(piece string) (segment, error) {
	text, err := appendUnescaped(nil, []byte(piece))
	if err != nil {
		return segment{}, fmt.Errorf("segment %q: %w", piece, err)
	}
	if s := string(text); s == "." || s == ".." {
		return segment{}, fmt.Errorf("segment %q is merged away in requests, so this never matches", piece)
	}
	return segment{kind: literal, text: string(text)}, nil
}

func isWildcardName(name string) bool {
	for i, r := range name {
		if !unicode.IsLetter(r) && r != '_' && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return name != ""
}

// withSuffix returns the pattern of the same paths with a suffix behind them.
// A wildcard at the end is what stands in front of it.
func (p pattern) withSuffix(suffix string) pattern {
	p.segments = slices.Clone(p.segments)
	p.suffix = suffix
	if last := &p.segments[len(p.segments)-1]; last.kind == single {
		last.suffix = suffix
	} else {
		last.text += suffix
	}
	return p
}

// endsInName reports whether there is a place for a suffix.
func (p pattern) endsInName() bool {
	kind := p.last().kind
	return kind == literal || kind == single
}

// withSuffixes returns the pattern and, if there is a place for a suffix, that
// of each, behind a dot.
func (p pattern) withSuffixes(names []string) []pattern {
	all := []pattern{p}
	for _, name := range names {
		if p.endsInName() {
			all = append(all, p.withSuffix("."+name))
		}
	}
	return all
}

// String returns the pattern as it was written, with the suffix that it has
// besides.
func (p pattern) String() string {
	if p.suffix == "" {
		return strconv.Quote(p.text)
	}
	return fmt.Sprintf("%q with the suffix %s", p.text, p.suffix)
}

// names returns the names of the wildcards, in order.
func (p pattern) names() []string {
	var names []string
	for _, seg := range p.segments {
		if seg.kind == single || seg.kind == rest && seg.text != "" {
			names = append(names, seg.text)
		}
	}
	return names
}

// last returns the pattern's last segment.
func (p pattern) last() segment { return p.segments[len(p.segments)-1] }

// readOnly reports whether only GET and HEAD requests match.
func (p pattern) readOnly() bool { return p.method == "GET" || p.method == "HEAD" }

// relation compares what two patterns a and b match: whether a matches
// something that b does not, the other way around, or nothing in common.
type relation struct {
	aMore, bMore, disjoint bool
}

// conflictsWith reports whether p and q cannot stand in one table: some
// requests match both, and neither is the more specific. The reason is a
// sentence that names such a request.
func (p pattern) conflictsWith(q pattern) (reason string, conflicts bool) {
	if p.host != q.host {
		return "", false // the one with a host wins, or they have nothing in common
	}
	if p.last().suffix != "" || q.last().suffix != "" {
		// It has the place of the pattern without the suffix among all
		// others, and that one has been compared with them.
		return "", false
	}
	methods, paths := compareMethods(p.method, q.method), comparePaths(p.segments, q.segments)
	if methods.disjoint || paths.disjoint {
		return "", false
	}
	aMore, bMore := methods.aMore || paths.aMore, methods.bMore || paths.bMore
	switch {
	case !aMore && !bMore:
		return fmt.Sprintf("%v and %v match the same requests", p, q), true
	case aMore && bMore:
		return fmt.Sprintf("%v and %v both match %s, and neither is more specific", p, q, commonRequest(p, q)), true
	}
	return "", false
}

func compareMethods(a, b string) relation {
	switch {
	case a == b:
		return relation{}
	case a == "" || a == "GET" && b == "HEAD":
		return relation{aMore: true}
	case b == "" || b == "GET" && a == "HEAD":
		return relation{bMore: true}
	}
	return relation{disjoint: true}
}

func comparePaths(a, b []segment) relation {
	var all relation
	for len(a) > 0 && len(b) > 0 {
		r := compareSegments(a[0], b[0])
		if r.disjoint {
			return r
		}
		all.aMore, all.bMore = all.aMore || r.aMore, all.bMore || r.bMore
		if a[0].kind == rest || b[0].kind == rest {
			return all
		}
		a, b = a[1:], b[1:]
	}
	all.disjoint = len(a) != len(b)
	return all
}

func compareSegments(a, b segment) relation {
	switch {
	case a.kind == b.kind:
		return relation{disjoint: a.kind == literal && a.text != b.text}
	case a.kind == rest:
		return relation{aMore: true}
	case b.kind == rest:
		return relation{bMore: true}
	case a.kind == end || b.kind == end:
		return relation{disjoint: true} // only rest takes an empty segment too
	case a.kind == single:
		return relation{aMore: true}
	}
	return relation{bMore: true}
}

// commonRequest writes down a request that both patterns match.
func commonRequest(p, q pattern) string {
	method := p.method
	if method == "" || q.method == "HEAD" {
		method = q.method
	}
	var b strings.Builder
	if method != "" {
		b.WriteString(method + " ")
	}
	b.WriteString(p.host)
	for i := range max(len(p.segments), len(q.segments)) {
		b.WriteByte('/')
		b.WriteString(commonSegment(p.segments, q.segments, i))
	}
	return b.String()
}

func commonSegment(a, b []segment, i int) string {
	text := ""
	for _, segments := range [][]segment{a, b} {
		if i >= len(segments) {
			continue
		}
		switch seg := segments[i]; {
		case seg.kind == literal:
			return string(appendEscaped(nil, []byte(seg.text)))
		case seg.kind == single:
			text = "x"
		}
	}
	return text
}
