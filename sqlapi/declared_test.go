package sqlapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi/wire"
)

func ptr[T any](v T) *T { return &v }

// declaring returns the parameters of a statement that asks for every declared
// one, and for those in others besides.
func declaring(t testing.TB, params map[string]ParamConfig, others ...string) *parameters {
	t.Helper()
	var asked []string
	for name, p := range params {
		if p.Type == typeList {
			asked = append(asked, "1 in (:"+name+")")
		} else {
			asked = append(asked, ":"+name)
		}
	}
	for _, name := range others {
		asked = append(asked, ":"+name)
	}
	c := EndpointConfig{
		SQL: "select " + strings.Join(asked, ", "), PathNames: []string{"id"}, Credentials: strings.Contains(strings.Join(asked, ""), "auth."),
		ParametersConfig: ParametersConfig{Params: params},
	}
	ps, faults := c.parameters(c.scripts())
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return ps
}

// shownValues are the declared values of a request, or its faults.
func shownValues(ps *parameters, rc *fasthttp.RequestCtx) (values map[string]string, faults []string) {
	known := lookups{"path.id": "7", "client.ip": "::1", "client.port": "4711", "auth.user": "bob", "auth.password": "x"}
	var v valuesOf
	err := ps.take(context.WithValue(context.Background(), LookupKey, known), rc, &v.values)
	if fault, ok := errors.AsType[*ParameterError](err); ok {
		for _, f := range fault.Faults {
			faults = append(faults, strings.TrimSpace(f.Parameter+" "+f.Pointer)+": "+f.Problem)
		}
		return nil, faults
	}
	if err != nil {
		return nil, []string{err.Error()}
	}
	values = map[string]string{}
	for i := range ps.list {
		values[ps.list[i].written] = v.show(&ps.list[i], i)
	}
	return values, nil
}

type valuesOf struct{ values }

func (v *valuesOf) show(p *parameter, i int) string {
	one := func(arg wire.Argument) string {
		if arg.Text == nil {
			return "NULL"
		}
		return bindingLetters[arg.As] + string(arg.Text)
	}
	if p.declared == nil || !p.declared.isList() {
		return one(v.scalars[i])
	}
	var all []string
	for _, arg := range v.of(p.declared.list) {
		all = append(all, one(arg))
	}
	return "[" + strings.Join(all, " ") + "]"
}

// get is a request for a query string.
func get(t testing.TB, query string, headers ...string) *fasthttp.RequestCtx {
	t.Helper()
	return readRequest(t, append(append([]string{"GET /?" + query + " HTTP/1.1", "Host: h"}, headers...), "", "")...)
}

