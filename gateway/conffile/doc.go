// Package conffile reads a TOML file strictly into Go structs and finds all of
// its faults in one go, each with the place where it stands.
//
// A [Document] is read in steps: [Parse] takes the text apart, Expand puts the
// environment and files into its strings, Decode fills a struct, Report adds
// what the owner of the struct finds wrong with the values. Every step goes on
// after a fault; Err returns them all, in the order of the file.
//
// The syntax is go-toml's. What its tree leaves open is decided here: which
// keys and tables may meet, what a size or a duration is, which key was meant.
// Which keys there are and what their values may be is the business of the
// structs' owners.
//
// No output of this package holds a secret: values of fields with the tag
// option "secret", values under a key that sounds like one, strings under a
// key that nobody knows, and whatever came out of the environment or a file
// appear as ***.
//
// Nothing here starts a goroutine. A Document belongs to one goroutine.
package conffile
