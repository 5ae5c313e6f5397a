package gateway

import (
	"maps"
	"slices"

	"zerohop/gateway/auth"
	"zerohop/gateway/conffile"
	"zerohop/sqlapi"
)

// The types of verifiers that routes are checked against.
const (
	authBasic   = auth.TypeBasic
	authSession = auth.TypeSession
)

// validateAuth returns the faults of the tables [auth.NAME].
func (c *Config) validateAuth() []error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(c.Auth)) {
		path := "auth." + conffile.PathKey(name)
		v := c.Auth[name]
		faults = append(faults, allBelow(path, v.Validate())...)
		var own []error
		for _, statement := range []func() (auth.Statement, bool){v.Lookup, v.Rehashing} {
			s, ok := statement()
			if !ok || v.Type == auth.TypeSession {
				continue
			}
			own = append(own, queryConfig(s).Validate()...)
			own = append(own, c.validateVerifierDatabase(v.Database)...)
		}
		faults = append(faults, allBelow(path, own)...)
	}
	return faults
}

// validateVerifierDatabase checks which database a verifier's statement asks.
func (c *Config) validateVerifierDatabase(name string) []error {
	if len(c.Databases) == 0 {
		return []error{&FieldError{Field: "database", Problem: "there is no database for the statement", Hint: "add [databases.main] with a dsn"}}
	}
	return c.validateDatabase(RouteConfig{Database: name, EndpointConfig: sqlapi.EndpointConfig{SQL: "x"}})
}

// askerOf returns what a route's verifiers can tell of who is asking.
func (c *Config) askerOf(r RouteConfig) sqlapi.AskerConfig {
	var asker sqlapi.AskerConfig
	names := r.Auth
	if r.Login != nil {
		names = []string{r.Login.Auth}
	}
	for _, name := range names {
		v, ok := c.Auth[name]
		if !ok {
			// It has its fault; what would come from it is to cause no more.
			return sqlapi.AskerConfig{AnyAuth: true, Session: true, Claims: true}
		}
		asker.Auth = []string{"user", "role"}
		_, rows := v.Lookup()
		asker.AnyAuth = asker.AnyAuth || rows && v.Type != auth.TypeJWT || v.Type == auth.TypeSession
		asker.Session = asker.Session || v.Type == auth.TypeSession
		asker.Claims = asker.Claims || v.Type == auth.TypeJWT
	}
	asker.Session = asker.Session || r.Session != nil && r.Login == nil
	return asker
}
