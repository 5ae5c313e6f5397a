// Bench runs zerohop and a peer against the same database, in turn, and
// reports what each made of it.
//
//	go run ./bench getuser
//
// It starts everything it compares: a private MariaDB in a temporary folder
// with 10,000 users, zerohop with one SQL route, and the peer (peers/nethttp:
// net/http with database/sql). Both programs are built with the same flags.
// wrk asks GET /getuser for random users over kept-alive connections.
//
// What makes the comparison fair:
//
//   - Rounds are interleaved, A B B A A B …, so that a machine that grows slow
//     or fast meets both alike, and a ratio is made of two neighbouring rounds
//     that ask for the same users in the same order.
//   - Before the first round every peer answers a list of questions (right and
//     wrong passwords, no and malformed credentials, odd bytes) and a crowd of
//     concurrent ones, and such a crowd goes before every round; one answer
//     that is not as expected ends the run.
//   - Each peer writes one access-log line a request, in the combined format,
//     into a file. The lines are counted and their statuses read: a round with
//     one answer that is not 2xx, a lost line or a socket error is void, and
//     the report names it.
//   - Each peer may open the same number of connections, and keeps them.
//
// MariaDB is tuned as for a small machine of its own (see serverOptions): the
// table is in memory, names are not resolved, threads are kept.
//
// The bench measures; it holds no opinion. Nothing in it fails because a
// number is low.
//
// Goroutines and processes: each child process belongs to a process value,
// whose Stop ends and awaits it; arena.Close stops all of them, also when the
// run is interrupted.
package main
