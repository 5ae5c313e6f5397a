package assets

import _ "embed"

// DemoConfig is the configuration of the demo, TOML like any other: what
// zerohop serves when it is given no file.
//
//go:embed demo.toml
var DemoConfig string

// StarterConfig is the configuration that a new user begins with: every key
// that there is, explained, most of them commented out.
//
//go:embed zerohop.toml
var StarterConfig string

// DemoSQL fills the database of the demo: SQL statements of the MySQL dialect,
// each ended by a semicolon.
//
//go:embed demo.sql
var DemoSQL string

// LoginPage is the page with a form for a user's name and password. Its places
// for text are {title}, {alert}, {action}, {user}, {next}, {focus-user} and
// {focus-password}.
//
//go:embed login.html
var LoginPage string
