// Package socket reads and writes connections without telling the scheduler of
// each system call.
//
// The standard library brackets every read and write of a socket, so that the
// thread's place can go to another one if the call takes long. Its sockets
// never block, so no call takes long; but a machine that is busy with other
// processes stops threads anywhere, in calls too, and then places are taken
// away, other threads are woken for them, and the monitor that does so never
// sleeps. In front of an HTTP server on the same two cores that was a third of
// the CPU time of a request. What has to wait waits with the standard library's
// poller as ever, under the deadlines of the connection.
//
// A Conn further has what a net.Conn has no words for: a question and its
// answer in one stay with the poller (Trip), two pieces in one write
// (WriteBoth), and a look at whether anything has come (Silent).
//
// The package has no goroutines and knows nothing of what is said on a
// connection. TLS goes on top of a Conn.
package socket
