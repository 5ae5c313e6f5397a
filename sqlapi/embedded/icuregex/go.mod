// This module stands in for the regular expression library of the embedded SQL
// engine; doc.go says why. The go.mod at the top of the repository replaces
// that library by this folder.
module github.com/dolthub/go-icu-regex

go 1.26.0
