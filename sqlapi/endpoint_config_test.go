package sqlapi

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestEndpointConfigValidate(t *testing.T) {
	// want is "field@offset: problem (hint)" of every fault, cut short as one
	// likes, in order.
	f := func(c EndpointConfig, want ...string) {
		t.Helper()
		var got []string
		for _, err := range c.Validate() {
			var fault *FieldError
			if !errors.As(err, &fault) {
				t.Fatalf("%s: got %v, want a FieldError", c.SQL, err)
			}
			got = append(got, fmt.Sprintf("%s@%d: %s (%s)", fault.Field, fault.Offset, fault.Problem, fault.Hint))
		}
		if len(got) != len(want) {
			t.Errorf("%s: got %q, want %q", c.SQL, got, want)
			return
		}
		for i := range want {
			if !strings.Contains(got[i], want[i]) {
				t.Errorf("%s: got %q, want %q", c.SQL, got[i], want[i])
			}
		}
	}
	const login = "select 1 from user where user = :auth.user and passwd = :auth.password"

	f(EndpointConfig{SQL: "select 1", ReadOnly: true})
	f(EndpointConfig{SQL: login, Credentials: true, ReadOnly: true})
	f(EndpointConfig{SQL: "select :path.id, :query.a, :header.b, :cookie.c, :client.ip", PathNames: []string{"id"}, ReadOnly: true})
	f(EndpointConfig{SQL: "insert into t values (:form.a, :json.b)"})

	f(EndpointConfig{SQL: ""}, "sql@0: there is no statement")
	f(EndpointConfig{SQL: "select '\xff'"}, "sql@8: the statement is not valid UTF-8")
	f(EndpointConfig{SQL: "select ?, :a"}, "sql@7: a ?", "sql@10: :a does not say")

	f(EndpointConfig{SQL: "select :path.id"}, "sql@7: the route's pattern has no {id} (write the wildcard into match, as in GET /users/{id})")
	f(EndpointConfig{SQL: "select :path.uesr", PathNames: []string{"user", "id"}}, "did you mean :path.user?")
	f(EndpointConfig{SQL: "select :path.name", PathNames: []string{"user", "id"}}, "(it has {user}, {id})")

	f(EndpointConfig{SQL: login}, `sql@32: the route asks for no credentials, so there is no :auth.user (add credentials = "basic"`, "sql@56: ")
	f(EndpointConfig{SQL: "select :auth.user", Credentials: true}, "credentials@-1: the statement never reads :auth.password")
	f(EndpointConfig{SQL: "select 'open", Credentials: true}, "sql@7: ") // who knows what it would have read

	f(EndpointConfig{SQL: "select :json.a, :form.b", ReadOnly: true}, "sql@7: a GET request has no body", "sql@16: a GET")
	f(EndpointConfig{SQL: "\n delete from t", ReadOnly: true}, "sql@2: a statement that writes or locks cannot answer GET (match POST")
	f(EndpointConfig{SQL: "select 1", AnyMethod: true})
	f(EndpointConfig{SQL: "delete from t", AnyMethod: true}, "sql@0: a statement that writes or locks needs a method")
	f(EndpointConfig{SQL: "select 1 from t for update", ReadOnly: true}, "sql@0: a statement that writes or locks")
	f(EndpointConfig{SQL: "delete from t where a = :path.a and b = :json.b", ReadOnly: true},
		"sql@24: the route's pattern", "sql@40: a GET", "sql@0: a statement that writes")
}
