package gateway

import (
	"bytes"
	"net/netip"

	"github.com/valyala/fasthttp"
)

// maxHops is how many addresses of X-Forwarded-For are looked at. Behind more
// trusted proxies than that, the last one looked at counts as the client.
const maxHops = 32

// forwarded is what a trusted peer has said of the client behind it. The zero
// value is that it has said nothing, or is not trusted.
type forwarded struct {
	// ip and port are the client's, where it is named.
	ip, port []byte
	ipBuf    []byte
	// hops are the addresses that are named, from the right.
	hops []netip.Addr
}

// resolve finds out who the client is. A trusted peer is believed what it says:
// the client is then the rightmost address of X-Forwarded-For that is not
// trusted itself, or the leftmost where all are. The list may be spread over
// several lines. It ends, from the right, where an entry is no address, so that
// nobody gets further with one that is made up. Without a usable entry the peer
// is the client.
func (s *scope) resolve(h *fasthttp.RequestHeader) {
	if !s.client.trusted {
		return
	}
	lines := h.PeekAll(fasthttp.HeaderXForwardedFor)
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more; {
			var entry []byte
			rest, entry, more = cutLast(rest)
			ip, port, ok := parseHop(entry)
			if !ok || len(s.hops) == maxHops {
				return
			}
			s.hops = append(s.hops, ip)
			s.ipBuf = appendHop(s.ipBuf[:0], ip)
			s.ip, s.port = s.ipBuf, port
			if !s.client.owner.trust.address(ip) {
				return
			}
		}
	}
}

// cutLast splits the last entry off a list with commas.
func cutLast(list []byte) (before, entry []byte, more bool) {
	comma := bytes.LastIndexByte(list, ',')
	if comma < 0 {
		return nil, bytes.TrimSpace(list), false
	}
	return list[:comma], bytes.TrimSpace(list[comma+1:]), true
}

// parseHop reads an entry of X-Forwarded-For: an address, which may have a
// port, or "unix:" for a socket file, which is the invalid address.
func parseHop(entry []byte) (ip netip.Addr, port []byte, ok bool) {
	if string(entry) == unixPrefix {
		return ip, nil, true
	}
	host := entry
	if len(host) > 0 && host[0] == '[' {
		end := bytes.IndexByte(host, ']')
		if end < 0 {
			return ip, nil, false
		}
		host, port = host[1:end], host[end+1:]
	} else if colon := bytes.IndexByte(host, ':'); colon >= 0 && colon == bytes.LastIndexByte(host, ':') {
		host, port = host[:colon], host[colon:]
	}
	const longest = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
	if len(host) > longest || !isPort(port) {
		return ip, nil, false
	}
	ip, err := netip.ParseAddr(string(host))
	if err != nil || ip.Zone() != "" {
		return netip.Addr{}, nil, false
	}
	return ip.Unmap(), bytes.TrimPrefix(port, []byte(":")), true
}

// isPort reports whether text is nothing, or a colon and a port behind it.
func isPort(text []byte) bool {
	for i, c := range text {
		if i == 0 && c != ':' || i > 0 && (c < '0' || c > '9') {
			return false
		}
	}
	return len(text) != 1 && len(text) <= len(":65535")
}

// appendHop appends an address as it stands in X-Forwarded-For.
func appendHop(dst []byte, ip netip.Addr) []byte {
	if !ip.IsValid() {
		return append(dst, unixPrefix...)
	}
	return ip.AppendTo(dst)
}

// address returns who the client is: its address as text, or unix:.
func (s *scope) address() []byte {
	if s.ip != nil {
		return s.ip
	}
	return s.client.ip
}

// Reserved is upstream.Inbound's.
func (s *scope) Reserved(name []byte) bool { return isIdentityHeader(name) }

// AppendForwarded is upstream.Inbound's: it appends the lines that tell the
// upstream who is asking, and for whom, where that has been checked.
// X-Forwarded-For begins with the client: what stood in front of it nobody has
// vouched for.
func (s *scope) AppendForwarded(dst []byte) []byte {
	dst = append(append(dst, "X-Real-IP: "...), s.address()...)
	dst = append(dst, "\r\nX-Forwarded-For: "...)
	for i := len(s.hops) - 1; i >= 0; i-- {
		dst = append(appendHop(dst, s.hops[i]), ", "...)
	}
	dst = append(dst, s.client.ip...)
	scheme := s.scheme()
	dst = append(append(dst, "\r\nX-Scheme: "...), scheme...)
	dst = append(append(dst, "\r\nX-Forwarded-Proto: "...), scheme...)
	if host := s.forwardedHost(); len(host) > 0 {
		dst = append(append(dst, "\r\nX-Forwarded-Host: "...), host...)
	}
	dst = append(append(dst, "\r\n"+requestIDHeader+": "...), s.id...)
	return s.appendIdentity(append(dst, "\r\n"...))
}

// scheme returns what the client speaks: as a trusted peer says, where that is
// one, and else as it is here.
func (s *scope) scheme() string {
	if s.client.trusted {
		sent := s.rc.Request.Header.Peek(fasthttp.HeaderXForwardedProto)
		for _, scheme := range []string{"http", "https"} {
			if isName(sent, scheme) {
				return scheme
			}
		}
	}
	return "http"
}

// secure reports whether the client speaks TLS.
func (s *scope) secure() bool { return s.scheme() == "https" }

// forwardedHost returns the host that the client asked for: as a trusted peer
// says, where that is one, and else as the request has it.
func (s *scope) forwardedHost() []byte {
	h := &s.rc.Request.Header
	if s.client.trusted {
		if host := h.Peek(fasthttp.HeaderXForwardedHost); len(host) > 0 && isHost(host) {
			return host
		}
	}
	return h.Host()
}
