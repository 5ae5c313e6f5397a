// Package memcached keeps small values in several memcached servers.
//
// A Client gives each key to one server, by rendezvous: every process with the
// same list chooses alike, in whatever order the list stands, and one more
// server takes only its own share of the keys from the others. What is on a
// server that is lost is lost, and only that.
//
// The protocol is spoken by gomemcache. It has no bound of its connections, no
// deadline of a whole call, and believes whatever it is told, so that each of
// its clients is given one connection here (a link), which one call at a time
// has for itself:
//
//	pick the server → is it down? → take a connection, or wait for one → ask → put it back
//
// All of a call, waiting and dialling and a second try included, ends within
// Config.Timeout. A read that finds its connection closed by the server is
// tried once more on a new one. A write is so only where it did not leave the
// process, or where twice is as good as once; one that was sent and not
// answered is ErrUncertain. A server that refuses connections, or does not
// answer, is down for a moment: calls fail at once, but for one every
// 250 ms that finds out whether it is back.
//
// The package leaves to others what the values mean, and whether they may be
// believed: memcached asks nobody who he is.
//
// Nothing here starts a goroutine, and nothing is logged. Calls take no
// context: what they take is milliseconds.
package memcached
