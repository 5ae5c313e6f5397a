package sqlapi

import (
	"slices"
	"strings"
)

// AskerConfig is what the server in front of an endpoint has found out about
// who is asking, beyond credentials that it has only read. The zero value is
// nothing.
type AskerConfig struct {
	// Auth are the names that there are as :auth.name. With AnyAuth there may
	// be any other name as well: the columns of some row.
	Auth    []string
	AnyAuth bool
	// Session: requests may have a session, whose values are :session.name.
	Session bool
	// Claims: requests may bring a token, whose claims are :claims.name.
	Claims bool
}

// knows reports whether a value of the source auth may be there.
func (a *AskerConfig) knows(name string) bool {
	return a.AnyAuth || slices.Contains(a.Auth, name)
}

// checked reports whether somebody checks who is asking.
func (a *AskerConfig) checked() bool { return a.AnyAuth || len(a.Auth) > 0 }

// passwordName is the one name of the source auth that only credentials have:
// who has checked a password keeps it for himself.
const passwordName = "password"

// refusesAsker returns why the route cannot give p, which is about who is
// asking, or "".
func (c EndpointConfig) refusesAsker(p *Param) (problem, hint string) {
	switch {
	case p.Source == SourceSession && !c.Asker.Session:
		return "the route has no session, so there is no :" + p.written, `add auth with a verifier of the type "session", or session = {}`
	case p.Source == SourceClaims && !c.Asker.Claims:
		return "the route asks for no token, so there is no :" + p.written, `add auth with a verifier of the type "jwt"`
	case p.Source != SourceAuth:
		return "", ""
	case c.Credentials:
		return oneOf("auth", p.Name, []string{"user", passwordName})
	case !c.Asker.checked():
		return "the route asks for no credentials, so there is no :" + p.written, `add credentials = "basic" to the route, or auth with the name of a verifier`
	case p.Name == passwordName:
		return "what auth has checked is not told, so there is no :" + p.written, `with credentials = "basic" the statement checks it`
	case !c.Asker.knows(p.Name):
		return "the route's verifiers do not tell :" + p.written, "they tell :auth." + strings.Join(c.Asker.Auth, ", :auth.")
	}
	return "", ""
}
