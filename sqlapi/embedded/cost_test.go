//go:build !noembedded

package embedded_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Every start of the program initialises the packages of the engine, used or
// not. None of them may take long or keep much; the library that the module in
// icuregex stands in for took a quarter of a second and 20 MB.
func TestInitCost(t *testing.T) {
	const (
		maxTime  = 50 * time.Millisecond
		maxBytes = 4 << 20
		maxTotal = 10 << 20
	)
	best := initCosts(t)
	for range 2 { // another process may have had the processor
		for name, cost := range initCosts(t) {
			best[name] = cost.shorter(best[name])
		}
	}
	const known = "github.com/dolthub/go-mysql-server/sql/variables"
	if best[known].bytes == 0 {
		t.Fatalf("the trace of %d packages has no %s", len(best), known)
	}
	total := 0
	for name, cost := range best {
		total += cost.bytes
		if cost.time > maxTime || cost.bytes > maxBytes {
			t.Errorf("the init of %s takes %v and %d bytes, want at most %v and %d", name, cost.time, cost.bytes, maxTime, maxBytes)
		}
	}
	if total > maxTotal {
		t.Errorf("all inits take %d bytes, want at most %d", total, maxTotal)
	}
}

// initCost is what the initialisation of one package took.
type initCost struct {
	time  time.Duration
	bytes int
}

func (c initCost) shorter(other initCost) initCost {
	if other.bytes == 0 || c.time < other.time {
		return c
	}
	return other
}

// initCosts starts this test binary anew, without a test to run, and reads what
// the runtime says of each package.
func initCosts(t *testing.T) map[string]initCost {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var trace bytes.Buffer
	cmd.Stderr = &trace
	if err := cmd.Run(); err != nil {
		t.Fatalf("start the test binary anew: %v\n%s", err, trace.Bytes())
	}
	costs := make(map[string]initCost)
	lines := bufio.NewScanner(&trace)
	for lines.Scan() {
		var name string
		var at, clock float64
		var size int
		line := strings.ReplaceAll(lines.Text(), "@", "")
		if n, _ := fmt.Sscanf(line, "init %s %g ms, %g ms clock, %d bytes", &name, &at, &clock, &size); n == 4 {
			costs[name] = initCost{time.Duration(clock * float64(time.Millisecond)), size}
		}
	}
	return costs
}
