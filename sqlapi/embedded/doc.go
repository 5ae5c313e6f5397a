// Package embedded is a MySQL-dialect database in the memory of the process, for
// trials: nothing has to be installed, and nothing is kept.
//
// It runs dolthub/go-mysql-server and is reached as a real server is, by the
// MySQL protocol over a connection from [Engine.Dial], so that the code above it
// cannot tell the two apart. No port and no file is opened for it: each
// connection is a pair of sockets that only this process has.
//
// It is not a database to rely on. ROLLBACK undoes nothing, READ ONLY is not
// enforced, text compares with regard to case, and errors have few numbers of
// their own. What to serve from it, and through how many connections, is the
// business of the package above.
//
// An [Engine] owns the goroutine that accepts connections and one for each
// connection; [Engine.Close] ends them and waits for them.
//
// The build tag noembedded leaves the engine out of the binary: [Open] then
// returns [ErrLeftOut]. Linked in but unused, the engine costs memory; [Trim]
// gives most of it back. Its regular expressions are served by the module in
// the folder icuregex, which says why.
package embedded
