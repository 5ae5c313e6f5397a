package gateway

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"zerohop/gateway/conffile"
	"zerohop/gateway/session"
	"zerohop/sqlapi"
)

// AccessConfig is who may use a route, and what becomes of his session there.
type AccessConfig struct {
	// Auth names the verifiers, in [auth.NAME], of which one has to know who
	// is asking. They are asked in this order.
	Auth []string `toml:"auth,orlist"`
	// Roles are those of which the user must have one; without them any user
	// will do.
	Roles []string `toml:"roles,orlist"`
	// Session makes the route read the session without asking for a user,
	// and may write to it; nil without.
	Session *RouteSessionConfig `toml:"session"`
	// Login makes the route one that logs in, Logout one that logs out.
	Login  *LoginConfig  `toml:"login"`
	Logout *LogoutConfig `toml:"logout"`
}

// RouteSessionConfig is what a route does with the session.
type RouteSessionConfig struct {
	// Set are values for :session.NAME, as texts with {source.name} in them. An
	// empty one takes the value away. They are set once the answer is there
	// and is no error.
	Set map[string]string `toml:"set"`
}

// LoginConfig is a route that begins a session for who brings a user and a
// password, in a form or as JSON.
type LoginConfig struct {
	// Auth names the verifier of user and password.
	Auth string `toml:"auth"`
	// Page answers GET of the same path with a page that has the form.
	Page bool `toml:"page"`
	// Title stands on the page.
	Title string `toml:"title"`
	// Next is the path to which a form leads that names none.
	Next string `toml:"next"`
}

// SetDefaults sets what a login has that says nothing of it.
func (c *LoginConfig) SetDefaults() { c.Title, c.Next = "Sign in", "/" }

// LogoutConfig is a route that ends the session.
type LogoutConfig struct {
	// Next is the path to which a form leads that names none; without it that
	// is the login page, or "/".
	Next string `toml:"next"`
}

// SessionsConfig is the table [sessions].
type SessionsConfig struct {
	session.Config
	// Login is the path to which browsers without a session are sent; without
	// it that is the first login page of the routes.
	Login string `toml:"login"`
}

const nextHint = `a path of this server, as in "/" or "/welcome?new=1"`

// sessions returns the settings of sessions, also where the file has none.
func (c *Config) sessions() SessionsConfig {
	if c.Sessions != nil {
		return *c.Sessions
	}
	var defaults SessionsConfig
	defaults.SetDefaults()
	return defaults
}

// validateSessions returns the faults of [sessions].
func (c *Config) validateSessions() []error {
	if c.Sessions == nil {
		return nil
	}
	faults := allBelow("sessions", c.Sessions.Validate())
	if l := c.Sessions.Login; l != "" && !isLocalPath(l) {
		faults = append(faults, &FieldError{Field: "sessions.login", Problem: fmt.Sprintf("%q is no path of this server", l), Hint: nextHint})
	}
	return faults
}

// needsSessions reports whether some route has to do with sessions.
func (c *Config) needsSessions() bool {
	return slices.ContainsFunc(c.Routes, func(r RouteConfig) bool {
		return r.Session != nil || r.Login != nil || r.Logout != nil || slices.ContainsFunc(r.Auth, c.isSession)
	})
}

// isSession reports whether a verifier is that of sessions.
func (c *Config) isSession(name string) bool { return c.Auth[name].Type == authSession }

// loginPath returns where browsers are sent that have no session, or "".
func (c *Config) loginPath() string {
	if login := c.sessions().Login; login != "" {
		return login
	}
	for _, r := range c.Routes {
		if r.Login != nil && r.Login.Page && !r.Internal {
			p, err := parsePattern(r.Match)
			if err == nil {
				return p.path()
			}
		}
	}
	return ""
}

// path returns the one path of a pattern without wildcards, as it stands in a
// URL.
func (p pattern) path() string {
	var path []byte
	for _, seg := range p.segments {
		path = append(path, '/')
		if seg.kind == literal {
			path = appendEscaped(path, []byte(seg.text))
		}
	}
	return string(path)
}

