// Package assets holds the files that are built into the binary: the
// configuration and the data of the demo, the configuration that a new user
// begins with, and the page of a login.
//
// It gives them out as strings and knows nothing of their meaning: gateway
// reads the configurations and fills the page, main writes one out,
// sqlapi/embedded runs the SQL.
// It starts nothing and owns no goroutine.
package assets
