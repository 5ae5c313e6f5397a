package gateway

import (
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"zerohop/gateway/conffile"
)

func routePath(i int) string { return fmt.Sprintf("routes[%d]", i) }

// Validate returns everything that is wrong with the configuration, always in
// the same order. Each error has a method FieldFault, as FieldError does.
func (c *Config) Validate() []error {
	faults := slices.Concat(c.validateAddresses(), c.validateAdmin(), c.validateTrust(), c.Limits.validate(), c.validateSecrets())
	if len(c.Databases) == 0 && slices.ContainsFunc(c.Routes, RouteConfig.asksDatabase) {
		faults = append(faults, &FieldError{
			Field: "databases", Problem: "there is no database for the routes",
			Hint: `add [databases.main] with a dsn; "embedded" is one for trials`,
		})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Databases)) {
		faults = append(faults, allBelow("databases."+conffile.PathKey(name), c.Databases[name].Validate())...)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Backends)) {
		faults = append(faults, allBelow("backends."+conffile.PathKey(name), c.Backends[name].Validate())...)
	}
	return slices.Concat(faults, c.validateAuth(), c.validateSessions(), c.validateRoutes())
}

func (c *Config) validateAddresses() []error {
	if len(c.Listen) == 0 {
		return []error{&FieldError{Field: "listen", Problem: "no address", Hint: addressHint}}
	}
	var faults []error
	seen := map[string]string{} // the field by its address
	check := func(field, address string, problemOf func(string) (problem, hint string)) {
		if problem, hint := problemOf(address); problem != "" {
			faults = append(faults, &FieldError{Field: field, Problem: problem, Hint: hint})
			return
		}
		address = canonicalAddress(address)
		if other, twice := seen[address]; twice && !strings.HasSuffix(address, ":0") {
			faults = append(faults, &FieldError{Field: field, Problem: "the same address twice", Other: other})
		}
		seen[address] = field
	}
	for i, address := range c.Listen {
		check(fmt.Sprintf("listen[%d]", i), address, addressProblem)
	}
	for i, address := range c.Internal {
		check(fmt.Sprintf("internal[%d]", i), address, internalProblem)
	}
	if c.Admin != "" {
		check("admin", c.Admin, addressProblem)
	}
	if _, err := permissionBits(c.SocketMode); err != nil {
		faults = append(faults, &FieldError{Field: "socket_mode", Problem: err.Error(), Hint: `write it in octal, as in "0660"`})
	}
	return faults
}

// minSecret is how many bytes a secret of ours has at least.
const minSecret = 16

func (c *Config) validateSecrets() []error {
	if c.CursorSecret == "" || len(c.CursorSecret) >= minSecret {
		return nil
	}
	return []error{&FieldError{
		Field: "cursor_secret", Problem: fmt.Sprintf("%d bytes could be guessed", len(c.CursorSecret)),
		Hint: fmt.Sprintf("%d and more, such as those of: openssl rand -hex 32", minSecret),
	}}
}

// canonicalAddress returns a sound address in the form in which the same one
// looks the same.
func canonicalAddress(address string) string {
	if path, ok := socketPath(address); ok {
		return unixPrefix + filepath.Clean(path)
	}
	return strings.ToLower(address)
}

const (
	addressHint  = `write host:port, as in "127.0.0.1:8080", or ":8080" for all interfaces, or "unix:/path"`
	internalHint = `write "unix:/path", or a port of this machine alone, as in "127.0.0.1:8081"`
)

// addressProblem returns what is wrong with an address to listen on, or "".
func addressProblem(address string) (problem, hint string) {
	if path, ok := socketPath(address); ok {
		switch {
		case !strings.HasPrefix(path, "/"):
			return "the path of a socket begins with a slash", addressHint
		case len(path) > maxSocketPath:
			return fmt.Sprintf("the path has %d bytes, and a socket's has %d at most", len(path), maxSocketPath), ""
		case strings.HasSuffix(path, "/") || strings.ContainsRune(path, 0):
			return "not the path of a file", addressHint
		}
		return "", ""
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || strings.ContainsAny(host, "/ \t") {
		return "not an address to listen on", addressHint
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "the port is not a number from 0 to 65535", addressHint
	}
	return "", ""
}

// internalProblem is addressProblem for a listener that only our own processes
// may reach.
func internalProblem(address string) (problem, hint string) {
	if problem, _ := addressProblem(address); problem != "" {
		return problem, internalHint
	}
	if !ofThisMachine(address) {
		return "other machines could reach an internal address there", internalHint
	}
	return "", ""
}

func (l Limits) validate() []error {
	var faults []error
	check := func(field string, inside bool, value any, bounds string) {
		if !inside {
			faults = append(faults, &FieldError{
				Field: "limits." + field, Problem: fmt.Sprintf("%v is out of bounds", value), Hint: "from " + bounds,
			})
		}
	}
	check("header_bytes", within(l.HeaderBytes, 1<<10, 1<<20), l.HeaderBytes, `"1KiB" to "1MiB"`)
	check("body_bytes", within(l.BodyBytes, 1, maxBodyBytes), l.BodyBytes, bodyBounds+"; a route that passes requests on may have up to "+mostPassed+" by its own body_bytes")
	check("header_timeout", within(l.HeaderTimeout, time.Millisecond, time.Hour), l.HeaderTimeout, `"1ms" to "1h"`)
	check("idle_timeout", within(l.IdleTimeout, time.Millisecond, 24*time.Hour), l.IdleTimeout, `"1ms" to "24h"`)
	check("request_timeout", within(l.RequestTimeout, time.Millisecond, maxRequestTimeout), l.RequestTimeout, timeoutBounds)
	check("connections", within(l.Connections, 1, maxConnections), l.Connections, "1 to 1048576")
	return faults
}

// The bounds of what other parts rely on, or a route may also set for itself.
const (
	maxConnections = 1 << 20
	maxBodyBytes   = 1 << 30
	bodyBounds     = `1 to "1GiB"`
	// A body that is passed on is never held as a whole.
	maxPassedBytes    = 1 << 40
	mostPassed        = `"1024GiB"`
	passedBounds      = "1 to " + mostPassed
	maxRequestTimeout = 24 * time.Hour
	timeoutBounds     = `"1ms" to "24h"`
)

func within[T int | int64 | time.Duration](value, least, most T) bool {
	return least <= value && value <= most
}
