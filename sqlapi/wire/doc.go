// Package wire speaks the MySQL and MariaDB client protocol after the
// handshake.
//
// A Dialer has go-sql-driver/mysql connect and authenticate, and takes the
// network connection over; the driver is kept only to be closed. From then on
// a Conn encodes commands, sends them and reads the answers itself. The three
// are separate steps, so that several commands can be under way at once:
//
//	conn.Query("START TRANSACTION READ WRITE") // encode
//	conn.Execute(statement, arguments)
//	conn.Query("COMMIT")
//	conn.Flush()                               // one write
//	conn.ReadResult(&result)                   // three answers, in order
//
// Rows are read in place: a Value points into the receive buffer, and nothing
// is boxed or copied on the way to whoever encodes it.
//
// TLS begins below the driver, between the server's greeting and the client's
// answer to it. Nothing that a server says before the first command reaches the
// driver unchecked, as some of it would make the driver panic.
//
// The package leaves to others: when a connection is reused (the pool of
// sqlapi), and what a statement means. It starts no goroutine of its own;
// the driver keeps one for each connection, and Conn.Close ends it. A Conn is
// for one goroutine at a time, except for Close.
//
// The layouts follow "Client/Server Protocol" of MariaDB's documentation and
// the protocol chapter of the MySQL source documentation.
package wire
