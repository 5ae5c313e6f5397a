package embedded_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The tag noembedded must leave the whole library out, not the use of it alone.
func TestTagLeavesEngineOut(t *testing.T) {
	deps, err := exec.Command("go", "list", "-deps", "-tags", "noembedded", ".").Output()
	if err != nil {
		t.Skipf("go list: %v; put go on the PATH", err)
	}
	for _, dep := range strings.Fields(string(deps)) {
		if strings.Contains(dep, "dolthub") || strings.Contains(dep, "logrus") {
			t.Errorf("with the tag noembedded the package still imports %s", dep)
		}
	}
}
