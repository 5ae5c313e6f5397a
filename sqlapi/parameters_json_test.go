package sqlapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestArgumentsOfJSON(t *testing.T) {
	f := func(body, params string, want ...string) {
		t.Helper()
		checkArguments(t, post(t, "application/json", body), params, want...)
	}
	f(`{"a":"x","b":12}`, ":json.b :json.a :json.c :json.a", "12", "x", "", "x")
	f(` { "a" : "x" , "b" : -1.50e+3 } `, ":json.a :json.b", "x", "-1.50e+3")
	f("\r\n{\t\"a\":\n0}\r\n", ":json.a", "0")
	f(`{"a":12345678901234567890.10}`, ":json.a", "12345678901234567890.10")
	f(`{"a":null,"b":""}`, ":json.a :json.b", "", "")
	f(`{}`, ":json.a", "")
	f("", ":json.a", "")

	// Into objects.
	f(`{"user":{"name":"bob","id":7},"name":"x"}`, ":json.user.name :json.name :json.user.id", "bob", "x", "7")
	f(`{"a":{"b":{"c":{"d":1}}}}`, ":json.a.b.c.d :json.a.b.x.d", "1", "")
	f(`{"user":null}`, ":json.user.name", "")
	f(`{"user.name":"dotted","user":{"name":"nested"}}`, `:json."user.name" :json.user.name`, "dotted", "nested")
	f(`{"x":[{"a":1}],"y":{"a":2},"a":3}`, ":json.a", "3")

	// The first of equal keys counts, however it is written.
	f(`{"a":1,"a":2}`, ":json.a", "1")
	f(`{"a":null,"a":2}`, ":json.a", "")
	f(`{"\u0061":1,"a":2}`, ":json.a", "1")
	f(`{"o":{"b":1},"o":{"c":2}}`, ":json.o.b :json.o.c", "1", "")
	f(`{"a":1,"a":[]}`, ":json.a", "1")

	// Strings.
	f(`{"a":"\"\\\/\b\f\n\r\t"}`, ":json.a", "\"\\/\b\f\n\r\t")
	f(`{"a":"\u00e4\u20AC\ud83d\uDE00\u0000"}`, ":json.a", "ä€😀\x00")
	f(`{"a":"ä€😀"}`, ":json.a", "ä€😀")
	f(`{"a":"' or '1'='1","b":"\\' --"}`, ":json.a :json.b", "' or '1'='1", `\' --`)
	f(`{"\u00e4\"":1,"😀":2}`, `:json."ä""" :json."😀"`, "1", "2")

	// What nobody asks for does not matter.
	f(`{"x":true,"y":[[],{"a":"}"},"]"],"z":{"a":{"a":1}},"w":"\ud800","\ud800":1,"a":"found"}`, ":json.a", "found")
}

func TestArgumentsOfManyJSONFields(t *testing.T) {
	var fields, params, want []string
	for i := range 40 {
		fields = append(fields, fmt.Sprintf(`"f%d":%d,"f%d":"later"`, i, i, i))
		params = append(params, fmt.Sprintf(":json.f%d", i))
		want = append(want, fmt.Sprint(i))
	}
	rc := post(t, "application/json", "{"+strings.Join(fields, ",")+"}")
	checkArguments(t, rc, strings.Join(params, " "), want...)
}

func TestArgumentsOfJSONContentTypes(t *testing.T) {
	f := func(contentType string, want string) {
		t.Helper()
		checkArguments(t, post(t, contentType, `{"a":"x"}`), ":json.a", want)
	}
	f("application/json", "x")
	f("Application/JSON ; charset=utf-8", "x")
	f("application/problem+json", "x")
	f("application/vnd.x+JSON;v=1", "x")
}

