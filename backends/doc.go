// Package backends holds what can answer a request, and the choice among it.
//
// A Group is a list of members of two kinds: pools of workers, which run the
// route's own handler in this process under a bound on how many run at once,
// and HTTP servers, which are sent the request. Serve hands a request to one of
// them. A policy chooses, by weight: smooth weighted round robin as nginx has
// it, the fewest requests in flight, or a hash of a value of the request. It is
// asked for one member at a time, so that the order in which members are tried
// for one request takes account of all the others.
//
// A member that fails is left out for a while by the rules of nginx, and one
// that does not answer its health checks by those of its old health-check
// module. Where every member has as many requests as it may have, a request
// waits in a bounded queue, first come first served among those whom the next
// free member can serve.
//
// A request goes to another member only as long as nothing of an answer went to
// the client and doing it twice does no harm; never once a handler has begun.
//
// The package leaves to others: what a handler does, which route a request
// belongs to, and what an error looks like to the client. Below it, upstream
// speaks HTTP to one server, and probe carries out health checks; neither knows
// of groups.
//
// A worker is a slot, taken by the goroutine that the server runs for the
// connection anyway. A group's own goroutines are those of upstream and of
// probe; Close awaits them all. It ends the waiting of queued requests and what
// is under way at servers, and refuses further requests; handlers that run are
// not interrupted.
package backends
