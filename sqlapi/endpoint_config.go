package sqlapi

import (
	"slices"
	"strings"
)

// EndpointConfig describes one SQL endpoint: its statement, and what the route
// in front of it offers to the statement's parameters.
type EndpointConfig struct {
	// SQL is the statement, with a :source.name for every parameter.
	SQL string
	// PathNames are the wildcards of the route's pattern.
	PathNames []string
	// Credentials: requests bring a user and a password, so that :auth.user
	// and :auth.password exist. Nobody but the statement checks them.
	Credentials bool
	// ReadOnly: the route answers GET or HEAD, which have no body and must
	// not change anything.
	ReadOnly bool
	// AnyMethod: the route answers every method, GET among them.
	AnyMethod bool
	// Lane says whether the statement shares a connection with others.
	Lane LaneMode
	// PutOff is called, if it is there, when the statement was too slow to
	// share a connection, with other requests waiting: it must not block.
	PutOff func(PutOff)
}

// Validate returns everything that is wrong, as *FieldError: with Field "sql"
// and the fault's Offset in SQL, or with Field "credentials".
func (c EndpointConfig) Validate() []error {
	statement, syntax := parseStatement(c.SQL)
	var faults []error
	for _, f := range syntax {
		faults = append(faults, sqlFault(f.Offset, f.Problem, f.Hint))
	}
	if statement == nil {
		return faults
	}
	readsPassword := false
	for i := range statement.Params {
		p := &statement.Params[i]
		if problem, hint := c.refuses(p); problem != "" {
			faults = append(faults, sqlFault(p.Offset, problem, hint))
		}
		readsPassword = readsPassword || p.Source == SourceAuth && p.Name == "password"
	}
	if len(syntax) > 0 {
		return faults // the statement was not understood to its end
	}
	if c.Credentials && !readsPassword {
		faults = append(faults, &FieldError{
			Field:   "credentials",
			Problem: "the statement never reads :auth.password, so any password would do",
			Hint:    "compare it in the SQL: … and passwd = :auth.password",
			Offset:  -1,
		})
	}
	if c.Lane == LaneAlways && !c.Lane.allows(statement) {
		faults = append(faults, &FieldError{
			Field:   "lane",
			Problem: "a statement that writes, locks or leaves something in its session cannot share a connection",
			Hint:    "leave lane out",
			Offset:  -1,
		})
	}
	if (c.ReadOnly || c.AnyMethod) && !statement.Reads {
		start := len(c.SQL) - len(strings.TrimLeftFunc(c.SQL, isSpaceRune))
		problem, hint := "a statement that writes or locks cannot answer GET", "match POST, PUT, PATCH or DELETE instead"
		if c.AnyMethod {
			problem, hint = "a statement that writes or locks needs a method: without one the route answers GET too", `begin match with POST, PUT, PATCH or DELETE`
		}
		faults = append(faults, sqlFault(start, problem, hint))
	}
	return faults
}

// refuses returns why the route cannot give p a value, or "".
func (c EndpointConfig) refuses(p *Param) (problem, hint string) {
	switch p.Source {
	case SourcePath:
		if !slices.Contains(c.PathNames, p.Name) {
			return "the route's pattern has no {" + p.Name + "}", c.pathHint(p.Name)
		}
	case SourceAuth:
		if !c.Credentials {
			return "the route asks for no credentials, so there is no :" + p.written, `add credentials = "basic" to the route`
		}
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

func sqlFault(offset int, problem, hint string) error {
	return &FieldError{Field: "sql", Problem: problem, Hint: hint, Offset: offset}
}
