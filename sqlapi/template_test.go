package sqlapi

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseTemplate(t *testing.T) {
	f := func(text string, wantTexts, wantValues []string) {
		t.Helper()
		texts, params, faults := parseTemplate(text)
		var values []string
		for _, p := range params {
			values = append(values, p.written)
			if text[p.Offset] != '{' {
				t.Errorf("%s: the value %s begins at byte %d", text, p.written, p.Offset)
			}
		}
		if len(faults) > 0 || !slices.Equal(texts, wantTexts) || !slices.Equal(values, wantValues) {
			t.Errorf("%s: got %q, %q, %v, want %q, %q", text, texts, values, faults, wantTexts, wantValues)
		}
	}
	f("", []string{""}, nil)
	f("plain }", []string{"plain }"}, nil)
	f("{{}", []string{"{}"}, nil)
	f("{{{{query.id}}", []string{"{{query.id}}"}, nil)
	f("{query.id}", []string{"", ""}, []string{"query.id"})
	f("/users/{path.id}/{{{query.x}}", []string{"/users/", "/{", "}"}, []string{"path.id", "query.x"})
	f(`a{header.x_y}b{query."page-size"}c`, []string{"a", "b", "c"}, []string{"header.x_y", `query."page-size"`})
	f("{json.a.b}{json.a.b}", []string{"", "", ""}, []string{"json.a.b", "json.a.b"})
	f("{last.insert_id}", []string{"", ""}, []string{"last.insert_id"})
}

// TestValuesOfTemplates asks for values of several kinds in one property, and
// for one that JSON cannot hold.
func TestValuesOfTemplates(t *testing.T) {
	db := open(t, mariaDBConfig(t))
	property := func(text string) func(*EndpointConfig) {
		return func(c *EndpointConfig) { c.UserProperties, c.Root = [][]string{{"p", text}}, "rows" }
	}
	f := func(text, sql, q, want string) {
		t.Helper()
		if got, err := serve(configured(t, db, sql, property(text)), asker{path: "7"}, q); got != want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", text, got, err, want)
		}
	}
	f("{query.a}-{path.id}-{client.ip}-{cookie.none}", "select 1 as n", "a=%22x%22&a=y", `{"p":"\"x\"-7-192.0.2.1-","rows":[{"n":1}]}`)
	f("{query.a}", "select :query.a as n", "a=x", `{"p":"x","rows":[{"n":"x"}]}`)
	f(`"{{\`, "select 1 as n", "", `{"p":"\"{\\","rows":[{"n":1}]}`)

	e := configured(t, db, "insert into note (n) values (1) returning n", property("{query.a}"))
	_, err := serve(e, asker{}, "a=%ff")
	faulty, ok := errors.AsType[*ParameterError](err)
	if !ok || len(faulty.Faults) != 1 || faulty.Faults[0].Parameter != "query.a" || !strings.Contains(faulty.Faults[0].Problem, "UTF-8") {
		t.Errorf("got %v", err)
	}
	if got, err := serve(endpoint(t, db, "select count(*) as n from note"), asker{}, ""); got != `[{"n":0}]` || err != nil {
		t.Errorf("the statement was sent: got %s, %v", got, err)
	}
}

func FuzzParseTemplate(f *testing.F) {
	for _, seed := range []string{"/users/{path.id}", "{{}}", "{", `{query."a""b"}`, "{query.a b}", "é{header.x_y}", "{query.a{query.b}}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		texts, params, faults := parseTemplate(text)
		if len(faults) > 0 {
			for _, fault := range faults {
				if fault.Offset < 0 || fault.Offset > len(text) || fault.Problem == "" {
					t.Errorf("%q: got the fault %+v", text, fault)
				}
			}
			return
		}
		// Put together again it is the text.
		var back strings.Builder
		for i, literal := range texts {
			back.WriteString(strings.ReplaceAll(literal, "{", "{{"))
			if i < len(params) {
				back.WriteString("{" + params[i].written + "}")
			}
		}
		if !utf8.ValidString(text) || len(texts) != len(params)+1 || back.String() != text {
			t.Errorf("%q: got %q, %+v", text, texts, params)
		}
	})
}