func TestDeclaredValues(t *testing.T) {
	f := func(name string, p ParamConfig, rc *fasthttp.RequestCtx, want string) {
		t.Helper()
		got, faults := shownValues(declaring(t, map[string]ParamConfig{name: p}), rc)
		if faults != nil || got[name] != want {
			t.Errorf("%s: got %s, %q, want %s", name, got[name], faults, want)
		}
	}
	integer, optional := ParamConfig{Type: "integer"}, ParamConfig{Type: "integer", Required: ptr(false)}
	f("query.n", integer, get(t, "n=5"), "i5")
	f("query.n", integer, get(t, "n=5&n=x"), "i5")
	f("query.n", optional, get(t, ""), "NULL")
	f("query.n", optional, get(t, "n="), "NULL")
	f("query.n", ParamConfig{Type: "integer", Default: []string{"1"}}, get(t, "n="), "i1")
	f("query.n", ParamConfig{Type: "string"}, get(t, "n="), "'")
	f("query.n", ParamConfig{Type: "string"}, get(t, "n"), "'")
	f("query.n", ParamConfig{Type: "string", Required: ptr(false)}, get(t, "m=1"), "NULL")
	f("query.n", ParamConfig{Type: "string", Trim: true}, get(t, "n=+%C2%A0a+b%0A"), "'a b")
	f("query.n", ParamConfig{Type: "string", Pattern: "[a-z]+", MaxLength: ptr(3)}, get(t, "n=abc"), "'abc")
	f("query.n", ParamConfig{Type: "string", MinLength: ptr(3), MaxLength: ptr(3)}, get(t, "n=%F0%9F%98%80%C3%A9x"), "'😀éx")
	f("query.n", ParamConfig{Type: "number", Enum: []string{"1.5", "2"}}, get(t, "n=1.50"), "d1.50")
	f("query.n", ParamConfig{Type: "date", Min: ptr("2026-01-01"), Max: ptr("2026-12-31")}, get(t, "n=2026-01-01"), "'2026-01-01")
	f("query.n", ParamConfig{Type: "datetime", Max: ptr("2026-12-31T00:00:00+01:00")}, get(t, "n=2026-12-30T23:00:00Z"), "'2026-12-30 23:00:00")
	f("path.id", integer, get(t, ""), "i7")
	f("client.port", integer, get(t, ""), "i4711")
	f("cookie.n", integer, get(t, "", "Cookie: n=9"), "i9")
	f("header.x_n", integer, get(t, "", "X-N: -9"), "i-9")
	f(`query."page-size"`, integer, get(t, "page-size=3"), "i3")

	list := ParamConfig{Type: "list", Items: "integer"}
	f("query.n", list, get(t, "n=1&n=2&m=3&n=3"), "[i1 i2 i3]")
	f("query.n", list, get(t, "n=1,2&n=3"), "[i1 i2 i3]")
	f("query.n", list, get(t, "n="), "[]")
	f("query.n", ParamConfig{Type: "list", Items: "integer", Required: ptr(false)}, get(t, ""), "[]")
	f("query.n", ParamConfig{Type: "list", Items: "integer", Default: []string{"1", "2"}}, get(t, ""), "[i1 i2]")
	f("query.n", ParamConfig{Type: "list", Items: "integer", Default: []string{}}, get(t, ""), "[]")
	f("query.n", ParamConfig{Type: "list", Items: "string"}, get(t, "n=a,b&n=c&n="), "['a,b 'c ']")
	f("header.x_n", list, get(t, "", "X-N: 1, 2,\t3"), "[i1 i2 i3]")
	f("header.x_n", ParamConfig{Type: "list", Items: "string"}, get(t, "", "X-N: a, b"), "['a 'b]")
	f("cookie.n", list, get(t, "", "Cookie: n=1,2"), "[i1 i2]")
	f("path.id", list, get(t, ""), "[i7]")

	form := func(body string) *fasthttp.RequestCtx { return post(t, "application/x-www-form-urlencoded", body) }
	f("form.n", integer, form("n=5"), "i5")
	f("form.n", list, form("n=5,6&n=7"), "[i5 i6 i7]")
	body := func(text string) *fasthttp.RequestCtx { return post(t, "application/json", text) }
	f("json.a.n", integer, body(`{"a":{"n": 5}}`), "i5")
	f("json.n", optional, body(`{"n":null}`), "NULL")
	f("json.n", optional, body(`{}`), "NULL")
	f("json.n", optional, body(``), "NULL")
	f("json.n", ParamConfig{Type: "number"}, body(`{"n":1.50e1}`), "d15.0")
	f("json.n", ParamConfig{Type: "boolean"}, body(`{"n":true}`), "i1")
	f("json.n", ParamConfig{Type: "string"}, body(`{"n":"\u00e4\n"}`), "'ä\n")
	f("json.n", ParamConfig{Type: "json"}, body(`{"n": {"a" : [1, "]"]} }`), `'{"a" : [1, "]"]}`)
	f("json.n", ParamConfig{Type: "json"}, body(`{"n":"x"}`), `'"x"`)
	f("json.n", list, body(`{"n":[ 1 ,2,-3 ]}`), "[i1 i2 i-3]")
	f("json.n", list, body(`{"n":[]}`), "[]")
	f("json.n", ParamConfig{Type: "list", Items: "string"}, body(`{"n":["a,b","]",""]}`), "['a,b '] ']")
}

