package gateway

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/backends"
	"zerohop/sqlapi"
)

// rdsAnswer is the body of an error as the old stack has it.
func rdsAnswer(code int, text string) string {
	return fmt.Sprintf(`{"errcode":%d,"errstr":%s}`, code, quoted(text))
}

// TestRDSErrors provokes the failures that the old stack had a status for, on a
// real server.
func TestRDSErrors(t *testing.T) {
	server := startMariaDB(t)
	if err := server.Run("create table note (id int primary key, n tinyint not null); insert into note values (1, 1)"); err != nil {
		t.Fatal(err)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	route := func(match, database, sql string) string {
		return fmt.Sprintf("[[routes]]\nmatch = %q\nerrors = 'rds'\ndatabase = %q\nsql = %q\n", match, database, sql)
	}
	ts := startText(t, fmt.Sprintf("[databases.main]\ndsn = %q\ntimeout = '300ms'\n[databases.one]\ndsn = %q\nmax = 1\n[databases.gone]\ndsn = %q\n[databases.refused]\ndsn = %q\n",
		server.DSN(), server.DSN(), "u:hunter3@tcp("+closed.Addr().String()+")/x", strings.Replace(server.DSN(), "root@", "nobody:hunter2@", 1))+
		route("GET /note", "main", "select id from note")+
		route("GET /table", "main", "select id from no_such_table")+
		route("GET /column", "main", "select no_such_column from note")+
		route("GET /function", "main", "select no_such_function(:query.x)")+
		route("GET /slow", "main", "select sleep(5)")+
		route("POST /note", "main", "insert into note values (1, 1)")+
		route("PUT /note", "main", "update note set n = :query.n where id = 1")+
		route("GET /gone", "gone", "select 1")+
		route("GET /refused", "refused", "select 1")+
		route("GET /full", "one", "select sleep(2)")+
		route("POST /json", "main", "insert into note values (:json.a, 2)")+
		"body_bytes = 10\n"+
		route("GET /user", "main", "select :auth.user as u, :auth.password as p")+
		"credentials = 'basic'\n"+
		"[[routes]]\nmatch = 'GET /plain'\ndatabase = 'main'\nsql = 'select id from no_such_table'\n[[routes]]\nmatch = 'GET /mixed'\nrespond = {}\n[[routes]]\nmatch = 'POST /mixed'\nerrors = 'rds'\nrespond = {}\n")
	f := func(request string, status int, text string) {
		t.Helper()
		request, body, _ := strings.Cut(request, "\n")
		got := ts.do(fmt.Sprintf("%s HTTP/1.1\r\nHost: h.test\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", request, len(body), body))
		if got.StatusCode != status || got.body != rdsAnswer(status, text) || got.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: got %d %q %s\nwant %d %s", request, got.StatusCode, got.Header.Get("Content-Type"), got.body, status, rdsAnswer(status, text))
		}
	}
	f("DELETE /note", 405, "This path is not served for this method.")
	f("GET /table", 410, internalDetail)
	f("GET /column", 500, internalDetail)
	f("GET /function?x=secret", 500, internalDetail)
	f("POST /note", 500, "Another row stands in the way.")
	f("PUT /note?n=1000", 500, "A value is not acceptable.")
	f("GET /gone", 502, "The database cannot be reached.")
	f("GET /refused", 502, "The database cannot be reached.")
	f("GET /slow", 504, "The answer was not ready in time.")
	f("POST /json\n{\"a\":", 400, "bad parameter: json: the body is not valid JSON: see byte 5")
	f("POST /json\n"+strings.Repeat(" ", 11), 413, "The request body is too large.")
	f("GET /user", 401, "A user and a password are needed.")

	// The pool of one is full while somebody has it.
	c := ts.dial()
	c.send("GET /full HTTP/1.1\r\nHost: h.test\r\n\r\n")
	for ts.table.Load().databases["one"].Stats().Busy == 0 {
		time.Sleep(time.Millisecond)
	}
	f("GET /full", 503, "Every database connection is busy.")

	if got := ts.do("DELETE /note HTTP/1.1\r\nHost: h.test\r\n\r\n"); got.Header.Get("Allow") != "GET, HEAD, POST, PUT" {
		t.Errorf("got Allow: %s", got.Header.Get("Allow"))
	}
	if got := ts.get("/user"); got.Header.Get("WWW-Authenticate") == "" {
		t.Error("a 401 without a challenge")
	}
	if got := ts.do("GET /user HTTP/1.1\r\nHost: h.test\r\nAuthorization: Basic " + base64.StdEncoding.EncodeToString([]byte("u:p")) + "\r\n\r\n"); got.StatusCode != 200 {
		t.Errorf("got %d %s, want what is right answered as ever", got.StatusCode, got.body)
	}
	// Other routes, and what is no route's, are told in problem details.
	for _, target := range []string{"/plain", "/nothing"} {
		if got := ts.get(target); got.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: got %q %s", target, got.Header.Get("Content-Type"), got.body)
		}
	}
	if got := ts.do("PUT /mixed HTTP/1.1\r\nHost: h.test\r\nContent-Length: 0\r\n\r\n"); got.StatusCode != 405 || got.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %q, want a path of two minds answered in problem details", got.StatusCode, got.Header.Get("Content-Type"))
	}
}

