package main

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// oneRow is a database in which every statement answers count, or err.
type oneRow struct {
	count int64
	err   error
	args  *[]driver.Value
	done  bool
}

func (o oneRow) Connect(context.Context) (driver.Conn, error) { return o, nil }
func (o oneRow) Driver() driver.Driver                        { return nil }
func (o oneRow) Prepare(string) (driver.Stmt, error)          { return o, nil }
func (o oneRow) Begin() (driver.Tx, error)                    { return nil, driver.ErrSkip }
func (o oneRow) Close() error                                 { return nil }
func (o oneRow) NumInput() int                                { return 2 }
func (o oneRow) Exec([]driver.Value) (driver.Result, error)   { return nil, driver.ErrSkip }

func (o oneRow) Query(args []driver.Value) (driver.Rows, error) {
	*o.args = args
	return &countRows{oneRow: o}, o.err
}

type countRows struct{ oneRow }

func (r *countRows) Columns() []string { return []string{"count"} }

func (r *countRows) Next(row []driver.Value) error {
	if r.done {
		return io.EOF
	}
	r.done = true
	row[0] = r.count
	return nil
}

// exchange sends one request to a getuser over db and returns the answer, the
// values that were bound, and the log.
func exchange(t *testing.T, db oneRow, authorization string) (*httptest.ResponseRecorder, []driver.Value, string) {
	t.Helper()
	var bound []driver.Value
	db.args = &bound
	pool := sql.OpenDB(db)
	defer pool.Close()
	stmt, err := pool.Prepare(getuserSQL)
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	var lines bytes.Buffer
	log := newAccessLog(&lines)
	h := &getuser{stmt: stmt, log: log}
	r := httptest.NewRequest("GET", "/getuser", nil)
	r.Header.Set("Authorization", authorization)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	log.Close()
	return w, bound, lines.String()
}

func TestGetuserAnswersTheCount(t *testing.T) {
	w, bound, log := exchange(t, oneRow{count: 1}, "Basic Ym9iOnNlOmNyZXQ=") // bob:se:cret
	if got, want := w.Body.String(), `[{"count":1}]`; got != want {
		t.Errorf("got body %q, want %q", got, want)
	}
	if got, want := w.Header().Get("Content-Type"), "application/json"; got != want {
		t.Errorf("got type %q, want %q", got, want)
	}
	if len(bound) != 2 || bound[0] != "bob" || bound[1] != "se:cret" {
		t.Errorf("got bound values %q, want bob and se:cret", bound)
	}
	if want := `"GET /getuser HTTP/1.1" 200 13 "-" "-"`; !strings.Contains(log, want) {
		t.Errorf("got log %q, want %q in it", log, want)
	}
}

func TestGetuserRefuses(t *testing.T) {
	f := func(db oneRow, authorization string, want int) {
		t.Helper()
		w, _, log := exchange(t, db, authorization)
		if got := w.Code; got != want {
			t.Errorf("%q: got status %d, want %d", authorization, got, want)
		}
		if got := w.Header().Get("WWW-Authenticate") != ""; got != (want == http.StatusUnauthorized) {
			t.Errorf("%q: got a challenge: %t, with status %d", authorization, got, want)
		}
		if strings.Count(log, "\n") != 1 {
			t.Errorf("%q: got log %q, want one line", authorization, log)
		}
	}
	f(oneRow{}, "", 401)
	f(oneRow{}, "Basic !", 401)
	f(oneRow{}, "Bearer Ym9iOnNlY3JldA==", 401)
	f(oneRow{err: errors.New("gone")}, "Basic Ym9iOnNlY3JldA==", 503)
	f(oneRow{err: context.DeadlineExceeded}, "Basic Ym9iOnNlY3JldA==", 504)
}

func TestFailureOfAClientThatLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, want := failure(ctx, context.Canceled), statusClientLeft; got != want {
		t.Errorf("got status %d, want %d", got, want)
	}
}
