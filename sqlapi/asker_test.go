package sqlapi

import (
	"strings"
	"testing"
)

func TestAskerFaults(t *testing.T) {
	f := func(c EndpointConfig, sql, problem, hint string) {
		t.Helper()
		c.SQL = sql
		var got string
		for _, err := range c.Validate() {
			got += err.Error() + "\n"
		}
		if (problem == "") != (got == "") || !strings.Contains(got, problem) || !strings.Contains(got, hint) {
			t.Errorf("%s: got %q, want %q and %q", sql, got, problem, hint)
		}
	}
	credentials := EndpointConfig{Credentials: true}
	f(credentials, "select :auth.user, :auth.password", "", "")
	f(credentials, "select :auth.pasword", "there is no :auth.pasword", "did you mean :auth.password?")
	f(credentials, "select :auth.subject, :auth.password", "there is no :auth.subject", ":auth.user and :auth.password")

	checked := EndpointConfig{Asker: AskerConfig{Auth: []string{"user", "role"}}}
	f(checked, "select :auth.user, :auth.role", "", "")
	f(checked, "select :auth.email", "verifiers do not tell :auth.email", "they tell :auth.user, :auth.role")
	f(checked, "select :auth.password", "what auth has checked is not told", `credentials = "basic"`)

	rows := EndpointConfig{Asker: AskerConfig{Auth: []string{"user", "role"}, AnyAuth: true}}
	f(rows, "select :auth.email", "", "")
	f(rows, "select :auth.password", "what auth has checked is not told", "")

	f(EndpointConfig{}, "select :session.cart", "the route has no session", `"session"`)
	f(EndpointConfig{}, "select :claims.sub", "the route asks for no token", `"jwt"`)
	f(EndpointConfig{Asker: AskerConfig{Session: true, Claims: true}}, "select :session.cart, :claims.realm.roles", "", "")
	f(EndpointConfig{}, "select :session", "does not say where the value comes from", ":session.name")
}
