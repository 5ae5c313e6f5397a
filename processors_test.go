package main

import (
	"os"
	"runtime"
	"testing"
)

// There is one thread more than there are cores, unless somebody has said how
// many there are to be.
func TestClaimProcessors(t *testing.T) {
	before, cores := runtime.GOMAXPROCS(0), runtime.NumCPU()
	defer runtime.GOMAXPROCS(before)
	f := func(variable string, now, want int) {
		t.Helper()
		t.Setenv("GOMAXPROCS", variable)
		if variable == "" {
			os.Unsetenv("GOMAXPROCS")
		}
		runtime.GOMAXPROCS(now)
		claimProcessors()
		if got := runtime.GOMAXPROCS(0); got != want {
			t.Errorf("GOMAXPROCS=%s, %d: got %d, want %d", variable, now, got, want)
		}
	}
	f("", cores, cores+1)
	f("", cores+1, cores+1) // a second server in the process
	f("", cores+5, cores+5) // somebody knows better
	f("1", cores, cores)    // so does the environment
	if cores > 1 {
		f("", cores-1, cores-1) // and the limit of a control group
	}
}