func TestDeclaredFaults(t *testing.T) {
	f := func(name string, p ParamConfig, rc *fasthttp.RequestCtx, want ...string) {
		t.Helper()
		_, faults := shownValues(declaring(t, map[string]ParamConfig{name: p}), rc)
		if fmt.Sprint(faults) != fmt.Sprint(want) {
			t.Errorf("%s: got %q, want %q", name, faults, want)
		}
	}
	integer, list := ParamConfig{Type: "integer", Min: ptr("1"), Max: ptr("1000")}, ParamConfig{Type: "list", Items: "integer", MaxItems: ptr(3), Max: ptr("9")}
	f("query.n", integer, get(t, ""), "query.n: is missing")
	f("query.n", integer, get(t, "n="), "query.n: is missing")
	f("query.n", integer, get(t, "n=x"), "query.n: must be a whole number")
	f("query.n", integer, get(t, "n=0"), "query.n: must be at least 1")
	f("query.n", integer, get(t, "n=1001"), "query.n: must be at most 1000")
	f("query.n", ParamConfig{Type: "string", Enum: []string{"asc", "desc"}}, get(t, "n=ASC"), "query.n: must be one of asc, desc")
	f("query.n", ParamConfig{Type: "string", Pattern: "a|b"}, get(t, "n=ab"), "query.n: does not have the form that is wanted")
	f("query.n", ParamConfig{Type: "string", Pattern: "(?m)^a$"}, get(t, "n=a%0Ab"), "query.n: does not have the form that is wanted")
	f("query.n", ParamConfig{Type: "string", MinLength: ptr(2), Trim: true}, get(t, "n=+x++"), "query.n: must have at least 2 characters")
	f("query.n", ParamConfig{Type: "string", MaxLength: ptr(2)}, get(t, "n=xyz"), "query.n: must have at most 2 characters")
	f("query.n", ParamConfig{Type: "string"}, get(t, "n=%c0%a7"), "query.n: is not valid UTF-8")
	f("query.n", list, get(t, ""), "query.n: is missing")
	f("query.n", list, get(t, "n=1,2,3,4"), "query.n: has more than 3 items")
	f("query.n", list, get(t, "n=x&n=2&n=10"), "query.n: item 1 must be a whole number", "query.n: item 3 must be at most 9")
	f("query.n", list, get(t, "n=1,,2"), "query.n: item 2 must be a whole number")

	body := func(text string) *fasthttp.RequestCtx { return post(t, "application/json", text) }
	f("json.n", integer, body(`{}`), "json.n #/n: is missing")
	f("json.n", integer, body(``), "json.n #/n: is missing")
	f("json.n", integer, body(`{"n":"5"}`), "json.n #/n: must be a number")
	f("json.n", integer, body(`{"n":5.0}`), "json.n #/n: must be a whole number")
	f("json.n", integer, body(`{"n":false}`), "json.n #/n: must be a number")
	f("json.n", ParamConfig{Type: "string"}, body(`{"n":0}`), "json.n #/n: must be a string")
	f("json.n", ParamConfig{Type: "string"}, body(`{"n":["x"]}`), "json.n #/n: must be a string")
	f("json.n", ParamConfig{Type: "string"}, body(`{"n":"\ud800"}`), "json.n #/n: "+halfSurrogate)
	f("json.n", ParamConfig{Type: "boolean"}, body(`{"n":1}`), "json.n #/n: must be true or false")
	f("json.n", ParamConfig{Type: "date"}, body(`{"n":""}`), "json.n #/n: "+notDate)
	f("json.n", list, body(`{"n":5}`), "json.n #/n: must be an array")
	f("json.n", list, body(`{"n":[1,"2",null,4]}`), "json.n #/n: has more than 3 items")
	f("json.n", list, body(`{"n":[1,"2",null]}`), "json.n #/n/1: item 2 must be a number", "json.n #/n/2: item 3 must be a number")
	f("json.a.n", integer, body(`{"a":[1]}`), `json.a.n #/a/n: "a" must be an object`)
	f(`json."a/b"."~ü"`, integer, body(`{}`), `json."a/b"."~ü" #/a~1b/~0%C3%BC: is missing`)
	f("json.n", integer, body(`{"n":`), "json #: the body is not valid JSON: see byte 5")
	f("json.n", integer, post(t, "text/plain", "5"), `unsupported media type: "text/plain"`)
}

