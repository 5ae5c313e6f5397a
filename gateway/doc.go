// Package gateway is the way of the bytes: from the listening socket to a
// route's handler, and back as a response.
//
// A connection is accepted, counted and read under deadlines (acceptor, conn);
// fasthttp parses the header; the guard refuses what two servers might read in
// two senses; the router finds the route of the canonical path; whoever asks is
// identified, where the route wants that (access); credentials and body are read
// into the request's scope, which is the handler's context.Context; the route's
// group runs the handler, a statement's or that of a fixed answer (respond), or
// sends the request to a server behind this one, which learns through the scope
// who is asking (inbound, forwarded) and gets a large body as it comes (body).
// Every error on this way comes to one place, problems,
// which makes the response, in the old stack's form where that is wanted
// (rdsErrors), and the log line of it. A count in its route's tally and a line for the access log end the
// request.
//
// Who is asking (asker) is found out before the body is read, by verifiers, or
// from the session that a login has begun (login, sessionValues). A request that
// changes something and comes with a session is to prove that a page of ours has
// sent it (crosssite). What the verifiers compare, what a session is and where
// it is kept are the business of gateway/auth and gateway/session.
//
// An answer of a server behind may go on when the handler is over: as a stream,
// or as a tunnel once the client's connection carries something else than
// requests. Such a request is counted and logged, and its scope ends, when its
// answer does (ending). What two servers could read in two senses is not passed
// on (passing). Who is believed when it speaks of a client is for trust to say.
//
// The admin listener tells the operator how it goes (admin): as JSON (status),
// and for Prometheus (metrics, exposition).
//
// The package also reads the configuration file into a Config; what a file
// looks like is the business of gateway/conffile.
//
// While a handler takes long, its client is watched (departures): one that has
// left ends the request, which is logged as 499 and answered with nothing. How
// many connections there may be depends on the descriptors that the process
// has (descriptors); socket files are socketfile's. Public listeners serve the
// table's public routes, internal ones all.
//
// It leaves to others: what answers a request and how many at once (backends),
// SQL (sqlapi), commands and signals (main). Only this package and main write
// to the log.
//
// # What is promised when it ends
//
// After Shutdown has begun, a request of which the server has read a byte is
// answered, with Connection: close, and an answer that is under way goes on to
// its end; tunnels end at once. Connections that wait in the kernel's
// queue are served first. A silent connection has a quarter of a second to
// send its next request, which is answered, and then ends with a FIN: a client
// that writes at that very moment sees the connection end before any byte of
// an answer, never a reset and never half an answer, and may repeat. Pipelined
// requests behind an answer with Connection: close are not served, as HTTP has
// it. A connection that the kernel sets up after the last accept is reset by
// the kernel; only a second listener on the same port could prevent that.
//
// # Goroutines
//
// There is one for each listener, one for each connection, which also runs the
// handlers, one more for each tunnel, one that watches the clients of slow
// requests, and one that writes the access log. Close waits for all of them, and
// closes the groups, which have their own.
// fasthttp keeps one of its own, for the Date header, until the process ends.
package gateway
