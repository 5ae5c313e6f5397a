// Package passhash makes and verifies the hashes under which passwords are kept.
//
// [Hash] makes an argon2id hash with the first parameters of OWASP's password
// storage cheat sheet, 19 MiB and two passes; RFC 9106's would take 64 MiB of
// memory for every login under way. [Verify] knows what else is found in tables
// of users, by the prefix of the hash:
//
//	$argon2id$v=19$m=…,t=…,p=…$salt$hash   PHC string, RFC 9106
//	$2a$ $2b$ $2y$                         bcrypt, as of htpasswd -B
//	$pbkdf2-sha256$rounds$salt$hash        passlib
//	pbkdf2_sha256$rounds$salt$hash         Django
//	$scrypt$ln=…,r=…,p=…$salt$hash         passlib
//
// A hash comes from a table that others may write to, so its parameters are
// not trusted: one that would take more than 256 MiB, or more than some seconds,
// is [ErrTooCostly] and is not computed.
//
// A [Hasher] bounds how many computations run at a time, since each of them
// takes a processor and much memory. Nothing here starts a goroutine, keeps a
// password, or has one in an error. All of it may be used by any number of
// goroutines at once.
package passhash
