// Bench runs zerohop and its peers against the same database, or in front of
// the same upstream, in turn, and reports what each made of it.
//
//	go run ./bench getuser          one crowd of clients, 64 by default
//	go run ./bench suite            1, 8, 64 and 256 clients, over TCP and a unix socket
//	go run ./bench suite --quick    a minute of that
//	go run ./bench lanes            zerohop with several numbers of lanes
//	go run ./bench session          zerohop with a session in memcached, and without
//	go run ./bench proxy            zerohop, nginx and HAProxy in front of an upstream
//	go run ./bench proxy --quick    half a minute of that
//
// It starts everything it compares: a private MariaDB in a temporary folder
// with 10,000 users, and the peers, of which --peers takes some:
//
//   - zerohop: this program, with one SQL route;
//   - lanes-off: the same with a connection for each statement under way;
//   - nethttp: net/http with database/sql, see peers/nethttp;
//   - oldchain: nginx, kept connections, four Tornado processes with PyMySQL,
//     see peers/oldchain.
//
// wrk asks GET /getuser for random users over kept-alive connections. The
// report goes to standard output; suite and proxy also write it, with all
// figures as JSON and charts as SVG, to bench/results, where a run replaces the
// one before it. A quick run does so only with --results.
//
// The proxies (see peers/proxies) stand in front of one nginx, which answers
// with 1 kB or 100 kB out of memory and keeps no log: of all servers at hand it
// takes the least of the two cores away from them. What a hop costs is shown
// besides: zerohop with a fixed answer, and zerohop in front of a second one
// that has it, over loopback TCP and over a unix socket. The report names what
// the ratios are to be.
//
// What makes the comparison fair:
//
//   - Rounds are interleaved, A B C D, D C B A, A B …, so that a machine that
//     grows slow or fast meets all alike, and a ratio is made of two rounds of
//     one turn, which ask for the same users in the same order.
//   - Before the first round every peer answers a list of questions (right and
//     wrong passwords, no and malformed credentials, odd bytes) and a crowd of
//     concurrent ones, and such a crowd goes before every round; one answer
//     that is not as expected ends the run.
//   - Each peer writes one access-log line a request, in the combined format,
//     into a file. The lines are counted and their statuses read: a round with
//     one answer that is not 2xx, a lost line or a socket error is void, and
//     the report names it.
//   - Each peer may open as many connections as there are clients, and at least
//     100 to MariaDB, and keeps them. Half-way through a round those to MariaDB
//     are counted: each peer has an account of its own.
//   - A peer's processor time is that of all its processes.
//
// MariaDB is tuned as for a small machine of its own (see serverOptions): the
// table is in memory, names are not resolved, threads are kept.
//
// The bench measures; it holds no opinion. Nothing in it fails because a
// number is low.
//
// What is asked for, and what is behind the peers, is a subject's; the rest is
// the same for all.
//
// Goroutines and processes: each child process belongs to a process value,
// whose Stop ends and awaits it and whatever it has started. A stage owns the
// peers of one scene, an arena the database or the upstream; both are closed also when the run
// is interrupted.
package main
