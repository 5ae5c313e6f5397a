// Package auth finds out who is asking.
//
// A [Verifier] is one table [auth.NAME] of the configuration: it compares what
// a request brings with what is known, and returns an [Identity] or an error
// that says what the answer is:
//
//	ErrNoCredentials, ErrRejected   401, the same for both, with Challenge
//	*throttle.Error                 429, with its RetryAfter
//	ErrForbidden                    403, of Identity.Allow
//	ErrUnavailable                  503
//	others                          as Rows has returned them
//
// There are users with passwords (basic), whose hashes come from a statement
// (hashCheck) or a file (usersFile), or which a statement compares (countCheck);
// API keys (keys) from a statement or a file; and signed tokens (tokens) with
// a key of the configuration or a set of keys from a file or a URL (remoteKeys).
//
// The package leaves to others: reading the Authorization header and the form
// of a login, SQL (a consumer gives it as [Rows]), sessions, answers, and the
// log. The hashes themselves are passhash's, slowing down who guesses is
// throttle's.
//
// # What can be learnt from it
//
// Nobody is told whether a user exists: the errors are the same, and so is the
// time it takes, as far as the hashes of a table are of one kind (hashCheck says
// what remains where they are not). A hash that cannot be verified, because it is
// malformed or absurdly costly, is for its user like a wrong password; the
// error for the log says so. No error has a password, a key or a token in it.
//
// # What is kept, and for how long
//
// The stored hash is looked up for every request, so that a changed password, a
// new role or a user who is gone count at once. What is spared for the time of
// Config.Cache is the computation: whether this hash is that of this password.
// Files are read again within a second of their change, a set of keys from a
// URL when a token names a key that is not in it, every ten seconds at
// most, and after a quarter of an hour.
//
// # Goroutines
//
// There are none. What takes time is done by the request that needs it: a key
// set is fetched by one while the others wait or go on with the old one. Close
// closes idle connections.
package auth
