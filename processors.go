package main

import (
	"os"
	"runtime"
)

// claimProcessors has one thread more run Go code than there are cores. A
// database or a server on the same machine takes cores away from threads that
// have work, and the kernel leaves such a thread waiting while another core
// idles: one more finds its way there. Where somebody has set GOMAXPROCS, or a
// limit that the control group has at the start, that stands; a number of ours
// stays as it is when such a limit comes later.
func claimProcessors() {
	if cores := runtime.NumCPU(); os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) == cores {
		runtime.GOMAXPROCS(cores + 1)
	}
}
