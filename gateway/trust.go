package gateway

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// trustUnix is the name of the clients of socket files in trusted_proxies.
const trustUnix = "unix"

// trust is whom the server believes what they say of the client behind them.
// The zero value trusts nobody.
type trust struct {
	nets []netip.Prefix
	// unix trusts the clients of socket files.
	unix bool
}

// newTrust reads a list that validation finds no fault with.
func newTrust(list []string) trust {
	var t trust
	for _, entry := range list {
		if entry == trustUnix {
			t.unix = true
		} else if prefix, problem, _ := parseTrusted(entry); problem == "" {
			t.nets = append(t.nets, prefix)
		}
	}
	return t
}

// peer reports whether the other end of a connection is trusted.
func (t trust) peer(addr net.Addr) bool {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return t.address(tcp.AddrPort().Addr().Unmap())
	}
	return t.unix
}

// address reports whether an address is trusted; the invalid one stands for a
// socket file.
func (t trust) address(ip netip.Addr) bool {
	if !ip.IsValid() {
		return t.unix
	}
	for _, n := range t.nets {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}

const trustHint = `write an address or a network, as in "10.0.0.5" or "10.0.0.0/8", or "unix" for socket files`

// parseTrusted reads an address or a network; what is wrong with it is problem.
func parseTrusted(text string) (prefix netip.Prefix, problem, hint string) {
	if !strings.Contains(text, "/") {
		ip, err := netip.ParseAddr(text)
		if err != nil || ip.Zone() != "" {
			return prefix, fmt.Sprintf("%q is no address", text), trustHint
		}
		ip = ip.Unmap()
		return netip.PrefixFrom(ip, ip.BitLen()), "", ""
	}
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return prefix, fmt.Sprintf("%q is no network", text), trustHint
	case prefix.Bits() == 0:
		return prefix, "this is everybody, and anybody could then say to be anyone", "name the proxies in front of this server"
	case prefix.Addr().Is4In6():
		return prefix, "an IPv4 network is written as one", `as in "10.0.0.0/8"`
	case prefix != prefix.Masked():
		return prefix, "the network begins elsewhere", fmt.Sprintf("write %q", prefix.Masked())
	}
	return prefix, "", ""
}

// validateTrust returns the faults of trusted_proxies.
func (c *Config) validateTrust() []error {
	var faults []error
	first := map[string]string{} // the field by what it says
	for i, entry := range c.TrustedProxies {
		field := fmt.Sprintf("trusted_proxies[%d]", i)
		name := entry
		if entry != trustUnix {
			prefix, problem, hint := parseTrusted(entry)
			if problem != "" {
				faults = append(faults, &FieldError{Field: field, Problem: problem, Hint: hint})
				continue
			}
			name = prefix.String()
		}
		if other, twice := first[name]; twice {
			faults = append(faults, &FieldError{Field: field, Problem: "the same twice", Other: other})
		}
		first[name] = field
	}
	return faults
}
