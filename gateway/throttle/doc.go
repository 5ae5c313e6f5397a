// Package throttle slows down those who guess passwords.
//
// A [Throttle] counts the failures of each user and of each address in a window
// of time that slides. Who has had too many of them is refused, right or wrong,
// until enough of them lie behind; the [Error] says for how long. An attempt is
// counted when it begins, so that a thousand at the same time are no way around
// it:
//
//	attempt, err := t.Begin(ctx, user, address, password)
//	…                // err is an *Error: 429
//	attempt.Pass(ctx) // or Fail, or Cancel where nobody could tell
//
// The same user with the same password at the same time is one attempt, as a
// browser that opens six connections is no guess: one request tries it, and the
// others wait. What was wrong for the one is wrong for all of them ([ErrFailed]),
// and whoever comes later makes the next guess. A success from an address that
// is new for the user makes his failures forgotten, the address's not.
//
// # Who is locked out
//
// A user who is being guessed at is refused even with the right password: were
// he not, guessing would go on. So that nobody can lock others out at will, an
// address from which a user has logged in within the last day is a trusted one
// of his: there only the failures from that very address count. IPv6 addresses
// are taken by their /64, as that is what one machine has. Users are taken
// together whose names some database takes for the same: whatever their case,
// accents, widths and invisible letters. A user who does not
// exist is counted like any other, so that nothing is learnt of him.
//
// # Memory
//
// The counts are a count-min sketch of a fixed size, 1 MiB, with a secret
// hash: no number of users or addresses makes it forget one, and collisions
// can only make it count too much, which takes some ten thousand failures in one
// window. Trusted addresses are kept for 20,000 logins, and only a login that
// succeeded makes one. Several processes share their counts through a [Counter];
// while that fails each has its own. Which addresses are trusted, and which
// attempts are under way, each process knows for itself.
//
// Nothing here starts a goroutine, logs, or keeps a user's name or password. A
// Throttle may be used by any number of goroutines at once.
package throttle
