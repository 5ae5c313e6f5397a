// Package session keeps who is logged in, and a little of what belongs to him.
//
// A session is known by an id of 256 random bits, which only the browser has,
// in a cookie. The store, the process's own memory or memcached, has it under a
// hash of the id, sealed: whoever reads the store cannot become a user, and
// whoever writes to it cannot make one, or put one's session in another's
// place. He can remove one, or have it be ErrKey; and bring one back that has
// ended, where he kept its value and the cookie, until its absolute end.
//
//	Cookie header → ids → store key → sealed value → Session
//
// Start begins a session, always with an id that nobody knew before. Find reads
// the one of a request, and pushes its end away by the idle time, without
// writing its value. Update changes it, and never loses what somebody else
// changed at the same time. End removes it. A store that does not answer is
// ErrUnavailable, and never ErrNone: nobody is logged out because a server is
// down, or because one process does not have another's new key yet.
//
// With Config.Compat the cookies of the old stack's Tornado processes are good
// for one session more (Adopt). Their values are not sealed: as long as Compat is
// there, whoever can write to memcached, and has a pair of old cookies that is
// good, can become any user with them.
//
// The package leaves to others: who may log in, what an error looks like to the
// client, and whether a request comes from the site's own pages; for that it
// keeps a secret with each session (Token). Nothing here starts a goroutine, and
// nothing is logged.
//
// # Use
//
// A gateway makes one Sessions of a [sessions] table and keeps it when a new
// configuration has an equal one: sessions in memory live as long as it does.
// What a request's Cookie header says is given to Find as it came, with whether
// the request came over TLS, on which the name of the cookie depends; what
// AppendCookie and AppendRemoval append is the value of a Set-Cookie header.
package session
