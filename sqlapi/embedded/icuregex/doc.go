// Package regex serves the regular expression functions of the embedded SQL
// engine (REGEXP, REGEXP_LIKE, REGEXP_INSTR, REGEXP_SUBSTR, REGEXP_REPLACE) with
// the regexp package of the standard library.
//
// The engine imports its regular expressions from
// github.com/dolthub/go-icu-regex, which runs the ICU library as WebAssembly and
// compiles it while the process starts: a quarter of a second and 20 MB for
// every start, whether a regular expression is ever used or not. This package
// has the name and the few declarations that the engine asks for, and costs a
// start nothing.
//
// A pattern is read by the rules of ICU and rewritten for Go's regexp, so that
// what is accepted means the same on a MySQL server. What Go's regexp cannot do
// (lookaround, backreferences, possessive quantifiers), and the corners where
// the two would disagree, are errors that say so; see ErrUnsupported. Positions
// count characters.
//
// Nothing here starts a goroutine.
package regex
