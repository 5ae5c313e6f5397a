// Package backends holds what can answer a request, and the choice among it.
//
// A Group is a list of members. Serve hands a request to one of them: a
// workers member runs the route's own handler inside the process, under a
// bound on how many run at once. A request goes to another member only as
// long as no handler has begun.
//
// The package leaves to others: what a handler does, which route a request
// belongs to, and what an error looks like to the client. It imports no other
// package of the program.
//
// A group starts no goroutine: a worker is a slot, taken by the goroutine that
// the server runs for the connection anyway. Close ends the waiting of queued
// requests and refuses further ones; those that run are not interrupted.
package backends
