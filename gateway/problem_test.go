package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"zerohop/backends"
	"zerohop/sqlapi"
)

func TestErrorsBecomeProblems(t *testing.T) {
	var failure error
	ts := startServer(t, testLimits(), newTestRoute(t, "GET /fail/{how}", func(_ context.Context, rc *fasthttp.RequestCtx) error {
		rc.Response.Header.Set("X-Half-Done", "yes")
		rc.SetBodyString("half done")
		return failure
	}))
	repeated := map[string]bool{}
	cause := errors.New("select secret from t at 10.0.0.1:3306")
	f := func(err error, status int, code string) {
		t.Helper()
		failure = err
		got := ts.get("/fail/now")
		var doc struct {
			Type, Title, Code, Detail string
			Status                    int
			RequestID                 string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(got.body), &doc); err != nil {
			t.Fatalf("%v: %v in %s", failure, err, got.body)
		}
		if got.StatusCode != status || doc.Status != status || doc.Code != code {
			t.Errorf("%v: got %d with %+v, want %d %s", failure, got.StatusCode, doc, status, code)
		}
		if doc.Type != "about:blank" || doc.Title == "" || doc.Detail == "" || doc.RequestID != got.Header.Get("X-Request-Id") {
			t.Errorf("%v: got %s, want type, title, detail and the request's id", failure, got.body)
		}
		if got.Header.Get("Content-Type") != "application/problem+json" || got.Header.Get("X-Half-Done") != "" || got.Header.Get("Server") != "zerohop" || got.Header.Get("Date") == "" {
			t.Errorf("%v: got the header %v", failure, got.Header)
		}
		if again := got.Header.Get("Retry-After") != ""; again != (status == 503) {
			t.Errorf("%v: got Retry-After %t for a %d", failure, again, status)
		}
		if got.Close {
			t.Errorf("%v: the connection was closed", failure)
		}
		if strings.Contains(got.body, "secret") || strings.Contains(got.body, "10.0.0.1") {
			t.Errorf("%v: the cause is public: %s", failure, got.body)
		}
		if !strings.Contains(ts.log.String(), "request_id="+doc.RequestID) && !repeated[code] {
			t.Errorf("%v: not in the log: %s", failure, ts.log.String())
		}
		repeated[code] = status >= 500 // of one kind there is one line a second
	}
	wrap := func(kind error) error { return fmt.Errorf("run: %w: %w", kind, cause) }
	f(wrap(sqlapi.ErrParameter), 400, "bad_parameter")
	f(wrap(sqlapi.ErrConflict), 409, "conflict")
	f(wrap(sqlapi.ErrUnprocessable), 422, "unprocessable")
	f(wrap(sqlapi.ErrPoolFull), 503, "pool_full")
	f(backends.ErrFull, 503, "pool_full")
	f(wrap(sqlapi.ErrUnavailable), 503, "unavailable")
	f(wrap(fmt.Errorf("%w: %w", sqlapi.ErrInterrupted, sqlapi.ErrUnavailable)), 503, "unavailable")
	f(wrap(sqlapi.ErrBroken), 502, "bad_gateway")
	f(wrap(sqlapi.ErrTimeout), 504, "timeout")
	f(context.DeadlineExceeded, 504, "timeout")
	f(wrap(sqlapi.ErrStatement), 500, "internal")
	f(cause, 500, "internal")
	if log := ts.log.String(); !strings.Contains(log, "select secret") || !strings.Contains(log, `route="GET /fail/{how}"`) {
		t.Errorf("got the log %s, want the cause and the route", log)
	}
}

func TestParameterFaultsAreListed(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "GET /", func(context.Context, *fasthttp.RequestCtx) error {
		return &sqlapi.ParameterError{Faults: []sqlapi.ParameterFault{{Parameter: "query.page", Problem: `not "a number"`}, {Parameter: "path.id", Problem: "missing"}}}
	}))
	got := ts.get("/")
	want := `"errors":[{"parameter":"query.page","detail":"not \"a number\""},{"parameter":"path.id","detail":"missing"}]}`
	if got.StatusCode != 400 || !strings.HasSuffix(got.body, want) {
		t.Errorf("got %d %s, want 400 with %s", got.StatusCode, got.body, want)
	}
}

