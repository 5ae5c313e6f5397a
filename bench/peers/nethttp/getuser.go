package main

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strconv"
	"time"
)

const getuserSQL = "select count(*) as count from user where user = ? and passwd = ?"

// statementTimeout bounds one statement, waiting for a connection included.
const statementTimeout = 2 * time.Second

// getuser answers GET /getuser: how many users have the name and the password
// that the request carries, as [{"count":1}].
type getuser struct {
	stmt *sql.Stmt
	log  *accessLog
}

func (g *getuser) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, ok := r.BasicAuth()
	var status, size int
	if ok {
		status, size = g.count(w, r, user, password)
	} else {
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Basic realm="getuser", charset="UTF-8"`)
		size = refuse(w, status)
	}
	g.log.add(r, user, status, size)
}

// count asks the database and writes the answer; it returns the status and
// the size of the body in bytes, for the log.
func (g *getuser) count(w http.ResponseWriter, r *http.Request, user, password string) (status, size int) {
	ctx, cancel := context.WithTimeout(r.Context(), statementTimeout)
	defer cancel()
	var n int64
	if err := g.stmt.QueryRowContext(ctx, user, password).Scan(&n); err != nil {
		status = failure(r.Context(), err)
		return status, refuse(w, status)
	}
	body := make([]byte, 0, 32)
	body = append(body, `[{"count":`...)
	body = strconv.AppendInt(body, n, 10)
	body = append(body, "}]"...)
	w.Header().Set("Content-Type", "application/json")
	size, _ = w.Write(body) // a client that has left is no fault of ours
	return http.StatusOK, size
}

// statusClientLeft is what nginx logs for a client that did not wait. Nobody
// is sent it.
const statusClientLeft = 499

// failure returns the status for an error of the database; client is the
// request's own context, which ends when the client leaves.
func failure(client context.Context, err error) int {
	switch {
	case client.Err() != nil:
		return statusClientLeft
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	default:
		return http.StatusServiceUnavailable
	}
}

// refuse writes status and its text, and returns the size of the body in bytes.
func refuse(w http.ResponseWriter, status int) int {
	text := http.StatusText(status)
	http.Error(w, text, status)
	return len(text) + 1 // http.Error ends the line
}