// TestEveryFaultAtOnce takes a request with something wrong everywhere.
func TestEveryFaultAtOnce(t *testing.T) {
	ps := declaring(t, map[string]ParamConfig{
		"query.page": {Type: "integer", Min: ptr("1")}, "header.x_day": {Type: "date"}, "cookie.id": {Type: "uuid"},
		"json.user.age": {Type: "integer"}, "json.user.name": {Type: "string"}, "json.tags": {Type: "list", Items: "string", MaxLength: ptr(3)},
		"path.id": {Type: "integer", Max: ptr("6")},
	}, "json.plain")
	body := `{"user":{"age":"hunter2"},"tags":["abc","hunter2"],"plain":{"x":"hunter2"}}`
	rc := readRequest(t, "POST /?page=hunter2 HTTP/1.1", "Host: h", "X-Day: hunter2", "Cookie: id=hunter2", "Content-Type: application/json",
		fmt.Sprintf("Content-Length: %d", len(body)), "", body)
	_, faults := shownValues(ps, rc)
	got := strings.Join(faults, "\n")
	for _, want := range []string{
		"query.page: must be a whole number", "header.x_day: must be a date: YYYY-MM-DD", "cookie.id: must be a UUID: 8-4-4-4-12 hexadecimal digits",
		"json.user.age #/user/age: must be a number", "json.user.name #/user/name: is missing", "json.tags #/tags/1: item 2 must have at most 3 characters",
		"json.plain #/plain: must be a string or a number", "path.id: must be at most 6",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant %s", got, want)
		}
	}
	if len(faults) != 8 || strings.Contains(got, "hunter2") {
		t.Errorf("got %d faults, want 8 without a value:\n%s", len(faults), got)
	}
}

// unparsed is a request with a body that is left as it is: the server does not
// have multipart forms taken apart before we see them.
func unparsed(contentType, body string) *fasthttp.RequestCtx {
	rc := new(fasthttp.RequestCtx)
	rc.Request.Header.SetMethod("POST")
	rc.Request.Header.SetContentType(contentType)
	rc.Request.SetBodyString(body)
	return rc
}

func TestMultipart(t *testing.T) {
	form := func(parts ...string) *fasthttp.RequestCtx {
		var b strings.Builder
		for _, part := range parts {
			b.WriteString("--x\r\nContent-Disposition: form-data; " + part + "\r\n")
		}
		b.WriteString("--x--\r\n")
		return unparsed(`multipart/form-data; boundary="x"`, b.String())
	}
	f := func(rc *fasthttp.RequestCtx, want string, wantFaults ...string) {
		t.Helper()
		ps := declaring(t, map[string]ParamConfig{"form.ids": {Type: "list", Items: "integer", Required: ptr(false)}}, "form.a")
		got, faults := shownValues(ps, rc)
		if got["form.a"]+got["form.ids"] != want || fmt.Sprint(faults) != fmt.Sprint(wantFaults) {
			t.Errorf("got %s %q, want %s %q", got, faults, want, wantFaults)
		}
	}
	f(form("name=\"a\"\r\n\r\nx'\r\ny"), "'x'\r\ny[]")
	f(form("name=a\r\n\r\nfirst", "name=a\r\n\r\nsecond"), "'first[]")
	f(form("name=\"a\"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"), "'[]")
	f(form("name=ids\r\n\r\n1", "name=ids\r\n\r\n2,3", "name=other; filename=\"f\"\r\n\r\nignored"), "'[i1 i2 i3]")
	f(form(), "'[]")
	f(unparsed("multipart/form-data; boundary=x", ""), "'[]")

	const file = "form.a: is a file, and a field is wanted"
	f(form("name=a; filename=\"f.txt\"\r\n\r\nx"), "", file)
	f(form("name=a; filename=\"\"\r\n\r\n"), "", file)
	f(form("name=a; filename*=utf-8''f\r\n\r\nx", "name=ids\r\n\r\nx"), "", file, "form.ids: item 1 must be a whole number")
	const broken = "form: the body is not valid multipart/form-data"
	f(unparsed("multipart/form-data", "--x\r\n"), "", broken)
	f(unparsed("multipart/form-data; boundary=x", "no parts"), "", broken)
	f(unparsed("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=a\r\n\r\nx"), "", broken)
	f(form(strings.Split(strings.Repeat("name=b\r\n\r\n1|", maxParts+1), "|")[:maxParts+1]...), "", "form: the body has too many parts")
}