func TestArgumentsOfMalformedJSON(t *testing.T) {
	f := func(body, wantName, wantProblem string) {
		t.Helper()
		_, err := argumentsOf(t, post(t, "application/json", body), ":json.a :json.b.c", nil)
		var got *ParameterError
		if !errors.As(err, &got) || len(got.Faults) != 1 {
			t.Errorf("%q: got %v, want one parameter fault", body, err)
			return
		}
		if got.Faults[0].Parameter != wantName || !strings.Contains(got.Faults[0].Problem, wantProblem) {
			t.Errorf("%q: got %q, want %q", body, got.Faults[0], []string{wantName, wantProblem})
		}
	}
	f(`{"a":1`, "json", "not valid JSON")
	f(`{"a":1}x`, "json", "see byte 8")
	f(`{"a":1}{}`, "json", "not valid JSON")
	f(`{"a":01}`, "json", "not valid JSON")
	f(`{"a":1,}`, "json", "not valid JSON")
	f(`{'a':1}`, "json", "not valid JSON")
	f("{\"a\":\"\n\"}", "json", "not valid JSON")
	f("{\"a\":\"\xff\"}", "json", "not valid UTF-8")
	f("\ufeff{}", "json", "not valid JSON")
	f(" ", "json", "not valid JSON")
	f(`[]`, "json", "must be a JSON object")
	f(` "a"`, "json", "must be a JSON object")
	f(`null`, "json", "must be a JSON object")
	f(strings.Repeat("[", 100_000), "json", "not valid JSON")

	f(`{"a":true}`, "json.a", "string or a number")
	f(`{"a":[]}`, "json.a", "string or a number")
	f(`{"a":{"a":1}}`, "json.a", "string or a number")
	f(`{"a":"\udc00"}`, "json.a", "surrogate")
	f(`{"a":"\ud800\u0041"}`, "json.a", "surrogate")
	f(`{"a":"\ud800\n"}`, "json.a", "surrogate")
	f(`{"b":"x"}`, "json.b.c", `"b" must be an object`)
	f(`{"b":[{"c":1}]}`, "json.b.c", `"b" must be an object`)
	f(`{"b":{"c":false}}`, "json.b.c", "string or a number")
}

func TestArgumentsOfJSONFaultsNeverShowAValue(t *testing.T) {
	for _, body := range []string{`{"a":["hunter2"]}`, `{"b":"hunter2"}`, `{"a":"hunter2"`, `hunter2`} {
		_, err := argumentsOf(t, post(t, "application/json", body), ":json.a :json.b.c", nil)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got the error %v, want one without the value", body, err)
		}
	}
}

// member returns the first value of that key in a JSON object, found with
// encoding/json alone, or nil.
func member(object json.RawMessage, key string) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(object))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil
	}
	for d.More() {
		name, _ := d.Token()
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil
		}
		if name == key {
			return value
		}
	}
	return nil
}

// scalarOf returns what a parameter of that JSON value is bound to; ok is
// false where it is a fault.
func scalarOf(value json.RawMessage) (text string, ok bool) {
	switch {
	case len(value) == 0 || value[0] == 'n':
		return "", true
	case value[0] == '"':
		ok = json.Unmarshal(value, &text) == nil
		return text, ok
	}
	return string(value), value[0] == '-' || isDigit(value[0])
}

func FuzzArgumentsOfJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":"x","o":{"b":1}}`, `{"o":{"a":2,"b":"\u00e4\ud83d\ude00"},"a":-1.5e3}`, `{"\u0061":null,"a":1}`,
		` { "x" : [ 1 , { "a" : [ ] } , "\"" ] , "o" : { } } `, `{"a":true,"o":3}`, `{"a":"\ud800"}`, `[]`, `{"a":1}}`, "{\"a\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	b := bindingOf(f, "select :json.a, :json.o.b")
	f.Fuzz(func(t *testing.T, body []byte) {
		var v values
		v.reset(2, 0)
		faults := map[string]string{}
		for _, fault := range b.takeJSON(body, &v) {
			faults[fault.Parameter] = fault.Problem
		}
		object := bytes.TrimSpace(body)
		if !utf8.Valid(body) || !json.Valid(body) || object[0] != '{' {
			if len(faults) != 1 || faults["json"] == "" {
				t.Fatalf("%q: got the faults %q, want one of the body", body, faults)
			}
			return
		}
		check := func(i int, name, want string, ok bool) {
			if strings.ContainsRune(want, utf8.RuneError) {
				return // encoding/json's stand-in for half a surrogate pair, perhaps
			}
			if got := faults[name] == ""; got != ok || ok && string(v.scalars[i].Text) != want {
				t.Fatalf("%q: %s is %q, fault %q, want %q, %v", body, name, v.scalars[i].Text, faults[name], want, ok)
			}
		}
		want, ok := scalarOf(member(object, "a"))
		check(0, "json.a", want, ok)
		o := member(object, "o")
		want, ok = scalarOf(member(o, "b"))
		check(1, "json.o.b", want, ok && (len(o) == 0 || o[0] == '{' || o[0] == 'n'))
	})
}
