package gateway

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"zerohop/gateway/conffile"
	"zerohop/sqlapi"
)

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
			patterns[i] = r.patterns(p)
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
	faults := slices.Concat(r.validateOwn(), c.validateInternal(r), c.validateDatabase(r), c.validateBackend(r, p))
	answers := r.answers()
	endpoint := r.endpoint(p)
	endpoint.Asker = c.askerOf(r)
	faults = append(faults, c.validateAccess(r, p, endpoint)...)
	switch {
	case len(answers) == 0 && r.Statements != nil: // an empty list has its fault
		return faults
	case len(answers) == 0 && r.Backend == "":
		return append(faults, r.unanswered())
	case len(answers) == 0:
		return slices.Concat(faults, r.withoutStatement("a route that is passed on asks no database"), r.validatePassing())
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
	if p.text == "" {
		// The pattern has its fault; its wildcards are to cause no more.
		for _, m := range wildcard.FindAllStringSubmatch(r.Match, -1) {
			endpoint.PathNames = append(endpoint.PathNames, m[1])
		}
	}
	if answers[0] == "login" || answers[0] == "logout" {
		return slices.Concat(faults, r.withoutAnswer(answers[0]))
	}
	if answers[0] == "respond" {
		return slices.Concat(faults, r.withoutStatement("a route with a fixed answer asks no database"), r.withoutPassword(), r.Respond.validate(endpoint))
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
	if r.Login != nil {
		keys = append(keys, "login")
	}
	if r.Logout != nil {
		keys = append(keys, "logout")
	}
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
func (r RouteConfig) asksDatabase() bool {
	return len(r.answers()) > 0 && r.Respond == nil && r.Login == nil && r.Logout == nil
}

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

// unanswered is the fault of a route without a handler or servers behind it.
func (r RouteConfig) unanswered() error {
	return &FieldError{
		Field: "sql", Problem: "nothing answers this route",
		Hint: `add sql = "select …", or backend = "…" for a group with servers to pass requests on to`,
	}
}

// validateOwn checks what a route sets for itself alone.
func (r RouteConfig) validateOwn() []error {
	var faults []error
	if r.RequestTimeout != 0 && !within(r.RequestTimeout, time.Millisecond, maxRequestTimeout) {
		faults = append(faults, &FieldError{
			Field: "request_timeout", Problem: r.RequestTimeout.String() + " is out of bounds", Hint: "from " + timeoutBounds,
		})
	}
	most, bounds := int64(maxBodyBytes), bodyBounds
	if len(r.answers()) == 0 {
		most, bounds = maxPassedBytes, passedBounds
	}
	if r.BodyBytes != 0 && !within(r.BodyBytes, 1, most) {
		faults = append(faults, &FieldError{
			Field: "body_bytes", Problem: fmt.Sprintf("%d is out of bounds", r.BodyBytes), Hint: "from " + bounds,
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