// hasOnePath reports whether the pattern matches a single path.
func (p pattern) hasOnePath() bool {
	return !slices.ContainsFunc(p.segments, func(s segment) bool { return s.kind == single || s.kind == rest })
}

// patterns returns what the route matches, its variants included; p is its match.
func (r RouteConfig) patterns(p pattern) []pattern {
	all := p.withSuffixes(r.SuffixFormats())
	if r.Login != nil && r.Login.Page && p.method == "POST" && p.hasOnePath() {
		all = append(all, p.withMethod("GET"))
	}
	return all
}

// validateAccess returns what is wrong with who may use a route. p is empty
// where the pattern cannot be read.
func (c *Config) validateAccess(r RouteConfig, p pattern, offer sqlapi.EndpointConfig) []error {
	var faults []error
	fault := func(field, problem, hint string) {
		faults = append(faults, &FieldError{Field: field, Problem: problem, Hint: hint})
	}
	names := slices.Sorted(maps.Keys(c.Auth))
	for i, name := range r.Auth {
		switch {
		case slices.Index(r.Auth, name) < i:
			fault(fmt.Sprintf("auth[%d]", i), "the same verifier twice", "")
		case !slices.Contains(names, name):
			fault(fmt.Sprintf("auth[%d]", i), fmt.Sprintf("there is no [auth.%s]", conffile.PathKey(name)),
				cmp.Or(conffile.Suggest(name, names), `write [auth.NAME] with type = "session", "basic", "key" or "jwt"`))
		}
	}
	if len(r.Auth) > 0 && r.Credentials != (CredentialsConfig{}) {
		fault("credentials", "auth checks who is asking, and credentials says that the statement does", "keep one of them")
	}
	if len(r.Roles) > 0 && len(r.Auth) == 0 {
		fault("roles", "nobody checks who is asking", "add auth with the name of a verifier")
	}
	for i, role := range r.Roles {
		if role == "" {
			fault(fmt.Sprintf("roles[%d]", i), "a role without a name", "")
		}
	}
	if c.Backends[r.Backend].Proxies() {
		faults = append(faults, r.validateBehind()...)
	}
	if r.Login != nil {
		faults = append(faults, c.validateLogin(r, p)...)
	}
	if r.Logout != nil {
		faults = append(faults, c.validateLogout(r, p)...)
	}
	return append(faults, r.validateSet(p, offer)...)
}

// validateBehind returns the faults of what servers behind would have to do,
// where they may be given the route's requests.
func (r RouteConfig) validateBehind() []error {
	var faults []error
	fault := func(field, problem string) {
		faults = append(faults, &FieldError{
			Field: field, Problem: problem + ", and the servers of the group may be given the request", Hint: "leave backend out, or name a group of workers",
		})
	}
	if r.Login != nil {
		fault("login", "a login is answered here")
	}
	if r.Logout != nil {
		fault("logout", "a logout is answered here")
	}
	if r.Session != nil && len(r.Session.Set) > 0 {
		fault("session.set", "what is set here stands behind an answer from here")
	}
	return faults
}

