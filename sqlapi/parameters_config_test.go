package sqlapi

import (
	"errors"
	"strings"
	"testing"
)

func TestParametersConfig(t *testing.T) {
	// want is "field: problem" of every fault, cut short as one likes, in order.
	f := func(c EndpointConfig, want ...string) {
		t.Helper()
		var got []string
		for _, err := range c.Validate() {
			fault, ok := errors.AsType[*FieldError](err)
			if !ok {
				t.Fatalf("got %v, want a FieldError", err)
			}
			got = append(got, fault.Error())
		}
		if len(got) != len(want) {
			t.Errorf("%s %+v: got %q, want %q", c.SQL, c.Params, got, want)
			return
		}
		for i := range want {
			if !strings.Contains(got[i], want[i]) {
				t.Errorf("%s: got %q, want %q", c.SQL, got[i], want[i])
			}
		}
	}
	one := func(p ParamConfig, want ...string) {
		t.Helper()
		sql := "select :query.n"
		if p.Type == typeList {
			sql = "select 1 in (:query.n)"
		}
		f(EndpointConfig{SQL: sql, ParametersConfig: ParametersConfig{Params: map[string]ParamConfig{"query.n": p}}}, want...)
	}
	const at = `params."query.n"`
	for _, name := range []string{"string", "integer", "number", "boolean", "date", "datetime", "uuid", "json"} {
		one(ParamConfig{Type: name})
		one(ParamConfig{Type: name, Required: ptr(false)})
	}
	one(ParamConfig{Type: "integer", Default: []string{"1"}, Min: ptr("1"), Max: ptr("1000")})
	one(ParamConfig{Type: "list", Items: "uuid", MaxItems: ptr(4096), Default: []string{}})
	one(ParamConfig{Type: "string", Enum: []string{"a", "b"}, Default: []string{"b"}, Trim: true, MaxLength: ptr(0), MinLength: ptr(0)}, at+".enum[0]: must have at most 0", at+".enum[1]: must have at most 0", at+".default: must have at most 0")
	one(ParamConfig{Type: "string", Enum: []string{"a", "b"}, Default: []string{"b"}, Pattern: "[ab]"})
	one(ParamConfig{Type: "datetime", Min: ptr("2026-01-01T00:00:00Z"), Max: ptr("2026-01-01 00:00:00")})

	one(ParamConfig{}, at+`.type: no type (add type = "string", "integer", "number", "boolean", "date", "datetime", "uuid", "json" or "list")`)
	one(ParamConfig{Type: "intger"}, at+`.type: there is no type "intger" (did you mean "integer"?)`)
	one(ParamConfig{Type: "Integer"}, `did you mean "integer"?`)
	one(ParamConfig{Type: "float"}, `there is no type "float" (write "string", `)
	one(ParamConfig{Type: "list"}, at+`.items: a list of what (add items = "string", "integer", "number", "boolean", "date", "datetime" or "uuid")`)
	one(ParamConfig{Type: "list", Items: "list"}, at+`.items: there is no type "list" (write`)
	one(ParamConfig{Type: "list", Items: "json"}, at+`.items: there are no lists of the type json`)
	one(ParamConfig{Type: "integer", Items: "integer"}, at+`.items: only a list has items`)

	// Settings that mean nothing, all at once.
	one(ParamConfig{Type: "integer", MinLength: ptr(1), MaxLength: ptr(2), Pattern: "x", Trim: true, MaxItems: ptr(1)},
		at+".min_length: means nothing for the type integer", at+".max_length: ", at+".pattern: ", at+".trim: ", at+".max_items: ")
	one(ParamConfig{Type: "boolean", Min: ptr("0"), Max: ptr("1"), Enum: []string{"true"}}, at+".min: ", at+".max: ", at+".enum: ")
	one(ParamConfig{Type: "json", Enum: []string{"1"}}, at+".enum: means nothing for the type json")
	one(ParamConfig{Type: "integer", Required: ptr(true), Default: []string{"1"}}, at+".required: one with a default is never missing")

	// Settings that do not fit.
	one(ParamConfig{Type: "integer", Min: ptr("a"), Max: ptr("1.5")}, at+".min: must be a whole number", at+".max: must be a whole number")
	one(ParamConfig{Type: "integer", Min: ptr("2"), Max: ptr("1")}, at+".max: less than min")
	one(ParamConfig{Type: "date", Min: ptr("2026-02-30")}, at+".min: is no day of the calendar")
	one(ParamConfig{Type: "string", MinLength: ptr(2), MaxLength: ptr(1)}, at+".max_length: less than min_length")
	one(ParamConfig{Type: "string", MinLength: ptr(-1)}, at+".min_length: -1 is out of bounds")
	one(ParamConfig{Type: "string", Pattern: "a)|(b"}, at+".pattern: not a regular expression: unexpected ): `a)|(b`")
	one(ParamConfig{Type: "string", Pattern: "(?<=a)b"}, at+".pattern: not a regular expression")
	one(ParamConfig{Type: "string", Enum: []string{}}, at+".enum: no value at all")
	one(ParamConfig{Type: "integer", Enum: []string{"1", "x"}}, at+".enum[1]: must be a whole number")
	one(ParamConfig{Type: "integer", Default: []string{"0"}, Min: ptr("1")}, at+".default: must be at least 1")
	one(ParamConfig{Type: "integer", Default: []string{"1", "2"}}, at+".default: one value is wanted")
	one(ParamConfig{Type: "list", Items: "integer", Default: []string{"1", "x"}}, at+".default[1]: must be a whole number")
	one(ParamConfig{Type: "list", Items: "integer", Default: []string{"1", "2"}, MaxItems: ptr(1)}, at+".default: has more than 1 items")
	one(ParamConfig{Type: "list", Items: "integer", MaxItems: ptr(0)}, at+".max_items: 0 is out of bounds (from 1 to 4096)")

	// All of them at once.
	one(ParamConfig{Type: "string", Pattern: "(", MinLength: ptr(9), MaxLength: ptr(1), Items: "integer", MaxItems: ptr(0)},
		at+".items: only a list has items", at+".max_items: means nothing for the type string", at+".max_length: less than min_length", at+".pattern: not a regular expression")
	one(ParamConfig{Type: "integer", Pattern: "x", Default: []string{"a"}, Min: ptr("5"), Max: ptr("1")},
		at+".pattern: means nothing for the type integer", at+".max: less than min", at+".default: must be a whole number")
	one(ParamConfig{Type: "integer", Enum: []string{"3", "x"}, Default: []string{"3"}, Min: ptr("5"), Max: ptr("1")}, at+".max: less than min", at+".enum[1]: must be a whole number")
	one(ParamConfig{Type: "integer", Enum: []string{"3", "x"}, Default: []string{"4"}}, at+".enum[1]: must be a whole number")
	one(ParamConfig{Type: "list", MaxItems: ptr(0)}, at+".items: a list of what", at+".max_items: 0 is out of bounds")
	one(ParamConfig{Type: "list", Items: "integer", MaxItems: ptr(0), Default: []string{"x"}}, at+".max_items: 0 is out of bounds", at+".default[0]: must be a whole number")

	// Names.
	params := func(sql string, names ...string) EndpointConfig {
		c := EndpointConfig{SQL: sql, ReadOnly: true, ParametersConfig: ParametersConfig{Params: map[string]ParamConfig{}}}
		for _, name := range names {
			c.Params[name] = ParamConfig{Type: "integer"}
		}
		return c
	}
	f(params("select :query.page", "query.pgae"), `params."query.pgae": no statement has :query.pgae (did you mean query.page?)`)
	f(params("select 1", "query.page"), `no statement has :query.page (use it there, or leave the declaration out)`)
	f(params("select 'open", "query.page"), "sql: the string is not closed")
	f(params(`select :query."page-size"`, `query."page-size"`))
	f(params(`select :query."page-size"`, "query.page-size"), `quote a name with other characters`)
	f(params("select :query.page", "query.page", "page"), `params."page": :page does not say where the value comes from`)
	f(params("select 1", "quary.page"), `there is no source quary (did you mean :query?)`)
	f(params("select 1", ""), `params."": `)
	f(params("select 1", "query.a b"), `not the name of a parameter`)
	f(params("select :header.x_a", "header.x_a", "header.X_A"), `declared twice, under two spellings`)
	f(params("select 1", "json.a"), `params."json.a": a GET request has no body`)
	f(params("select 1", "path.id"), `params."path.id": the route's pattern has no {id}`)
	f(params("select 1", "auth.user"), `params."auth.user": the route asks for no credentials`)
	f(params("select 1", "last.insert_id"), `params."last.insert_id": no part of a request`)

	// A field that is a value, and the object around another.
	nested := func(above, below string) EndpointConfig {
		c := EndpointConfig{SQL: "select :json.a, :json.a.b.c", ParametersConfig: ParametersConfig{Params: map[string]ParamConfig{"json.a.b.c": {Type: below}}}}
		if above != "" {
			c.Params["json.a"] = ParamConfig{Type: above}
		}
		return c
	}
	f(nested("integer", "integer"), `params."json.a": :json.a.b.c needs an object here (type = "json" takes one, too)`)
	f(nested("json", "integer"))
	f(nested("", "integer"), `params."json.a.b.c": :json.a would have to be an object (declare that with type = "json")`)
	f(EndpointConfig{SQL: "select :json.a, :json.a.b"})

	// Lists.
	list := func(sql string) EndpointConfig {
		return EndpointConfig{SQL: sql, ParametersConfig: ParametersConfig{Params: map[string]ParamConfig{"query.ids": {Type: "list", Items: "integer"}}}}
	}
	f(list("select 1 where 1 in (:query.ids) and 2 not in (:query.ids)"))
	f(list("select :query.ids"), "sql: a list may stand alone in the parentheses of an IN only (write … in (:query.ids))")
	f(list("select 1 in (0, :query.ids)"), "sql: a list may stand alone")
	f(list("select 1 where "+strings.Repeat("1 in (:query.ids) or ", maxListUses)+"1 in (:query.ids)"), "sql: a statement may ask for lists 8 times at most")
}
