package gateway

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"zerohop/gateway/conffile"
	"zerohop/sqlapi"
)

func routePath(i int) string { return fmt.Sprintf("routes[%d]", i) }

// Validate returns everything that is wrong with the configuration, always in
// the same order. Each error has a method FieldFault, as FieldError does.
func (c *Config) Validate() []error {
	faults := slices.Concat(c.validateAddresses(), c.Limits.validate())
	if len(c.Databases) == 0 && slices.ContainsFunc(c.Routes, func(r RouteConfig) bool { return r.SQL != "" }) {
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
	return append(faults, c.validateRoutes()...)
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
	if _, ok := socketPath(address); ok {
		return "", ""
	}
	host, _, _ := net.SplitHostPort(address)
	if ip, err := netip.ParseAddr(host); !strings.EqualFold(host, "localhost") && (err != nil || !ip.Unmap().IsLoopback()) {
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
	check("body_bytes", within(l.BodyBytes, 1, maxBodyBytes), l.BodyBytes, bodyBounds)
	check("header_timeout", within(l.HeaderTimeout, time.Millisecond, time.Hour), l.HeaderTimeout, `"1ms" to "1h"`)
	check("idle_timeout", within(l.IdleTimeout, time.Millisecond, 24*time.Hour), l.IdleTimeout, `"1ms" to "24h"`)
	check("request_timeout", within(l.RequestTimeout, time.Millisecond, maxRequestTimeout), l.RequestTimeout, timeoutBounds)
	check("connections", within(l.Connections, 1, maxConnections), l.Connections, "1 to 1048576")
	return faults
}

// The bounds of what other parts rely on, or a route may also set for itself.
const (
	maxConnections    = 1 << 20
	maxBodyBytes      = 1 << 30
	bodyBounds        = `1 to "1GiB"`
	maxRequestTimeout = 24 * time.Hour
	timeoutBounds     = `"1ms" to "24h"`
)

func within[T int | int64 | time.Duration](value, least, most T) bool {
	return least <= value && value <= most
}

func (c *Config) validateRoutes() []error {
	if len(c.Routes) == 0 {
		return []error{&FieldError{
			Field: "routes", Problem: "there is no route, so nothing would be answered",
			Hint: `add [[routes]] with match = "GET /path" and sql = "select …"`,
		}}
	}
	var faults []error
	patterns := make([]pattern, len(c.Routes)) // empty where one cannot be read
	for i, r := range c.Routes {
		p, err := parsePattern(r.Match)
		if err != nil {
			faults = append(faults, &FieldError{Field: routePath(i) + ".match", Problem: err.Error()})
		} else {
			faults = append(faults, conflicts(patterns[:i], p)...)
			patterns[i] = p
		}
		faults = append(faults, allBelow(routePath(i), c.validateRoute(r, patterns[i]))...)
	}
	return faults
}

// conflicts returns the fault of a pattern that stands in the way of an
// earlier one.
func conflicts(before []pattern, p pattern) []error {
	for i, other := range before {
		if other.text == "" {
			continue
		}
		if reason, conflict := other.conflictsWith(p); conflict {
			return []error{&FieldError{
				Field: routePath(len(before)) + ".match", Problem: reason, Other: routePath(i) + ".match",
			}}
		}
	}
	return nil
}

// wildcard is what looks like one in a pattern that could not be read.
var wildcard = regexp.MustCompile(`\{([^{}.]*)`)

// validateRoute returns the faults of one route but those of its pattern, which
// is empty when it cannot be read.
func (c *Config) validateRoute(r RouteConfig, p pattern) []error {
	faults := slices.Concat(r.validateOwn(), c.validateInternal(r), c.validateDatabase(r), c.validateBackend(r))
	if r.SQL == "" {
		return append(faults, r.unanswered())
	}
	endpoint := sqlapi.EndpointConfig{
		SQL: r.SQL, PathNames: p.names(), Credentials: r.Credentials != CredentialsConfig{},
		ReadOnly: p.readOnly(), AnyMethod: p.text != "" && p.method == "", Lane: r.Lane,
	}
	if p.text == "" {
		// The pattern has its fault; its wildcards are to cause no more.
		for _, m := range wildcard.FindAllStringSubmatch(r.Match, -1) {
			endpoint.PathNames = append(endpoint.PathNames, m[1])
		}
	}
	return append(faults, endpoint.Validate()...)
}

// unanswered is the fault of a route without a handler.
func (r RouteConfig) unanswered() error {
	if r.Backend != "" {
		return &FieldError{
			Field: "sql", Problem: "a route with a backend and no statement would be a proxy, which is not in this version",
			Hint: `add sql = "select …"`,
		}
	}
	return &FieldError{Field: "sql", Problem: "nothing answers this route", Hint: `add sql = "select …"`}
}

// validateOwn checks what a route sets for itself alone.
func (r RouteConfig) validateOwn() []error {
	var faults []error
	if r.RequestTimeout != 0 && !within(r.RequestTimeout, time.Millisecond, maxRequestTimeout) {
		faults = append(faults, &FieldError{
			Field: "request_timeout", Problem: r.RequestTimeout.String() + " is out of bounds", Hint: "from " + timeoutBounds,
		})
	}
	if r.BodyBytes != 0 && !within(r.BodyBytes, 1, maxBodyBytes) {
		faults = append(faults, &FieldError{
			Field: "body_bytes", Problem: fmt.Sprintf("%d is out of bounds", r.BodyBytes), Hint: "from " + bodyBounds,
		})
	}
	if r.Credentials != (CredentialsConfig{}) && r.Credentials.Type != credentialsBasic {
		faults = append(faults, credentialsFault("credentials.type"))
	}
	return faults
}

func (c *Config) validateInternal(r RouteConfig) []error {
	if !r.Internal || len(c.Internal) > 0 {
		return nil
	}
	return []error{&FieldError{
		Field: "internal", Problem: "there is no internal address to reach this route at",
		Hint: `add internal = "unix:/run/zerohop-internal.sock" at the top of the file`,
	}}
}

func credentialsFault(field string) error {
	return &FieldError{
		Field: field, Problem: "no known kind of credentials",
		Hint: `write credentials = "basic", or { type = "basic", unescape = true }`,
	}
}

// validateDatabase checks which database a route asks. That there is none at
// all is said once, for all routes.
func (c *Config) validateDatabase(r RouteConfig) []error {
	names := slices.Sorted(maps.Keys(c.Databases))
	switch {
	case len(names) == 0 || slices.Contains(names, r.Database):
		return nil
	case r.Database == "" && (len(names) == 1 || r.SQL == ""):
		return nil
	case r.Database == "":
		return []error{&FieldError{
			Field: "database", Problem: "there are several databases", Hint: "name one of " + strings.Join(names, ", "),
		}}
	}
	return []error{&FieldError{
		Field: "database", Problem: fmt.Sprintf("there is no [databases.%s]", conffile.PathKey(r.Database)), Hint: conffile.Suggest(r.Database, names),
	}}
}

func (c *Config) validateBackend(r RouteConfig) []error {
	names := slices.Sorted(maps.Keys(c.Backends))
	if r.Backend == "" || r.Backend == localGroup || slices.Contains(names, r.Backend) {
		return nil
	}
	return []error{&FieldError{
		Field: "backend", Problem: fmt.Sprintf("there is no [backends.%s]", conffile.PathKey(r.Backend)), Hint: conffile.Suggest(r.Backend, names),
	}}
}