// What is public of an error stays the same, whatever stands in its cause, and
// whether it is ours does not change with its status.
func TestRDSErrorsOfHandlers(t *testing.T) {
	var failure error
	rt := newTestRoute(t, "GET /", func(context.Context, *fasthttp.RequestCtx) error { return failure })
	rt.rds = newRDSErrors(RouteConfig{EndpointConfig: sqlapi.EndpointConfig{AnswerConfig: sqlapi.AnswerConfig{ErrcodeKey: "c\"", ErrstrKey: "s"}}})
	ts := startServer(t, testLimits(), rt)
	f := func(err error, status int, text string) {
		t.Helper()
		failure = fmt.Errorf("run: %w: %w", err, errors.New("select secret from t at 10.0.0.1:3306"))
		got := ts.get("/")
		if want := fmt.Sprintf(`{"c\"":%d,"s":%s}`, status, quoted(text)); got.StatusCode != status || got.body != want {
			t.Errorf("%v: got %d %s, want %d %s", failure, got.StatusCode, got.body, status, want)
		}
		if again := got.Header.Get("Retry-After") != ""; again != (status == 503) {
			t.Errorf("%v: got Retry-After %t for a %d", failure, again, status)
		}
	}
	f(backends.ErrFull, 503, "All that could answer this is busy.")
	f(backends.ErrClosed, 503, "The server is shutting down.")
	f(context.DeadlineExceeded, 504, "The answer was not ready in time.")
	f(sqlapi.ErrBroken, 502, "The database went away; the change may or may not have been made.")
	f(sqlapi.ErrNoRow, 404, "There is no such row.")
	f(sqlapi.ErrNotAcceptable, 406, "No format of this answer is one that the request accepts.")
	f(&sqlapi.ParameterError{Faults: []sqlapi.ParameterFault{{Parameter: "query.a\xff", Problem: `is "bad"`}}}, 400, "bad parameter: query.a\uFFFD: is \"bad\"")
	refused := func(kind error, number uint16) error {
		return fmt.Errorf("%w: %w", kind, &sqlapi.Refusal{Number: number, Cause: errors.New("the server's words")})
	}
	f(refused(sqlapi.ErrStatement, 1146), 410, internalDetail)
	f(refused(sqlapi.ErrConflict, 1062), 500, "Another row stands in the way.")
	f(refused(sqlapi.ErrTimeout, 1969), 504, "The answer was not ready in time.")
	lines := strings.Split(ts.log.String(), "\n")
	logged := func(level, status string) bool {
		return slices.ContainsFunc(lines, func(l string) bool {
			return strings.Contains(l, "level="+level) && strings.Contains(l, "status="+status)
		})
	}
	if !logged("ERROR", "410 code=internal") || !logged("DEBUG", "500 code=conflict") {
		t.Errorf("got the log %s", lines)
	}
}
