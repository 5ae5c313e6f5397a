package gateway

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestRouterPrecedence(t *testing.T) {
	r := newTestRouter(t, "/", "GET /users/{id}", "GET /users/me", "/static/", "/exact/{$}", "POST h.test/", "/files/{path...}", "DELETE /users/{id}")
	f := func(method, host, raw, want string, values ...string) {
		t.Helper()
		got, captured := ask(t, r, method, host, raw)
		if got != want || strings.Join(captured, "|") != strings.Join(values, "|") {
			t.Errorf("%s %s%s: got %q %q, want %q %q", method, host, raw, got, captured, want, values)
		}
	}
	f("GET", "", "/users/7", "GET /users/{id}", "7")
	f("HEAD", "", "/users/7", "GET /users/{id}", "7")
	f("GET", "", "/users/me", "GET /users/me")
	f("GET", "", "/users/a%2Fb", "GET /users/{id}", "a/b")
	f("POST", "", "/users/7", "/")
	f("POST", "h.test", "/users/7", "POST h.test/")
	f("GET", "h.test", "/users/7", "GET /users/{id}", "7")
	f("GET", "", "/static", "redirect /static/")
	f("GET", "", "/static/a/b", "/static/")
	f("GET", "", "/exact", "redirect /exact/")
	f("GET", "", "/exact/", "/exact/{$}")
	f("GET", "", "/exact/x", "/")
	f("GET", "", "/files", "redirect /files/")
	f("GET", "", "/files/", "/files/{path...}", "")
	f("GET", "", "/files/a%2Fb/c%20d/", "/files/{path...}", "a/b/c d/")
	f("GET", "", "//users/./x/../7", "GET /users/{id}", "7")
}

