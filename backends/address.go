package backends

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"zerohop/backends/upstream"
)

// address is where a URL member is.
type address struct {
	network, address string
	// host is the Host line of a request that has none of its own.
	host string
	// serverName is the host that a certificate must be for; tls is whether
	// there is one.
	serverName string
	tls        bool
}

// urlHint says how a member's URL is written.
const urlHint = `write "http://host:port", "https://host:port" or "unix:/path"`

// parseAddress reads a member's URL. The fault says what is wrong with it, and
// never quotes it: it may have credentials in it.
func parseAddress(text string) (a address, problem, hint string) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		return parseSocket(path)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "":
		return a, "not the URL of an HTTP server", urlHint
	case u.User != nil:
		return a, "a member's URL has no user and no password", "requests bring their own credentials"
	case u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(text, "#"):
		return a, "a member's URL ends with the port", "a request keeps the path and the query that it came with"
	case u.Hostname() == "":
		return a, "a URL without a host", urlHint
	case !hostName(u.Hostname()):
		return a, "not the name or the address of a host", "a member is one server: write each of several as a member"
	}
	port := u.Port()
	if port == "" && strings.HasSuffix(u.Host, ":") {
		return a, "a URL without a port", urlHint
	}
	a = address{network: "tcp", host: u.Host, serverName: u.Hostname(), tls: u.Scheme == "https"}
	switch {
	case port != "":
	case a.tls:
		port = "443"
	default:
		port = "80"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return a, "the port is not a number from 1 to 65535", ""
	}
	a.address = net.JoinHostPort(strings.ToLower(u.Hostname()), port)
	return a, "", ""
}

// hostName reports whether a connection can be made to something that is called
// so: an IP address, or a name.
func hostName(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return strings.Trim(host, nameBytes+"-.") == ""
}

// maxSocketPath is the longest path of a unix socket, in bytes.
const maxSocketPath = 107

func parseSocket(path string) (a address, problem, hint string) {
	switch {
	case !strings.HasPrefix(path, "/"):
		return a, "the path of a socket begins with a slash", urlHint
	case len(path) > maxSocketPath:
		return a, fmt.Sprintf("the path has %d bytes, and a socket's has %d at most", len(path), maxSocketPath), ""
	case strings.HasSuffix(path, "/") || strings.ContainsRune(path, 0):
		return a, "not the path of a file", urlHint
	}
	return address{network: "unix", address: path, host: "localhost"}, "", ""
}

// upstreamConfig returns the settings of the connections to a member.
func (c Config) upstreamConfig(a address) upstream.Config {
	cfg := upstream.Config{
		Network: a.network, Address: a.address, Host: a.host,
		ConnectTimeout: c.ConnectTimeout, FirstByteTimeout: c.FirstByteTimeout,
		ReadTimeout: c.ReadTimeout, SendTimeout: c.SendTimeout,
		TunnelTimeout: c.TunnelTimeout, IdleTimeout: c.IdleTimeout,
		Idle: c.Idle, HeaderBytes: int(c.HeaderBytes),
	}
	if a.tls {
		cfg.TLS = func() (*tls.Config, error) { return c.TLS.client(a.serverName) }
	}
	return cfg
}
