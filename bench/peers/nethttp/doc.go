// Nethttp is the peer that a Go programmer would write instead of using
// zerohop: GET /getuser over net/http, database/sql and go-sql-driver/mysql,
// set up as their best users do it.
//
//   - as many idle connections as open ones, so that none is dialled twice;
//   - the statement prepared once, as one *sql.Stmt for all requests;
//   - a deadline of two seconds for each statement;
//   - the answer appended by hand, not encoded by reflection;
//   - one access-log line a request in the combined format, buffered and
//     flushed once a second.
//
// It leaves to zerohop what it does not need for this one endpoint: request
// ids, the request guard, limits other than net/http's own, configuration.
// That favours the peer.
//
// Goroutines: net/http's own, and the log's flusher, which accessLog.Close
// ends and awaits.
package main