// A path with a suffix belongs to the route that has it, and no wildcard takes
// the suffix along, unless a pattern for just this path stands in front.
func TestRouterSuffixes(t *testing.T) {
	var r router
	for _, text := range []string{"GET /users", "GET /users/{id}", "GET /{any}", "GET /users/all.csv", "/{a}/{b}", "POST /users/{id}/{$}", "GET h.test/{x}"} {
		rt := newTestRoute(t, text, nil)
		if strings.HasPrefix(text, "GET /users") {
			for _, name := range []string{"csv", "json"} {
				rt.variants = append(rt.variants, rt.variant(rt.pattern.withSuffix("."+name), nil))
			}
		}
		for _, rt := range append(rt.variants, rt) {
			if err := r.add(rt, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	f := func(method, raw, want, suffix string, values ...string) {
		t.Helper()
		var p path
		if err := p.parse([]byte(raw)); err != nil {
			t.Fatal(err)
		}
		rt, captured, _ := r.find([]byte("x.test"), []byte(method), &p, nil)
		if rt == nil {
			t.Fatalf("%s %s: no route", method, raw)
		}
		var got []string
		for i := range rt.names {
			got = append(got, string(p.slice(captured[i])))
		}
		if rt.pattern.text != want || rt.pattern.suffix != suffix || !slices.Equal(got, values) {
			t.Errorf("%s %s: got %v %q, want %q %s %q", method, raw, rt.pattern, got, want, suffix, values)
		}
	}
	f("GET", "/users", "GET /users", "")
	f("HEAD", "/users.csv", "GET /users", ".csv")
	f("GET", "//./users%2ejson", "GET /users", ".json")
	f("GET", "/users.xml", "GET /{any}", "", "users.xml")
	f("GET", "/USERS.csv", "GET /{any}", "", "USERS.csv")
	f("GET", "/users/7.csv", "GET /users/{id}", ".csv", "7")
	f("GET", "/users/7.json.csv", "GET /users/{id}", ".csv", "7.json")
	f("GET", "/users/a%2Fb.json", "GET /users/{id}", ".json", "a/b")
	f("GET", "/users/.json", "GET /users/{id}", "", ".json")
	f("GET", "/users/7.CSV", "GET /users/{id}", "", "7.CSV")
	f("GET", "/users/all.csv", "GET /users/all.csv", "")
	f("GET", "/users/all.csv.csv", "GET /users/all.csv", ".csv")
	f("GET", "/users/all.json", "GET /users/{id}", ".json", "all")
	f("POST", "/users/7.csv", "/{a}/{b}", "", "users", "7.csv")
	f("POST", "/users/7.csv/", "POST /users/{id}/{$}", "", "7.csv")
}

func TestRouterAllowed(t *testing.T) {
	r := newTestRouter(t, "GET /a", "POST /a", "DELETE h.test/a", "PUT /b/")
	f := func(method, host, raw, want string) {
		t.Helper()
		if got, _ := ask(t, r, method, host, raw); got != want {
			t.Errorf("%s %s%s: got %q, want %q", method, host, raw, got, want)
		}
	}
	f("PUT", "", "/a", "405 GET, HEAD, POST")
	f("OPTIONS", "h.test", "/a", "405 DELETE, GET, HEAD, POST")
	f("GET", "", "/b/c", "405 PUT")
	f("GET", "", "/b", "405 PUT")
	f("GET", "", "/c", "404")
}

func TestRouterRefusesConflicts(t *testing.T) {
	var r router
	a, b := newTestRoute(t, "/a/{x}", nil), newTestRoute(t, "/{y}/b", nil)
	if err := r.add(a, nil); err != nil {
		t.Fatal(err)
	}
	if err := r.add(b, []*route{a}); err == nil || !strings.Contains(err.Error(), "both match /a/b") {
		t.Errorf("got %v, want the conflict explained", err)
	}
}

// The oracle is net/http.ServeMux, in random tables asked random questions.
func TestRouterLikeServeMux(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		var r router
		var routes []*route
		mux := http.NewServeMux()
		for range 1 + rng.IntN(8) {
			rt := newTestRoute(t, randomPattern(rng), nil)
			if r.add(rt, routes) == nil {
				routes = append(routes, rt)
				mux.HandleFunc(rt.pattern.text, func(w http.ResponseWriter, req *http.Request) {
					for _, name := range rt.names {
						w.Header().Add("Value", req.PathValue(name))
					}
				})
			}
		}
		for range 40 {
			compareWithMux(t, rng, &r, routes, mux)
		}
	}
}

func compareWithMux(t *testing.T, rng *rand.Rand, r *router, routes []*route, mux *http.ServeMux) {
	t.Helper()
	pick := func(s ...string) string { return s[rng.IntN(len(s))] }
	raw := ""
	for range rng.IntN(5) {
		raw += "/" + pick("a", "b", "c", "a%2Fb", "%61")
	}
	raw += pick("/", "/a", "")
	if raw == "" {
		raw = "/"
	}
	method, host := pick("GET", "HEAD", "POST", "PUT"), pick("h.test", "i.test:80", "j.test")
	got, values := ask(t, r, method, host, raw)

	req := httptest.NewRequest(method, "http://"+host+raw, nil)
	_, want := mux.Handler(req)
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, req)
	switch answer.Code {
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect:
		want = "redirect " + answer.Header().Get("Location")
		got = strings.ReplaceAll(got, "%2F", "/") // ServeMux writes the slash that it had kept apart
	case http.StatusNotFound:
		want = "404"
	case http.StatusMethodNotAllowed:
		want = "405 " + answer.Header().Get("Allow")
	}
	wantValues := answer.Header().Values("Value")
	if got != want || strings.Join(values, "|") != strings.Join(wantValues, "|") {
		var table []string
		for _, rt := range routes {
			table = append(table, rt.pattern.text)
		}
		t.Fatalf("%s %s%s in %q: got %q %q, want %q %q", method, host, raw, table, got, values, want, wantValues)
	}
}

func TestHostname(t *testing.T) {
	f := func(host, want string) {
		t.Helper()
		if got := string(hostname(nil, []byte(host))); got != want {
			t.Errorf("hostname(%q): got %q, want %q", host, got, want)
		}
	}
	f("", "")
	f("Example.COM", "example.com")
	f("example.com:8080", "example.com")
	f("[::1]:80", "[::1]")
	f("[::1]", "[::1]")
}

func TestRouterFindDoesNotAllocate(t *testing.T) {
	r := newTestRouter(t, "GET /getuser", "GET /users/{id}", "/static/", "GET h.test/x")
	var p path
	var values []span
	host, method := []byte("h.test"), []byte("GET")
	for _, raw := range []string{"/getuser", "/users/7", "/static/a/b.css", "/users/a%2Fb"} {
		target := []byte(raw)
		got := testing.AllocsPerRun(100, func() {
			if err := p.parse(target); err != nil {
				t.Fatal(err)
			}
			var rt *route
			if rt, values, _ = r.find(host, method, &p, values[:0]); rt == nil {
				t.Fatal("no route")
			}
		})
		if got != 0 {
			t.Errorf("%s: got %v allocations, want 0", raw, got)
		}
	}
}

func BenchmarkRouterFind(b *testing.B) {
	r := newTestRouter(b, "/", "GET /getuser", "GET /users/{id}", "/static/", "POST /users", "GET /a/b/c/d/{e}")
	for _, raw := range []string{"/getuser", "/users/7", "/static/a/b.css", "/a/b/c/d/e"} {
		b.Run(raw[1:], func(b *testing.B) {
			var p path
			var values []span
			target, method := []byte(raw), []byte("GET")
			for b.Loop() {
				_ = p.parse(target)
				_, values, _ = r.find(nil, method, &p, values[:0])
			}
		})
	}
}

// ask returns the pattern and the values that a request finds, or
// "redirect LOCATION", "405 ALLOW" or "404".
func ask(t testing.TB, r *router, method, host, raw string) (answer string, values []string) {
	t.Helper()
	var p path
	if err := p.parse([]byte(raw)); err != nil {
		t.Fatalf("parse %q: %v", raw, err)
	}
	name := hostname(nil, []byte(host))
	rt, captured, redirect := r.find(name, []byte(method), &p, nil)
	switch {
	case redirect:
		return "redirect " + string(p.appendLocation(nil)), nil
	case rt != nil:
		for i := range rt.names {
			values = append(values, string(p.slice(captured[i])))
		}
		return rt.pattern.text, values
	}
	if allow, _ := r.allowed(name, &p); allow != "" {
		return "405 " + allow, nil
	}
	return "404", nil
}

func newTestRouter(t testing.TB, patterns ...string) *router {
	t.Helper()
	r := &router{}
	var routes []*route
	for _, text := range patterns {
		rt := newTestRoute(t, text, nil)
		if err := r.add(rt, routes); err != nil {
			t.Fatal(err)
		}
		routes = append(routes, rt)
	}
	return r
}
