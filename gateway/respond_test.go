package gateway

import (
	"encoding/json"
	"strings"
	"testing"
)

const respondRoutes = `
[[routes]]
match = "GET /text"
respond = { body = "Hello, {query.name}! {{}}" }
[[routes]]
match = "GET /page/{id}"
respond = { status = 404, body = "<p title='{path.id}'>{query.x}</p>", headers = { content-type = "text/html; charset=utf-8" } }
[[routes]]
match = "POST /json/{id}"
[routes.respond]
status = 201
[routes.respond.headers]
X-Id = "id {path.id}; {header.x_note}"
Location = "/users/{path.id}?by={query.by}"
[routes.respond.json]
z = [1, -2.5, 1e30, true, { deep = "<{json.user.name}>" }]
"a \"b\"" = 1979-05-27T07:32:00Z
text = "{path.id} says \"{form.none}\"\n"
[[routes]]
match = "GET /fixed"
respond = { json = { b = [], a = {} }, headers = { Cache-Control = "max-age=60" } }
[[routes]]
match = "GET /list"
respond = { json = [] }
[[routes]]
match = "GET /empty"
respond = {}
[[routes]]
match = "GET /gone"
respond = { status = 204, headers = { X-Why = "no content" } }
[[routes]]
match = "GET /moved"
respond = { status = 302, headers = { Location = "https://example.com/" } }
[[routes]]
match = "/ret"
respond = { errcode = 403, errstr = "Forbidden" }
[[routes]]
match = "GET /named"
errcode_key = "code"
errstr_key = "text"
respond = { errcode = 404, errstr = "no {query.what}", status = 404 }
[[routes]]
match = "GET /code"
respond = { errcode = 0 }
`

func TestRespond(t *testing.T) {
	ts := startText(t, respondRoutes)
	f := func(got answer, status int, contentType, body string) {
		t.Helper()
		if got.StatusCode != status || got.Header.Get("Content-Type") != contentType || got.body != body {
			t.Errorf("%s: got %d %q %s\nwant %d %q %s", got.Header.Get("X-Request-Id"), got.StatusCode, got.Header.Get("Content-Type"), got.body, status, contentType, body)
		}
	}
	const textType, jsonType, htmlType = "text/plain; charset=utf-8", "application/json", "text/html; charset=utf-8"
	f(ts.get("/text?name=%3Cb%3E{query.x}"), 200, textType, "Hello, <b>{query.x}! {}}")
	f(ts.get("/text"), 200, textType, "Hello, ! {}}")
	f(ts.get("/page/'%3E?x=%3Cscript%3E&"), 404, htmlType, "<p title='&#39;&gt;'>&lt;script&gt;</p>")
	f(ts.get("/fixed"), 200, jsonType, `{"b":[],"a":{}}`)
	f(ts.get("/list"), 200, jsonType, `[]`)
	f(ts.get("/empty"), 200, "", "")
	f(ts.get("/gone"), 204, "", "")
	f(ts.get("/moved"), 302, "", "")
	f(ts.get("/ret"), 200, jsonType, `{"errcode":403,"errstr":"Forbidden"}`)
	f(ts.do("DELETE /ret HTTP/1.1\r\nHost: h.test\r\n\r\n"), 200, jsonType, `{"errcode":403,"errstr":"Forbidden"}`)
	f(ts.get("/named?what=%22x%22%0a"), 404, jsonType, `{"code":404,"text":"no \"x\"\n"}`)
	f(ts.get("/code"), 200, jsonType, `{"errcode":0}`)
	if got := ts.get("/moved").Header.Get("Location"); got != "https://example.com/" {
		t.Errorf("got Location: %s", got)
	}
	if got := ts.get("/fixed").Header.Get("Cache-Control"); got != "max-age=60" {
		t.Errorf("got Cache-Control: %s", got)
	}
	if got := ts.do("HEAD /text HTTP/1.1\r\nHost: h.test\r\n\r\n"); got.StatusCode != 200 || got.ContentLength != int64(len("Hello, ! {}}")) || got.body != "" {
		t.Errorf("HEAD: got %d, %d bytes, %q", got.StatusCode, got.ContentLength, got.body)
	}
}

