// Package memcached keeps small values in several memcached servers.
//
// A Client gives each key to one server, by rendezvous: every process with the
// same list chooses alike, in whatever order the list stands, and one more
// server takes only its own share of the keys from the others. What is on a
// server that is lost is lost, and only that.
//
// The protocol is spoken by gomemcache. It has no bound of its connections, no
// deadline of a whole call, and believes whatever it is told. So it never has a
// connection to itself. Of its clients
//
//   - one that writes is given a connection (a link), which one call at a time
//     has for itself: it matters how far the call has come;
//   - one that reads is given the semblance of one (a rider). What riders ask
//     goes together over a connection that they share (a lane), in one write;
//     what comes back is cut into answers, which never reach the wrong rider.
//     Whoever finds the lane free leads it for the others, so that one caller
//     alone pays nothing for it, and in a crowd a call costs neither a system
//     call nor a wake-up of its own at either end.
//
// Either way:
//
//	pick the server → is it down? → take a connection, or wait for one → ask → put it back
//
// All of a call, waiting and dialling and a second try included, ends within
// Config.Timeout: a rider whose time is up leaves at once, and its answer is
// thrown away. A read that finds its connection closed by the server is tried
// once more on a new one; what others on it have been answered stands. One whose
// leader had no more time rides again with the next. A write is tried again only
// where it did not leave the process, or where twice is as good as once; one that
// was sent and not answered is ErrUncertain. A server that refuses connections,
// or does not answer, is down for a moment: calls fail at once, but for one every
// 250 ms that finds out whether it is back.
//
// The package leaves to others what the values mean, and whether they may be
// believed: memcached asks nobody who he is.
//
// The calls of one request that share a Patience wait for a server that hangs
// little longer than one of them would.
//
// Nothing here starts a goroutine, and nothing is logged.
package memcached
