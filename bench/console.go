package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// console is the terminal as a command sees it.
type console struct {
	args     []string // the command line, for the report
	report   io.Writer
	progress progress
}

// command returns the command line as one would type it again.
func (c *console) command() string {
	words := []string{"go", "run", "./bench"}
	for _, arg := range c.args {
		if arg == "" || strings.ContainsAny(arg, " \t\n\"'\\$`*?[]{}()<>|&;#~!") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

// progress tells whoever waits what is being done.
type progress func(format string, args ...any)

// newProgress returns a progress that writes lines to w, each with the
// seconds since the start.
func newProgress(w io.Writer) progress {
	start := time.Now()
	return func(format string, args ...any) {
		fmt.Fprintf(w, "bench %6.1fs  %s\n", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
	}
}