func TestRespondWithABody(t *testing.T) {
	ts := startText(t, respondRoutes)
	post := func(target, note, contentType, body string) answer {
		t.Helper()
		return ts.do("POST " + target + " HTTP/1.1\r\nHost: h.test\r\nX-Note: " + note + "\r\nContent-Type: " + contentType + "\r\nContent-Length: " +
			strings.TrimSpace(string(encoded(len(body)))) + "\r\n\r\n" + body)
	}
	got := post("/json/7%0a%22?by=a%26b=/%20%0d%0a", "ünï", "application/json", `{"user":{"name":"\"bob\" 😀"}}`)
	if got.StatusCode != 400 || !strings.Contains(got.body, `"parameter":"path.id"`) || got.Header.Get("Location") != "" {
		t.Errorf("got %d %s %v, want a line break in a header refused", got.StatusCode, got.body, got.Header)
	}
	got = post("/json/7%22?by=a%26b=/%20%0d%0a", "ünï", "application/json", `{"user":{"name":"\"bob\" 😀"}}`)
	want := `{"z":[1,-2.5,1e+30,true,{"deep":"<\"bob\" 😀>"}],"a \"b\"":"1979-05-27T07:32:00Z","text":"7\" says \"\"\n"}`
	if got.StatusCode != 201 || got.body != want || !json.Valid([]byte(got.body)) {
		t.Errorf("got %d %s\nwant %s", got.StatusCode, got.body, want)
	}
	if id, location := got.Header.Get("X-Id"), got.Header.Get("Location"); id != `id 7"; ünï` || location != "/users/7%22?by=a%26b%3D%2F%20%0D%0A" {
		t.Errorf("got X-Id: %s, Location: %s", id, location)
	}
	if got := post("/json/1", "", "application/json", `{"user":`); got.StatusCode != 400 {
		t.Errorf("got %d for half a body, want 400", got.StatusCode)
	}
	if got := post("/json/1", "", "text/plain", "x"); got.StatusCode != 415 {
		t.Errorf("got %d for a body that is not read, want 415", got.StatusCode)
	}
	// No byte of a name makes the answer anything but JSON.
	if got := post("/json/%ff", "", "application/json", `{}`); got.StatusCode != 400 {
		t.Errorf("got %d %s for a value that is not UTF-8, want 400", got.StatusCode, got.body)
	}
}

func TestRespondFaults(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		got := faultsOf("[[routes]]\nmatch = 'GET /a/{id}'\n" + text)
		if len(got) != len(want) {
			t.Fatalf("%s: got %q, want %q", text, got, want)
		}
		for i := range want {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("%s:\n got %s\nwant %s", text, got[i], want[i])
			}
		}
	}
	f("respond = { body = 'x' }")
	f("respond = 'x'", "3:11: a table is wanted here, not a text")
	f("respond = { text = 'x' }", `3:13: unknown key "text" in routes.respond`)
	f("respond = { status = 0 }", "3:22: routes[0].respond.status: 0 is no status of an answer")
	f("respond = { status = 101 }", "3:22: routes[0].respond.status: 101")
	f("respond = { status = 204, body = 'x' }", "3:34: routes[0].respond.body: an answer with the status 204 has no body")
	f("respond = { status = 304, json = {} }", "3:34: routes[0].respond.json: an answer with the status 304 has no body")
	f("respond = { body = 'x', json = false }", "3:32: routes[0].respond.json: an answer has one body, and body is there already")
	f("respond = { errcode = 1, body = 'x' }", "3:23: routes[0].respond.errcode: an answer has one body")
	f("respond = { errstr = 'x' }", "3:22: routes[0].respond.errstr: there is no errcode for it")
	f("respond = { json = [1, { x = inf }, nan] }", "3:30: routes[0].respond.json[1].x: JSON has no number", "3:37: routes[0].respond.json[2]: JSON has no number")

	f("respond = { body = '{query.x} {path.di} {json.x} {x} {' }",
		"3:31: routes[0].respond.body: the route's pattern has no {di}", "3:41: routes[0].respond.body: a GET request has no body",
		"3:50: routes[0].respond.body: ", "3:54: routes[0].respond.body: ")
	f("respond = { json = { a = ['{auth.user}'] } }", "3:28: routes[0].respond.json.a[0]: the route asks for no credentials")
	f("respond = { errcode = 1, errstr = '{last.insert_id}' }", "3:36: routes[0].respond.errstr: {last.insert_id} is no part of the request")
	f("respond = { headers = { X-A = '{query.}' } }", "3:38: routes[0].respond.headers.X-A: a dot without a name behind it")

	f("respond = { headers = { Content-Length = '1' } }", "3:42: routes[0].respond.headers.Content-Length: no answer may set this header")
	f("respond = { headers = { transfer-encoding = 'chunked', CONNECTION = 'close', 'Keep-Alive' = '1', Upgrade = 'h2c', TE = 'x', Date = 'x', X-Request-Id = 'x' } }",
		"3:45: ", "3:69: ", "3:93: ", "3:108: ", "3:120: ", "3:132: ", "3:152: ")
	f("respond = { headers = { 'X A' = '1' } }", `3:33: routes[0].respond.headers."X A": "X A" is no name of a header`)
	f("respond = { headers = { '' = '1', 'X:' = '1', 'ü' = '1' } }", "3:30: ", "3:42: ", "3:53: ")
	f("respond = { headers = { x-a = '1', X-A = '2' } }", "3:31: routes[0].respond.headers.x-a: the header is there twice, as X-A too")
	f(`respond = { headers = { X-A = "a\r\nX-B: b" } }`, "3:31: routes[0].respond.headers.X-A: a header cannot hold a line break")
	f("respond = { body = 'x', headers = { Content-Type = '{query.x}' } }", `3:52: routes[0].respond.headers.Content-Type: "{query.x}" is no content type`)

	// What only a statement can have.
	f("respond = { body = 'x' }\ndatabase = 'main'\ncredentials = 'basic'\nshape = 'object'\nformat = 'csv'",
		"4:12: routes[0].database: a route with a fixed answer asks no database", "5:15: routes[0].credentials: nothing here checks the password",
		"6:9: routes[0].shape: ", "7:10: routes[0].format: ")
	f("respond = { body = 'x' }\nsql = 'select 1'", "4:7: routes[0].sql: one route, two answers: respond and sql")
}
