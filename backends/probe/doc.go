// Package probe asks the members of a group in turn whether they are healthy.
//
// A check is a connection of its own, a request by path (or bytes sent as they
// stand), and an answer that is as expected or not. So many failures in a row
// make a member down, so many successes make it up again: the rules of nginx's
// old ngx_http_healthcheck_module. What being down means for requests, and
// what to do when all are, is for the package backends to say.
//
// A Prober has one goroutine that knows when each member is due, and one for
// each check that is under way, at most one a member. A member that does not
// answer therefore delays nobody else's checks. Close ends them all and waits.
//
// The package imports no other of the program.
package probe