// validateLogin returns what is wrong with a route that logs in.
func (c *Config) validateLogin(r RouteConfig, p pattern) []error {
	var faults []error
	fault := func(field, problem, hint string) {
		faults = append(faults, &FieldError{Field: field, Problem: problem, Hint: hint})
	}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(c.Auth)), func(name string) bool { return c.Auth[name].Type != authBasic })
	switch name := r.Login.Auth; {
	case name == "":
		fault("login.auth", "nobody checks the password", `name a verifier of the type "basic"`)
	case c.Auth[name].Type == authBasic:
	case c.Auth[name].Type != "":
		fault("login.auth", fmt.Sprintf("[auth.%s] takes no user and password", conffile.PathKey(name)), `name a verifier of the type "basic"`)
	default:
		fault("login.auth", fmt.Sprintf("there is no [auth.%s]", conffile.PathKey(name)), conffile.Suggest(name, names))
	}
	if p.text != "" && p.method != "POST" {
		fault("match", "a login is a POST", `write match = "POST /login"; with page = true GET has the page`)
	}
	if p.text != "" && r.Login.Page && !p.hasOnePath() {
		fault("login.page", "the page needs one path, without wildcards", "")
	}
	if !isLocalPath(r.Login.Next) {
		fault("login.next", fmt.Sprintf("%q is no path of this server", r.Login.Next), nextHint)
	}
	if len(r.Auth) > 0 {
		fault("auth", "who logs in is not known before", "leave it out: login.auth names the verifier")
	}
	return faults
}

// validateLogout returns what is wrong with a route that logs out.
func (c *Config) validateLogout(r RouteConfig, p pattern) []error {
	var faults []error
	if p.text != "" && p.method != "POST" {
		faults = append(faults, &FieldError{
			Field: "match", Problem: "a logout is a POST, so that no link logs anybody out", Hint: `write match = "POST /logout"`,
		})
	}
	if next := r.Logout.Next; next != "" && !isLocalPath(next) {
		faults = append(faults, &FieldError{Field: "logout.next", Problem: fmt.Sprintf("%q is no path of this server", next), Hint: nextHint})
	}
	if r.Session != nil && len(r.Session.Set) > 0 {
		faults = append(faults, &FieldError{Field: "session.set", Problem: "there is no session after a logout", Hint: "leave it out"})
	}
	return faults
}

// sessionName is what a value of a session may be called.
var sessionName = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)

// validateSet returns what is wrong with the values that a route sets.
func (r RouteConfig) validateSet(p pattern, offer sqlapi.EndpointConfig) []error {
	if r.Session == nil || len(r.Session.Set) == 0 {
		return nil
	}
	var faults []error
	fault := func(field, problem, hint string) {
		faults = append(faults, &FieldError{Field: field, Problem: problem, Hint: hint})
	}
	if p.text != "" && (p.method == "" || changesNothing([]byte(p.method))) {
		fault("session.set", "a request that sets something is no GET", "match POST, PUT, PATCH or DELETE instead")
	}
	for _, name := range slices.Sorted(maps.Keys(r.Session.Set)) {
		field := "session.set." + conffile.PathKey(name)
		switch {
		case name == sessionTokenName:
			fault(field, "this name is that of the session's token", "")
		case !sessionName.MatchString(name):
			fault(field, fmt.Sprintf("%q is no name of a value", name), "1 to 64 letters, digits and _")
		}
	}
	texts, _ := r.Session.texts()
	return append(faults, offer.ValidateTexts(texts)...)
}

// texts returns the values to be set as texts, and their names.
func (c *RouteSessionConfig) texts() (texts []sqlapi.Text, names []string) {
	names = slices.Sorted(maps.Keys(c.Set))
	for _, name := range names {
		texts = append(texts, sqlapi.Text{Field: "session.set." + conffile.PathKey(name), Text: c.Set[name]})
	}
	return texts, names
}

// withoutAnswer returns the faults of keys that belong to other answers than a
// login or a logout, which has the given key.
func (r RouteConfig) withoutAnswer(key string) []error {
	var faults []error
	fault := func(other string) {
		faults = append(faults, &FieldError{Field: other, Problem: "a " + key + " has an answer of its own", Hint: "leave it out"})
	}
	if r.Database != "" {
		fault("database")
	}
	if r.Credentials != (CredentialsConfig{}) {
		fault("credentials")
	}
	v := reflect.ValueOf(r.EndpointConfig)
	for _, field := range reflect.VisibleFields(v.Type()) {
		name, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
		switch name {
		case "", "-", "sql", "statements":
			continue
		}
		if !v.FieldByIndex(field.Index).IsZero() {
			fault(name)
		}
	}
	return faults
}
