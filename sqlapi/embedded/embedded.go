package embedded

import "errors"

// Whom the engine knows, for the handshake of a client.
const (
	// User is the name to connect with. There is no password.
	User = "root"
	// Database is the database that the seed is loaded into.
	Database = "demo"
)

var (
	// ErrLeftOut: this binary was built without the engine.
	ErrLeftOut = errors.New("this binary was built without the embedded engine (build tag noembedded): " +
		"use the dsn of a MySQL or MariaDB server, or build without the tag")
	// ErrClosed: the engine was closed.
	ErrClosed = errors.New("the embedded engine is closed")
)
