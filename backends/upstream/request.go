package upstream

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/valyala/fasthttp"
)

// errRequest: the request is not one that may be passed on. The listener in
// front refuses such ones before.
var errRequest = errors.New("malformed request header")

// request is what goes out: a head of ours around the client's own lines.
type request struct {
	head []byte
	// upgrade is the protocol that the client wants to switch to.
	upgrade []byte
	named   [][]byte // kept for its room alone
}

// compose builds the head.
func (r *request) compose(h *fasthttp.RequestHeader, in Inbound, body *Body, defaultHost string) error {
	b := append(append(r.head[:0], h.Method()...), ' ')
	b = append(appendTarget(b, h.RequestURI()), " HTTP/1.1\r\n"...)
	seen := lines{named: r.named[:0], framed: needsLength(h.Method())}
	b, err := seen.append(b, h.RawHeaders(), in)
	r.named, r.upgrade = seen.named, nil
	if err != nil {
		return err
	}
	if !seen.hosted {
		b = append(append(append(b, "Host: "...), defaultHost...), "\r\n"...)
	}
	b = in.AppendForwarded(b)
	b = appendFraming(b, body, seen.framed)
	if seen.wanted && h.IsHTTP11() && body.empty() && mayUpgrade(seen.protocols) {
		r.upgrade = seen.protocols
		b = append(append(append(b, "Connection: Upgrade\r\nUpgrade: "...), r.upgrade...), "\r\n"...)
	}
	b = append(b, "\r\n"...)
	r.head = b
	return nil
}

// mayUpgrade reports whether a switch to the protocols is passed on. One to
// HTTP/2 is not: through such a tunnel requests would come that nobody has
// routed or checked.
func mayUpgrade(protocols []byte) bool {
	return len(protocols) > 0 && !bytes.Contains(bytes.ToLower(protocols), []byte("h2c"))
}

// lines are a client's header lines on their way, and what they say about the
// way itself.
type lines struct {
	// hosted: there was a Host; framed: the request has to say its length.
	hosted, framed bool
	// wanted: Connection names the upgrade that protocols are for.
	wanted    bool
	protocols []byte
	upgrades  int
	named     [][]byte // by Connection, besides what is dropped anyway
}

// append appends the lines that pass.
func (l *lines) append(dst, raw []byte, in Inbound) ([]byte, error) {
	start, rest := len(dst), raw
	for line := range rawLines(raw) {
		rest = rest[len(line):]
		name := lineName(line)
		if name == nil {
			return dst, errRequest
		}
		switch hopOf(name) {
		case connection:
			l.takeConnection(lineValue(line, name))
		case upgrade:
			l.protocols = lineValue(line, name)
			l.upgrades++
		case host:
			l.hosted = true
			dst = append(dst, line...)
		case contentLength, transferEncoding:
			l.framed = true
		case endToEnd:
			if bytes.IndexByte(name, '_') < 0 && !in.Reserved(name) {
				dst = append(dst, line...)
			}
		}
	}
	if len(rest) > 0 && string(rest) != "\r\n" {
		return dst, errRequest
	}
	l.wanted = l.wanted && l.upgrades == 1
	if len(l.named) > 0 {
		dst = l.dropNamed(dst, start)
	}
	return dst, nil
}

func (l *lines) takeConnection(value []byte) {
	for token := range tokens(value) {
		switch {
		case equalFold(token, "keep-alive"), equalFold(token, "close"):
		case equalFold(token, "upgrade"):
			l.wanted = true
		default:
			l.named = append(l.named, token)
		}
	}
}

// dropNamed drops the lines from start on that Connection names: seldom any.
func (l *lines) dropNamed(b []byte, start int) []byte {
	kept := b[:start]
	for line := range rawLines(b[start:]) {
		if name := lineName(line); hopOf(name) != endToEnd || !l.names(name) {
			kept = append(kept, line...)
		}
	}
	return kept
}

// names reports whether the client's Connection names a header.
func (l *lines) names(name []byte) bool {
	for _, token := range l.named {
		if bytes.EqualFold(token, name) {
			return true
		}
	}
	return false
}

// rawLines yields the lines of a header with their ends, up to the empty one.
func rawLines(raw []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(raw) > 0 {
			stop := bytes.IndexByte(raw, '\n') + 1
			if stop < len("\r\n")+1 || !yield(raw[:stop]) {
				return
			}
			raw = raw[stop:]
		}
	}
}

// lineName returns the name of a header line, or nil where the line is none.
func lineName(line []byte) []byte {
	colon := 0
	for colon < len(line) && tokenBytes[line[colon]] {
		colon++
	}
	if colon == 0 || colon == len(line) || line[colon] != ':' || line[len(line)-2] != '\r' {
		return nil
	}
	return line[:colon]
}

// lineValue returns the value of a header line with that name.
func lineValue(line, name []byte) []byte {
	return trimSpace(line[len(name)+1 : len(line)-len("\r\n")])
}

// appendTarget appends a request target as the client sent it, without the
// server's name that a client of a proxy puts in front, and without a fragment.
func appendTarget(dst, target []byte) []byte {
	if i := bytes.IndexByte(target, '#'); i >= 0 {
		target = target[:i]
	}
	if len(target) > 0 && (target[0] == '/' || string(target) == "*") {
		return append(dst, target...)
	}
	if i := bytes.Index(target, []byte("://")); i >= 0 {
		target = target[i+len("://"):]
		target = target[min(len(target), indexOrEnd(target, "/?")):]
	}
	if len(target) == 0 || target[0] != '/' {
		dst = append(dst, '/')
	}
	return append(dst, target...)
}

// indexOrEnd returns where the first byte of chars is, or the length.
func indexOrEnd(b []byte, chars string) int {
	if i := bytes.IndexAny(b, chars); i >= 0 {
		return i
	}
	return len(b)
}

// needsLength names the methods whose requests say the length of their body
// even where there is none.
func needsLength(method []byte) bool {
	switch string(method) {
	case fasthttp.MethodPost, fasthttp.MethodPut, fasthttp.MethodPatch:
		return true
	}
	return false
}

// appendFraming says where the body ends. always is for a request that has to
// say so even without one.
func appendFraming(dst []byte, body *Body, always bool) []byte {
	switch {
	case body.chunked():
		return append(dst, "Transfer-Encoding: chunked\r\n"...)
	case body.empty() && !always:
		return dst
	}
	dst = append(dst, "Content-Length: "...)
	return append(strconv.AppendInt(dst, body.length(), 10), "\r\n"...)
}
