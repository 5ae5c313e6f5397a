package sqlapi

import (
	"errors"
	"strings"
	"testing"
)

// faultsOf returns the faults of an endpoint, one a line.
func faultsOf(faults []error) string {
	var lines []string
	for _, err := range faults {
		lines = append(lines, err.Error())
	}
	return strings.Join(lines, "\n")
}

func TestAnswerConfig(t *testing.T) {
	f := func(set func(*EndpointConfig), want ...string) {
		t.Helper()
		cfg := EndpointConfig{SQL: "select 1", PathNames: []string{"id"}}
		set(&cfg)
		if got := faultsOf(cfg.Validate()); got != strings.Join(want, "\n") {
			t.Errorf("got %s\nwant %s", got, strings.Join(want, "\n"))
		}
	}
	f(func(c *EndpointConfig) {
		c.Shape, c.First, c.Root, c.Success = "object", true, "r", "s"
		c.UserProperties = [][]string{{"id", "{path.id} {query.\"a b\"}{{"}}
		c.BigInt, c.Decimal, c.Blob, c.Bit, c.TinyInt1, c.Datetime, c.TimeZone = "safe", "string", "hex", "boolean", "boolean", "rfc3339", "+05:30"
		c.JSON, c.MaxBytes = []string{"a"}, 1000
	})
	f(func(c *EndpointConfig) { c.Shape = "objct" }, `shape: "objct" is unknown here (did you mean "object"?)`)
	f(func(c *EndpointConfig) { c.Shape = "xml" }, `shape: "xml" is unknown here (there are "rows", "compact", "object", "value", "exec")`)
	f(func(c *EndpointConfig) { c.First = true }, `first: there is no one row to answer with (shape = "object" or "value" has one)`)
	f(func(c *EndpointConfig) { c.Shape, c.Root = "exec", "r" },
		"shape: what a statement did is not put under a root, so it has no properties either (leave out root, success and user_properties)")
	f(func(c *EndpointConfig) { c.Success = "data" }, "root: there would be two properties with this name (success is the other)")
	f(func(c *EndpointConfig) { c.ErrcodeKey = "errstr" }, "errstr_key: there would be two properties with this name (errcode_key is the other)")
	f(func(c *EndpointConfig) { c.ErrcodeKey, c.ErrstrKey = "insert_id", "affected_rows" },
		"errcode_key: there would be two properties with this name (what the server says of a statement is the other)",
		"errstr_key: there would be two properties with this name (what the server says of a statement is the other)")
	f(func(c *EndpointConfig) { c.Location = "/x/{last.id}/{nosuch}/{" },
		"location: there is no last.id (there is last.insert_id and last.affected)",
		"location: nosuch does not say where the value comes from (write query.nosuch or another source; the sources are path, query, form, json, header, cookie, auth, client, session and claims)",
		"location: a brace without a value in it ("+templateHint+")")
	f(func(c *EndpointConfig) { c.Location = "/x}" }, `location: "}" is in no URL (write it as %7D)`)
	f(func(c *EndpointConfig) { c.Location = "/x\r" }, `location: "\r" is in no URL (write it as %0D)`)
	f(func(c *EndpointConfig) { c.Location = "/ü" }, `location: "ü" is in no URL (write it as %C3%BC)`)
	f(func(c *EndpointConfig) { c.Root = "\xff" }, "root: the name is not valid UTF-8")
	f(func(c *EndpointConfig) { c.UserProperties = [][]string{{"a"}, {"", "b"}, {"c", "d", "e"}} },
		`user_properties[0]: a property is a name and a text (write ["user", "{query.user}"])`,
		`user_properties[1]: a property is a name and a text (write ["user", "{query.user}"])`,
		`user_properties[2]: a property is a name and a text (write ["user", "{query.user}"])`)
	f(func(c *EndpointConfig) { c.JSON = []string{"a", "", "a"} }, "json[1]: a column without a name", "json[2]: the same column twice")
	f(func(c *EndpointConfig) { c.MaxRows = -1 }, "max_rows: -1 rows are out of range (1 to 2147483648, or leave it out for any number)")
	f(func(c *EndpointConfig) { c.MaxBytes = 63 }, "max_bytes: 63 bytes are out of range (64 bytes to 1TiB, or leave it out for what the database's max_bytes allows)")
	f(func(c *EndpointConfig) { c.OnLimit = "truncate" }, "on_limit: there is no limit (add max_rows or max_bytes)")
	f(func(c *EndpointConfig) { c.MaxRows, c.OnLimit = 1, "cut" }, `on_limit: "cut" is unknown here (there are "error", "truncate")`)
	f(func(c *EndpointConfig) { c.Shape, c.MaxRows, c.OnLimit = "value", 1, "truncate" },
		`max_rows: shape = "value" answers no list of rows (leave it out)`, `on_limit: shape = "value" cannot be truncated (leave it out)`)
	f(func(c *EndpointConfig) { c.TimeZone = "Middle/Earth" }, `time_zone: there is no time zone "Middle/Earth" (`+zoneHint+`)`)
}

