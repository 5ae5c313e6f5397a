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
	// named are the names in the client's Connection lines.
	named [][]byte
}

// compose builds the head.
func (r *request) compose(h *fasthttp.RequestHeader, in Inbound, body *Body, defaultHost string) error {
	raw := h.RawHeaders()
	if err := r.readConnection(h, raw, body); err != nil {
		return err
	}
	b := append(append(r.head[:0], h.Method()...), ' ')
	b = append(appendTarget(b, h.RequestURI()), " HTTP/1.1\r\n"...)
	hosted, framed := false, needsLength(h.Method())
	for line := range rawLines(raw) {
		name := lineName(line)
		switch kind := hopOf(name); {
		case kind == host:
			hosted = true
			b = append(b, line...)
		case kind == contentLength || kind == transferEncoding:
			framed = true
		case kind == endToEnd && bytes.IndexByte(name, '_') < 0 && !r.names(name) && !in.Reserved(name):
			b = append(b, line...)
		}
	}
	if !hosted {
		b = append(append(append(b, "Host: "...), defaultHost...), "\r\n"...)
	}
	b = in.AppendForwarded(b)
	b = appendFraming(b, body, framed)
	if r.upgrade != nil {
		b = append(append(append(b, "Connection: Upgrade\r\nUpgrade: "...), r.upgrade...), "\r\n"...)
	}
	b = append(b, "\r\n"...)
	r.head = b
	return nil
}

// readConnection checks the lines, and notes what Connection says. A switch of
// protocol is passed on for a request without a body. One to HTTP/2 is not:
// through such a tunnel requests would come that nobody has routed or checked.
func (r *request) readConnection(h *fasthttp.RequestHeader, raw []byte, body *Body) error {
	r.named, r.upgrade = r.named[:0], nil
	wanted, protocols := false, []byte(nil)
	rest := raw
	for line := range rawLines(raw) {
		rest = rest[len(line):]
		name := lineName(line)
		if name == nil {
			return errRequest
		}
		switch hopOf(name) {
		case connection:
			for token := range tokens(lineValue(line, name)) {
				r.named = append(r.named, token)
				wanted = wanted || equalFold(token, "upgrade")
			}
		case upgrade:
			if protocols != nil {
				wanted = false
			}
			protocols = lineValue(line, name)
		}
	}
	if len(rest) > 0 && string(rest) != "\r\n" {
		return errRequest
	}
	if wanted && h.IsHTTP11() && body.empty() && len(protocols) > 0 && !bytes.Contains(bytes.ToLower(protocols), []byte("h2c")) {
		r.upgrade = protocols
	}
	return nil
}

// names reports whether the client's Connection names a header.
func (r *request) names(name []byte) bool {
	for _, token := range r.named {
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
	for colon < len(line) && isToken(line[colon]) {
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