// FuzzMultipart holds the fields of a form against the standard library's reading
// of the whole of it.
func FuzzMultipart(f *testing.F) {
	for _, seed := range []string{
		"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--\r\n", "--x\r\nContent-Disposition: form-data; name=a; filename=f\r\n\r\n1\r\n--x--",
		"--x\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--x--", "--x--", "",
	} {
		f.Add([]byte(seed))
	}
	ps := &parameters{}
	ps.add(&Param{Source: SourceForm, Name: "a", written: "form.a"})
	f.Fuzz(func(t *testing.T, body []byte) {
		form, faults := ps.multipart("multipart/form-data; boundary=x", body)
		want, err := multipart.NewReader(bytes.NewReader(body), "x").ReadForm(1 << 20)
		switch {
		case len(faults) > 0 || len(body) > 1<<16:
			return // what we refuse and the library takes: files, and very many parts
		case err != nil && errors.Is(err, multipart.ErrMessageTooLarge):
			return
		case err != nil:
			t.Fatalf("%q: got the fields %q, want %v", body, form.all("a"), err)
		}
		if got := form.all("a"); len(got) != len(want.Value["a"]) || len(got) > 0 && string(got[0]) != want.Value["a"][0] {
			t.Fatalf("%q: got the fields %q, want %q", body, got, want.Value["a"])
		}
	})
}

// FuzzJSONList holds the items of an array against encoding/json's.
func FuzzJSONList(f *testing.F) {
	for _, seed := range []string{`[]`, `["a","b"]`, ` [ "]" , "\u00e4" ] `, `[1]`, `[["a"]]`, `{"n":["x"]}`, `["a",null]`} {
		f.Add([]byte(seed))
	}
	ps := declaring(f, map[string]ParamConfig{"json.n": {Type: "list", Items: "string", Required: ptr(false)}})
	f.Fuzz(func(t *testing.T, array []byte) {
		var v values
		v.reset(1, 1)
		faults := ps.takeJSON(fmt.Appendf(nil, `{"n":%s}`, array), &v)
		var want []*string
		err := json.Unmarshal(array, &want)
		if err != nil || want == nil || slices.Contains(want, nil) || !utf8.Valid(array) || bytes.Contains(array, []byte(`\ud`)) || bytes.Contains(array, []byte(`\uD`)) {
			return // not a list of strings, or one that may have half a surrogate pair
		}
		if len(faults) > 0 || len(v.of(0)) != len(want) {
			t.Fatalf("%q: got %d items, %v, want %d", array, len(v.of(0)), faults, len(want))
		}
		for i, arg := range v.of(0) {
			if string(arg.Text) != *want[i] {
				t.Fatalf("%q: got item %d as %q, want %q", array, i, arg.Text, *want[i])
			}
		}
	})
}

// Declared parameters that are no lists, forms or JSON cost no allocation.
func TestDeclaredAllocatesNothing(t *testing.T) {
	ps := declaring(t, map[string]ParamConfig{
		"query.n": {Type: "integer", Min: ptr("1"), Max: ptr("1000")}, "query.d": {Type: "date"}, "query.s": {Type: "string", MaxLength: ptr(9), Pattern: "[a-z]+"},
		"query.u": {Type: "uuid"}, "query.x": {Type: "number", Max: ptr("9.5")}, "query.b": {Type: "boolean"}, "query.none": {Type: "integer", Default: []string{"1"}},
	})
	rc := get(t, "n=5&d=2026-11-22&s=abc&u=0190163d-8694-739b-aea5-966c26f8ad91&x=1.50&b=true")
	var v values
	got := testing.AllocsPerRun(100, func() {
		if err := ps.take(context.Background(), rc, &v); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}