// TestTemplateFaults looks at the byte that each fault points at.
func TestTemplateFaults(t *testing.T) {
	f := func(text, at, problem string) {
		t.Helper()
		cfg := EndpointConfig{SQL: "select 1", AnswerConfig: AnswerConfig{UserProperties: [][]string{{"p", text}}}}
		faults := cfg.Validate()
		if len(faults) != 1 {
			t.Fatalf("%s: got %v, want one fault", text, faults)
		}
		fault, ok := errors.AsType[*FieldError](faults[0])
		if !ok || fault.Field != "user_properties[0][1]" || !strings.HasPrefix(text[max(fault.Offset, 0):], at) || !strings.Contains(fault.Problem, problem) || strings.Contains(fault.Problem+fault.Hint, ":") {
			t.Errorf("%s: got %+v, want %q at %q", text, fault, problem, at)
		}
	}
	f("a {query.x", "", "does not end with }")
	f("a {query.x y}", " y}", "does not end with }")
	f("a {}", "{}", "without a value")
	f("a {.x}", "{.x}", "without a value")
	f("{{}} {", "{", "without a value")
	f("{id}", "{id}", "does not say where")
	f("é{qery.id}", "{qery.id}", "there is no source qery")
	f("{query.page-size}", "{query", "ends before")
	f(`{query."page-size}`, `"page`, "not closed")
	f("{path.id}", "{path.id}", "no {id}")
	f("{auth.user}", "{auth.user}", "credentials")
	f("{last.insert_id}", "{last", "no part of the request")
	f("\xff", "", "UTF-8")
}

// TestTypesOnADatabase merges the settings of a route into those of its database.
func TestTypesOnADatabase(t *testing.T) {
	f := func(route, database TypesConfig, want string) {
		t.Helper()
		if got := faultsOf(route.onDatabase(database)); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%+v on %+v: got %q, want %q", route, database, got, want)
		}
	}
	zoned := TypesConfig{TimeZone: "UTC"}
	f(TypesConfig{}, TypesConfig{}, "")
	f(TypesConfig{Datetime: "rfc3339"}, zoned, "")
	f(TypesConfig{Datetime: "rfc3339", TimeZone: "+01:00"}, zoned, "")
	f(TypesConfig{TimeZone: "+01:00"}, TypesConfig{TimeZone: "UTC", Datetime: "rfc3339"}, "")
	f(TypesConfig{Datetime: "rfc3339"}, TypesConfig{}, "datetime: the route's database has no time_zone")
	f(TypesConfig{Datetime: "rfc3339", TimeZone: "+01:00"}, TypesConfig{}, "datetime: the route's database has no time_zone")
	f(TypesConfig{TimeZone: "+01:00"}, zoned, "time_zone: times are not converted")
	f(TypesConfig{TimeZone: "+01:00", Datetime: "server"}, TypesConfig{TimeZone: "UTC", Datetime: "rfc3339"}, "time_zone: times are not converted")

	merged := TypesConfig{BigInt: "safe", Blob: "hex"}.over(TypesConfig{BigInt: "string", Decimal: "string"})
	if want := (TypesConfig{BigInt: "safe", Blob: "hex", Decimal: "string"}); merged != want {
		t.Errorf("got %+v, want %+v", merged, want)
	}
	if got := faultsOf(TypesConfig{Datetime: "rfc3339", Bit: "x"}.ofDatabase()); strings.Count(got, "\n") != 1 {
		t.Errorf("got %s, want two faults", got)
	}
}
