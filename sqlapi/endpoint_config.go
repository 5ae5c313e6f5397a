package sqlapi

import (
	"slices"
	"strings"
)

// EndpointConfig describes one SQL endpoint: its statement, and what the route
// in front of it offers to the statement's parameters.
type EndpointConfig struct {
	// SQL is the statement, with a :source.name for every parameter.
	SQL string `toml:"sql,orfile"`

	ParametersConfig
	TransactionConfig
	ResponseConfig
	AnswerConfig
	PageConfig
	FormatConfig
	LaneConfig

	// PathNames are the wildcards of the route's pattern.
	PathNames []string `toml:"-"`
	// Credentials: requests bring a user and a password, so that :auth.user
	// and :auth.password exist. Nobody but the statement checks them.
	Credentials bool `toml:"-"`
	// Asker is what else is known of who is asking.
	Asker AskerConfig `toml:"-"`
	// ReadOnly: the route answers GET or HEAD, which have no body and must
	// not change anything.
	ReadOnly bool `toml:"-"`
	// AnyMethod: the route answers every method, GET among them.
	AnyMethod bool `toml:"-"`
}

// Validate returns everything that is wrong, as *FieldError. Its Field is the
// path of the field below the route, such as "sql" or "statements[1].expect",
// its Offset the byte of the SQL where one is at fault.
func (c EndpointConfig) Validate() []error {
	scripts := c.scripts()
	var faults []error
	understood, readsPassword := true, false
	for i := range scripts {
		s := &scripts[i]
		faults = append(faults, c.validateScript(s)...)
		understood = understood && s.understood()
		readsPassword = readsPassword || s.reads(SourceAuth, "password")
	}
	if understood && c.Credentials && !readsPassword {
		faults = append(faults, &FieldError{
			Field:   "credentials",
			Problem: "the statement never reads :auth.password, so any password would do",
			Hint:    "compare it in the SQL: … and passwd = :auth.password",
			Offset:  -1,
		})
	}
	_, undeclared := c.parameters(scripts)
	running := scripts[:max(len(c.Statements), 1)]
	return slices.Concat(faults, undeclared, c.validateTransaction(running), c.validateResponse(running),
		c.AnswerConfig.validate(), c.templateFaults(), c.validatePage(scripts), c.validateFormat(), c.validateLane(running))
}

// ValidateOn returns what is wrong with the endpoint because of the database
// that it is to ask, beyond what Validate says, as *FieldError.
func (c EndpointConfig) ValidateOn(db *Config) []error {
	return c.TypesConfig.onDatabase(db.TypesConfig)
}

// validateScript returns what is wrong with one statement, whichever it is.
func (c EndpointConfig) validateScript(s *script) []error {
	var faults []error
	for _, f := range s.syntax {
		faults = append(faults, s.fault(f.Offset, f.Problem, f.Hint))
	}
	if s.statement == nil {
		return faults
	}
	for i := range s.statement.Params {
		p := &s.statement.Params[i]
		if problem, hint := c.refuses(p); problem != "" {
			faults = append(faults, s.fault(p.Offset, problem, hint))
		}
	}
	if s.understood() && c.answersGET() && !s.statement.Reads && len(c.Statements) == 0 && s.field != totalField && !(c.ReadOnly && s.statement.Calls) {
		problem, hint := "a statement that writes or locks cannot answer GET", "match POST, PUT, PATCH or DELETE instead"
		if c.AnyMethod {
			problem, hint = "a statement that writes or locks needs a method: without one the route answers GET too", `begin match with POST, PUT, PATCH or DELETE`
		}
		faults = append(faults, s.faultAtVerb(problem, hint))
	}
	return faults
}

// answersGET reports whether the route answers GET, among other methods maybe.
func (c EndpointConfig) answersGET() bool { return c.ReadOnly || c.AnyMethod }

// refuses returns why the route cannot give p a value, or "".
func (c EndpointConfig) refuses(p *Param) (problem, hint string) {
	switch p.Source {
	case SourcePath:
		if !slices.Contains(c.PathNames, p.Name) {
			return "the route's pattern has no {" + p.Name + "}", c.pathHint(p.Name)
		}
	case SourceAuth, SourceSession, SourceClaims:
		return c.refusesAsker(p)
	case SourceForm, SourceJSON:
		if c.ReadOnly {
			return "a GET request has no body, so there is no :" + p.written, "take the value from :query, or match POST instead"
		}
	}
	return "", ""
}

func (c EndpointConfig) pathHint(name string) string {
	if len(c.PathNames) == 0 {
		return "write the wildcard into match, as in GET /users/{" + name + "}"
	}
	if near := nearest(name, c.PathNames); near != "" {
		return "did you mean :path." + near + "?"
	}
	return "it has {" + strings.Join(c.PathNames, "}, {") + "}"
}
