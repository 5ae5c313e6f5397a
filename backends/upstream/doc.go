// Package upstream sends requests to one HTTP/1 server over its own kept-alive
// connections, and passes the answers on.
//
// A Client is one server: a TCP address or a unix socket, with TLS or without.
// Exchange sends the request of a fasthttp.RequestCtx and puts the answer into
// its response. It reads and writes in the caller's goroutine; only a request
// whose body is still on its way from the client needs a second one, so that
// an answer that comes early is seen. A small answer is complete when Exchange
// returns, and the connection is back among the idle ones before the client
// is written to; a larger one becomes a body stream, which holds one buffer.
//
// What an upstream says is not trusted: the head of an answer is read strictly,
// and whatever leaves doubt about where an answer ends costs the connection.
//
// The package leaves to others: which server is asked, whether a request is
// repeated on another one (Error says what it would take), what a client is
// told of an error, and who the client is (Inbound says so). It imports no
// other package of the program but socket.
//
// A Client starts a goroutine for an upload, which has ended when Exchange
// returns, one for a tunnel, and at times one that closes connections whose
// idle time is up. Close ends them all, has every request fail, and waits.
package upstream
