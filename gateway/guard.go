package gateway

import (
	"bytes"
	"strings"

	"github.com/valyala/fasthttp"
)

// fault is what is wrong with the bytes of a request, as a sentence that the
// client may see. A request with one never reaches a handler, and its
// connection is closed, because nobody knows where the next request begins.
type fault string

func (f fault) Error() string { return string(f) }

const (
	faultConnect       fault = "CONNECT is not served here."
	faultVersion       fault = "Only HTTP/1.0 and HTTP/1.1 are served here."
	faultFraming       fault = "Content-Length and Transfer-Encoding exclude each other."
	faultEncoding      fault = "The only transfer encoding served here is chunked."
	faultFold          fault = "A header line begins with a space."
	faultLineEnd       fault = "A header line does not end with CR LF."
	faultHeaderName    fault = "A header name has a byte that is not allowed in one."
	faultAuthorization fault = "There are several Authorization headers."
	faultHost          fault = "The Host header is not a host name with an optional port."
	faultTarget        fault = "The request target is malformed."
	faultAuthority     fault = "The request target and the Host header name different hosts."
	faultEscape        fault = "The path has a '%' without two hexadecimal digits behind it."
	faultNUL           fault = "The path has a NUL byte."
	faultSyntax        fault = "The request cannot be parsed."
	faultTruncated     fault = "The request body ends too early."
	faultBody          fault = "The request body is malformed."
)

// guardHeader refuses what the parser lets through and another server on the
// way might read in another sense. The parser itself refuses, among others, a
// repeated Content-Length or Host, control bytes in names and values, a space
// before the colon, and Transfer-Encoding in HTTP/1.0.
func guardHeader(h *fasthttp.RequestHeader) error {
	if string(h.Method()) == fasthttp.MethodConnect {
		return faultConnect
	}
	if version := string(h.Protocol()); version != "HTTP/1.1" && version != "HTTP/1.0" {
		return faultVersion
	}
	if err := guardLines(h.RawHeaders()); err != nil {
		return err
	}
	if host := h.Host(); len(host) > 0 && !isHost(host) {
		return faultHost
	}
	return nil
}

// guardLines looks at the header as it came over the wire. The parser's own
// view hides folds, and headers that it dropped.
func guardLines(raw []byte) error {
	var length, encoding, authorization bool
	for len(raw) > 0 {
		stop := bytes.IndexByte(raw, '\n')
		if stop < 1 || raw[stop-1] != '\r' {
			return faultLineEnd
		}
		line := raw[:stop-1]
		raw = raw[stop+1:]
		if len(line) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			return faultFold
		}
		colon := 0
		for colon < len(line) && tokenBytes[line[colon]] {
			colon++
		}
		if colon == 0 || colon == len(line) || line[colon] != ':' {
			return faultHeaderName
		}
		switch name := line[:colon]; {
		case len(name) == len("Content-Length") && isName(name, "Content-Length"):
			length = true
		case len(name) == len("Transfer-Encoding") && isName(name, "Transfer-Encoding"):
			encoding = true
			if !bytes.EqualFold(bytes.Trim(line[colon+1:], " \t"), []byte("chunked")) {
				return faultEncoding
			}
		case len(name) == len("Authorization") && isName(name, "Authorization"):
			if authorization {
				return faultAuthorization
			}
			authorization = true
		}
	}
	if length && encoding {
		return faultFraming
	}
	return nil
}

// isName compares a header's name without case; letters apart, the bytes of
// the names asked for differ in more than the bit of the case.
func isName(name []byte, want string) bool { return bytes.EqualFold(name, []byte(want)) }

// guardTarget returns the raw path of a request target, without its query.
// A target in absolute form must name the host that the Host header names.
func guardTarget(target, host []byte) (path []byte, err error) {
	path = target
	if len(path) > 0 && path[0] != '/' {
		if path, err = stripAuthority(path, host); err != nil {
			return nil, err
		}
	}
	if bytes.IndexByte(path, '#') >= 0 {
		return nil, faultTarget // a client keeps its fragments to itself
	}
	if i := bytes.IndexByte(path, '?'); i >= 0 {
		path = path[:i]
	}
	if len(path) == 0 {
		return []byte("/"), nil
	}
	return path, nil
}

// stripAuthority returns what follows http://HOST in an absolute target.
func stripAuthority(target, host []byte) ([]byte, error) {
	if string(target) == "*" {
		return nil, errNotFound // about the server as a whole: nothing is routed there
	}
	colon := bytes.Index(target, []byte("://"))
	if colon < 0 || !isName(target[:colon], "http") && !isName(target[:colon], "https") {
		return nil, faultTarget
	}
	authority := target[colon+3:]
	if i := bytes.IndexAny(authority, "/?#"); i >= 0 {
		authority = authority[:i]
	}
	if !bytes.EqualFold(authority, host) {
		return nil, faultAuthority
	}
	return target[colon+3+len(authority):], nil
}

// isHost reports whether host is a name or an address, with an optional port.
func isHost(host []byte) bool {
	name, port := host, []byte(nil)
	if host[0] == '[' {
		end := bytes.IndexByte(host, ']')
		if end < 0 {
			return false
		}
		name, port = host[1:end], host[end+1:]
	} else if i := bytes.IndexByte(host, ':'); i >= 0 {
		name, port = host[:i], host[i:]
	}
	for _, c := range name {
		if !isAlphanumeric(c) && c != '.' && c != '-' && c != '_' && c != '~' && (c != ':' || host[0] != '[') {
			return false
		}
	}
	for i, c := range port {
		if i == 0 && c != ':' || i > 0 && (c < '0' || c > '9') {
			return false
		}
	}
	return len(name) > 0 && len(port) <= len(":65535")
}

// isToken reports whether c may stand in a method or a header name.
func isToken(c byte) bool { return tokenBytes[c] }

// tokenBytes says it as a table: it is asked for every byte of every name. It is
// never changed.
var tokenBytes = func() (table [256]bool) {
	for c := range len(table) {
		table[c] = isAlphanumeric(byte(c)) || strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0
	}
	return table
}()
