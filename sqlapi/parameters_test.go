package sqlapi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi/wire"
)

// lookups answers for the sources path, auth and client, by source and name.
type lookups map[string]string

func (l lookups) Lookup(source Source, name string) ([]byte, bool) {
	value, ok := l[sourceNames[source-1]+"."+name]
	if !ok {
		return nil, false
	}
	return []byte(value), true
}

// readRequest reads a request as a server does, so that all of it is as a
// client would have it.
func readRequest(t testing.TB, lines ...string) *fasthttp.RequestCtx {
	t.Helper()
	rc := new(fasthttp.RequestCtx)
	if err := rc.Request.Read(bufio.NewReader(strings.NewReader(strings.Join(lines, "\r\n")))); err != nil {
		t.Fatalf("read request: %v", err)
	}
	return rc
}

// post is a request with a body.
func post(t testing.TB, contentType, body string) *fasthttp.RequestCtx {
	t.Helper()
	return readRequest(t, "POST / HTTP/1.1", "Host: h", "Content-Type: "+contentType, fmt.Sprintf("Content-Length: %d", len(body)), "", body)
}

func mustParse(t testing.TB, sql string) *Statement {
	t.Helper()
	s, err := ParseStatement(sql)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// bound are a statement's parameters, and the query that asks for them.
type bound struct {
	*parameters
	*query
}

func bindingOf(t testing.TB, sql string) bound {
	t.Helper()
	ps := &parameters{}
	return bound{ps, newQuery(mustParse(t, sql), ps, nil)}
}

// arguments returns the statement's arguments for a request.
func (b bound) arguments(ctx context.Context, rc *fasthttp.RequestCtx) ([][]byte, error) {
	var v values
	if err := b.take(ctx, rc, &v); err != nil {
		return nil, err
	}
	_, args := b.bind(&v, nil)
	var got [][]byte
	for _, arg := range args {
		got = append(got, arg.Text)
	}
	return got, nil
}

// argumentsOf binds the parameters, written with blanks between them, to a request.
func argumentsOf(t testing.TB, rc *fasthttp.RequestCtx, params string, known lookups) ([][]byte, error) {
	t.Helper()
	b := bindingOf(t, "select "+strings.Join(strings.Fields(params), ", "))
	return b.arguments(context.WithValue(context.Background(), LookupKey, known), rc)
}

func checkArguments(t *testing.T, rc *fasthttp.RequestCtx, params string, want ...string) {
	t.Helper()
	known := lookups{"path.id": "7", "auth.user": "bob", "auth.password": "se:cret\u00ff", "client.ip": "::1", "client.port": "4711"}
	got, err := argumentsOf(t, rc, params, known)
	if err != nil {
		t.Errorf("%s: %v", params, err)
		return
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("%s: got %q, want %q", params, got, want)
	}
	for i := range got {
		if got[i] == nil {
			t.Errorf("%s: argument %d is nil, want the empty string", params, i)
		}
	}
}

func TestArgumentsOfTheServer(t *testing.T) {
	rc := readRequest(t, "GET / HTTP/1.1", "Host: h", "", "")
	checkArguments(t, rc, ":path.id :auth.user :auth.password :client.ip :client.port :path.none", "7", "bob", "se:cret\u00ff", "::1", "4711", "")
}

func TestArgumentsWithoutLookuper(t *testing.T) {
	rc := readRequest(t, "GET /?a=1 HTTP/1.1", "Host: h", "", "")
	if got, err := bindingOf(t, "select :query.a").arguments(context.Background(), rc); err != nil || string(got[0]) != "1" {
		t.Errorf("got %q, %v, want 1: nobody has to be asked for it", got, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("got no panic for a context that cannot answer for :path.id")
		}
	}()
	bindingOf(t, "select :path.id").arguments(context.Background(), rc)
}

func TestArgumentsOfTheQuery(t *testing.T) {
	f := func(query, params string, want ...string) {
		t.Helper()
		checkArguments(t, readRequest(t, "GET /?"+query+" HTTP/1.1", "Host: h", "", ""), params, want...)
	}
	f("a=1&b=2", ":query.b :query.a :query.c :query.a", "2", "1", "", "1")
	f("a=first&a=second", ":query.a", "first")
	f("a=&a=second", ":query.a", "")
	f("a", ":query.a", "")
	f("a=b=c", ":query.a", "b=c")
	f("a=x+y%20z%2B%26%3D", ":query.a", "x y z+&=")
	f("a=%00%c3%bf%27", ":query.a", "\x00\u00ff'")
	f("a=100%&b=%zz", ":query.a :query.b", "100%", "%zz")
	f("page-size=5&a%62c=6", `:query."page-size" :query.abc`, "5", "6")
	f("A=1", ":query.a", "")
	f("user.name=x", ":query.user.name", "x")
}

func TestArgumentsOfHeaders(t *testing.T) {
	rc := readRequest(t, "GET / HTTP/1.1", "Host: example.org:80", "User-Agent: curl", "x-REQUEST-id: one", "X-Request-Id: two",
		"X_Odd: under", "X-Empty:", "Authorization: Basic Zm9v", "Cookie: sid=abc; sid=def; q=\"x y\"", "Cookie: late=1", "", "")
	checkArguments(t, rc, ":header.X_Request_ID :header.x_request_id :header.host :header.user_agent", "one", "one", "example.org:80", "curl")
	checkArguments(t, rc, `:header."X_Odd" :header.x_odd :header.x_empty :header.none :header.authorization`, "under", "", "", "", "Basic Zm9v")
	checkArguments(t, rc, ":cookie.sid :cookie.q :cookie.late :cookie.none :cookie.SID", "abc", "x y", "1", "", "")
}

func TestArgumentsOfHeadersLeaveTrailersOut(t *testing.T) {
	rc := readRequest(t, "POST / HTTP/1.1", "Host: h", "X-Tag: one", "x-tag: two", "Transfer-Encoding: chunked", "Trailer: X-User", "",
		"3", "abc", "0", "X-User: root", "", "")
	checkArguments(t, rc, ":header.x_tag :header.x_user :header.host", "one", "", "h")
}

func TestArgumentsOfAForm(t *testing.T) {
	f := func(contentType, body, params string, want ...string) {
		t.Helper()
		checkArguments(t, post(t, contentType, body), params, want...)
	}
	const form = "application/x-www-form-urlencoded"
	f(form, "a=1&b=x+y%26&a=2", ":form.a :form.b :form.c", "1", "x y&", "")
	f(form+"; charset=utf-8", "a=1", ":form.a", "1")
	f("Application/X-WWW-Form-Urlencoded", "a=1&b=2", ":form.a :form.b", "1", "2")
	f(form, "", ":form.a", "")
	f(form, "a=1", ":query.a", "")
	f(form, "a=1", ":form.a :json.a", "1", "")
	f("application/json", `{"a":1}`, ":form.a :json.a", "", "1")
	f("text/plain", "", ":form.a", "")
	f("text/plain", "a=1", ":query.a", "")
}

// TestArgumentsOfAnotherMediaType sends bodies that no parameter reads: taken
// as absent, they would be empty values.
func TestArgumentsOfAnotherMediaType(t *testing.T) {
	f := func(contentType, params string) {
		t.Helper()
		got, err := argumentsOf(t, post(t, contentType, `{"a":"x"}`), params, nil)
		if !errors.Is(err, ErrMediaType) || len(got) != 0 {
			t.Errorf("%s: got %q, %v, want %v", contentType, got, err, ErrMediaType)
		}
	}
	f("application/x-www-form-urlencodedish", ":form.a")
	f("application/json", ":form.a")
	f("text/plain", ":form.a")
	f("application/x-www-form-urlencoded", ":json.a")
	f("+json", ":json.a")
	f("text/plain", ":json.a :form.a")
	f("application/jsonp", ":json.a")
	f("", ":json.a")
}

// TestArgumentsThatAreNoText sends bytes that are not UTF-8 in every source.
func TestArgumentsThatAreNoText(t *testing.T) {
	f := func(rc *fasthttp.RequestCtx, params string, want ...string) {
		t.Helper()
		known := lookups{"path.id": "\xff", "auth.user": "\xc3", "auth.password": "\xed\xa0\x80"}
		_, err := argumentsOf(t, rc, params, known)
		fault, ok := errors.AsType[*ParameterError](err)
		if !ok || len(fault.Faults) != len(want) {
			t.Errorf("%s: got %v, want faults of %q", params, err, want)
			return
		}
		for i, got := range fault.Faults {
			if got.Parameter != want[i] || got.Problem != notUTF8 {
				t.Errorf("%s: got %+v, want %s", params, got, want[i])
			}
		}
	}
	rc := readRequest(t, "GET /?a=%ff&b=b&%ff=c HTTP/1.1", "Host: h", "X-A: a\xff", "Cookie: sid=\x80", "", "")
	f(rc, ":query.a :query.b :header.x_a :cookie.sid", "query.a", "header.x_a", "cookie.sid")
	f(rc, ":path.id :auth.user :auth.password", "path.id", "auth.user", "auth.password")
	f(post(t, "application/x-www-form-urlencoded", "a=1&b=%ff"), ":form.a :form.b", "form.b")
	f(post(t, "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=b\r\n\r\n\xff\r\n--x--\r\n"), ":form.b", "form.b")
}

func TestArgumentsOfAnEncodedBody(t *testing.T) {
	f := func(params string, refused bool, headers ...string) {
		t.Helper()
		lines := append([]string{"POST / HTTP/1.1", "Host: h", "Content-Type: application/json", "Content-Length: 9"}, headers...)
		_, err := argumentsOf(t, readRequest(t, append(lines, "", `{"a":"x"}`)...), params, nil)
		if errors.Is(err, ErrMediaType) != refused || err != nil && !refused {
			t.Errorf("%s with %q: got %v, want it refused: %v", params, headers, err, refused)
		}
	}
	f(":json.a", false)
	f(":json.a", false, "Content-Encoding: Identity", "Content-Encoding:")
	f(":json.a", true, "Content-Encoding: gzip")
	f(":json.a", true, "content-encoding: identity", "Content-Encoding: br")
	f(":json.a", true, "Content-Encoding: identity, gzip")
	f(":query.a", false, "Content-Encoding: gzip") // nobody reads the body
}

func TestArgumentsAllocateNothing(t *testing.T) {
	b := bindingOf(t, "select :path.id, :query.a, :query.none, :header.x_request_id, :cookie.sid, :auth.user, :auth.password, :client.ip, :client.port")
	rc := readRequest(t, "GET /?a=x+y HTTP/1.1", "Host: h", "X-Request-Id: one", "Cookie: sid=abc", "", "")
	ctx := context.WithValue(context.Background(), LookupKey, Lookuper(fixedLookuper("value")))
	var v values
	var args []wire.Argument
	got := testing.AllocsPerRun(100, func() {
		if err := b.take(ctx, rc, &v); err != nil {
			t.Fatal(err)
		}
		_, args = b.bind(&v, args[:0])
	})
	if got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

// fixedLookuper answers everything with itself.
type fixedLookuper []byte

func (f fixedLookuper) Lookup(Source, string) ([]byte, bool) { return f, true }

func TestArgumentsReportEveryFault(t *testing.T) {
	rc := post(t, "application/json", `{"a":true,"b":[1],"c":{},"d":"x","e":"\ud800"}`)
	got, err := argumentsOf(t, rc, `:json.a :json.b :query.q :json.c :json.d.f :json."e" :json.a`, nil)
	var fault *ParameterError
	if !errors.As(err, &fault) || !errors.Is(err, ErrParameter) {
		t.Fatalf("got %v, want a ParameterError", err)
	}
	if len(got) != 0 {
		t.Errorf("got the arguments %q beside an error", got)
	}
	const wrong = "must be a string or a number"
	want := []ParameterFault{
		{"json.a", "#/a", wrong}, {"json.b", "#/b", wrong}, {"json.c", "#/c", wrong},
		{"json.d.f", "#/d/f", `"d" must be an object`},
		{`json."e"`, "#/e", "has half a surrogate pair, which is no character"},
	}
	if fmt.Sprint(fault.Faults) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", fault.Faults, want)
	}
}