func TestNotFoundAndMethodNotAllowed(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "GET /a", say("a")), newTestRoute(t, "POST /a", say("a")), newTestRoute(t, "/dir/", say("dir")))
	if got := ts.get("/b"); got.StatusCode != 404 || !strings.Contains(got.body, `"code":"not_found"`) {
		t.Errorf("got %d %s, want 404", got.StatusCode, got.body)
	}
	for _, method := range []string{"PUT", "OPTIONS", "TRACE", "get"} {
		got := ts.do(method + " /a HTTP/1.1\r\nHost: h.test\r\n\r\n")
		if got.StatusCode != 405 || got.Header.Get("Allow") != "GET, HEAD, POST" || got.Close {
			t.Errorf("%s: got %d, Allow %q, close %t, want 405", method, got.StatusCode, got.Header.Get("Allow"), got.Close)
		}
	}
	if got := ts.do("HEAD /a HTTP/1.1\r\nHost: h.test\r\n\r\n"); got.StatusCode != 200 || got.ContentLength != 1 || got.body != "" {
		t.Errorf("HEAD: got %d with %d bytes declared and %q, want 200, 1 and none", got.StatusCode, got.ContentLength, got.body)
	}
	got := ts.get("/x/..//dir?a=%20b&c")
	if got.StatusCode != 307 || got.Header.Get("Location") != "/dir/?a=%20b&c" {
		t.Errorf("got %d %q, want 307 to /dir/?a=%%20b&c", got.StatusCode, got.Header.Get("Location"))
	}
}

// A panic costs one request: the connection, the process and the next request
// go on.
func TestPanicIsContained(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "GET /panic", func(context.Context, *fasthttp.RequestCtx) error {
		panic("out of cheese")
	}), newTestRoute(t, "GET /", say("fine")))
	c := ts.dial()
	c.send("GET /panic HTTP/1.1\r\nHost: h.test\r\n\r\nGET / HTTP/1.1\r\nHost: h.test\r\n\r\n")
	if got := c.receive("GET"); got.StatusCode != 500 || !strings.Contains(got.body, `"code":"internal"`) || strings.Contains(got.body, "cheese") {
		t.Errorf("got %d %s, want 500 without the cause", got.StatusCode, got.body)
	}
	if got := c.receive("GET"); got.body != "fine" {
		t.Errorf("got %q, want the next request answered", got.body)
	}
	if log := ts.log.String(); !strings.Contains(log, "out of cheese") || !strings.Contains(log, "problem_test.go") {
		t.Errorf("got the log %s, want the panic and its stack", log)
	}
}

func TestRequestTimeoutIsTheScopesDeadline(t *testing.T) {
	rt := newTestRoute(t, "GET /", func(ctx context.Context, _ *fasthttp.RequestCtx) error {
		<-ctx.Done()
		return fmt.Errorf("wait: %w", ctx.Err())
	})
	rt.timeout = 1
	ts := startServer(t, testLimits(), rt)
	if got := ts.get("/"); got.StatusCode != 504 {
		t.Errorf("got %d, want 504", got.StatusCode)
	}
}

// A query string may hold credentials, so the log of errors has none.
func TestErrorLogHasNoQuery(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "GET /", func(context.Context, *fasthttp.RequestCtx) error { return errors.New("broken") }))
	ts.get("/?token=hunter2")
	ts.do("GET /?token=hunter2 HTTP/9.9\r\nHost: h.test\r\nAuthorization: hunter2\r\n\r\n")
	ts.do("GET /?token=hunter2 HTTP/1.1\r\nHost: h.test\r\nhunter2\r\n\r\n")
	ts.flushed()
	if log := ts.log.String(); !strings.Contains(log, "broken") || strings.Contains(log, "hunter2") {
		t.Errorf("got the log %s, want the error and no query", log)
	}
}
