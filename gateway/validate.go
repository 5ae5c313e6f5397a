package gateway

import (
	"cmp"
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
	faults := slices.Concat(c.validateAddresses(), c.Limits.validate(), c.validateSecrets())
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
	patterns := make([][]pattern, len(c.Routes)) // what each matches; nil where it cannot be read
	for i, r := range c.Routes {
		p, err := parsePattern(r.Match)
		if err != nil {
			faults = append(faults, &FieldError{Field: routePath(i) + ".match", Problem: err.Error()})
			p = pattern{}
		} else {
			patterns[i] = p.withSuffixes(r.SuffixFormats())
			faults = append(faults, conflicts(patterns[:i], patterns[i])...)
		}
		faults = append(faults, allBelow(routePath(i), c.validateRoute(r, p))...)
	}
	return faults
}

// conflicts returns the fault of a route whose patterns stand in the way of an
// earlier one's.
func conflicts(before [][]pattern, own []pattern) []error {
	for i, others := range before {
		for _, other := range others {
			for _, p := range own {
				if reason, conflict := other.conflictsWith(p); conflict {
					return []error{&FieldError{
						Field: routePath(len(before)) + ".match", Problem: reason, Other: routePath(i) + ".match",
					}}
				}
			}
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
	answers := r.answers()
	switch {
	case len(answers) == 0 && r.Statements != nil: // an empty list has its fault
		return faults
	case len(answers) == 0:
		return append(faults, r.unanswered())
	}
	for _, key := range answers[1:] {
		faults = append(faults, &FieldError{
			Field: key, Problem: fmt.Sprintf("one route, two answers: %s and %s", answers[0], key), Hint: "keep one of them",
		})
	}
	if r.Suffixes && p.text != "" && !p.endsInName() {
		faults = append(faults, &FieldError{
			Field: "suffixes", Problem: "the path has no place for a suffix", Hint: "it has one behind a name, or a {wildcard} of one segment",
		})
	}
	endpoint := r.endpoint(p)
	if p.text == "" {
		// The pattern has its fault; its wildcards are to cause no more.
		for _, m := range wildcard.FindAllStringSubmatch(r.Match, -1) {
			endpoint.PathNames = append(endpoint.PathNames, m[1])
		}
	}
	if answers[0] == "respond" {
		return slices.Concat(faults, r.withoutStatement(), r.Respond.validate(endpoint))
	}
	faults = append(faults, endpoint.Validate()...)
	if db, ok := c.databaseOf(r); ok {
		faults = append(faults, endpoint.ValidateOn(&db)...)
	}
	return faults
}

// databaseOf returns the database that a route asks, as far as the file has it.
func (c *Config) databaseOf(r RouteConfig) (db sqlapi.Config, ok bool) {
	if r.Database == "" && len(c.Databases) == 1 {
		for _, db = range c.Databases {
			return db, true
		}
	}
	db, ok = c.Databases[r.Database]
	return db, ok
}

// answers returns the keys of the route that say what answers it.
func (r RouteConfig) answers() []string {
	var keys []string
	if r.Respond != nil {
		keys = append(keys, "respond")
	}
	switch { // that there are both is for the endpoint to say
	case r.SQL != "":
		keys = append(keys, "sql")
	case len(r.Statements) > 0:
		keys = append(keys, "statements")
	}
	return keys
}

// errcodeKey and errstrKey are the names of what an answer of the old stack's
// kind says.
func (r RouteConfig) errcodeKey() string { return cmp.Or(r.ErrcodeKey, "errcode") }
func (r RouteConfig) errstrKey() string  { return cmp.Or(r.ErrstrKey, "errstr") }

// asksDatabase reports whether a database answers the route.
func (r RouteConfig) asksDatabase() bool { return len(r.answers()) > 0 && r.Respond == nil }

// endpoint returns the endpoint's configuration with what the route offers to
// it. p is empty when the pattern cannot be read.
func (r RouteConfig) endpoint(p pattern) sqlapi.EndpointConfig {
	endpoint := r.EndpointConfig
	endpoint.Name = p.text
	endpoint.PathNames = p.names()
	endpoint.Credentials = r.Credentials != CredentialsConfig{}
	endpoint.ReadOnly = p.readOnly()
	endpoint.AnyMethod = p.text != "" && p.method == ""
	return endpoint
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
	if !slices.Contains([]string{"", errorsProblem, errorsRDS}, r.Errors) {
		faults = append(faults, &FieldError{
			Field: "errors", Problem: fmt.Sprintf("%q is no way to answer errors", r.Errors), Hint: `there are "problem" and "rds"`,
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
	case r.Database == "" && (len(names) == 1 || !r.asksDatabase()):
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
