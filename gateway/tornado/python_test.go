package tornado

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// findPython finds a Python that has Tornado: Debian's, or the one on the PATH.
var findPython = sync.OnceValue(func() string {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import tornado.web").Run() == nil {
			return name
		}
	}
	return ""
})

// python runs a script, which gets input as JSON on stdin, and reads the JSON
// that it prints.
func python(t testing.TB, script string, input, output any) {
	t.Helper()
	name := findPython()
	if name == "" {
		const missing = "tornado is not installed: apt-get install python3-tornado"
		if slices.Contains(strings.Split(os.Getenv("ZEROHOP_REQUIRE"), ","), "tornado") {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	text, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(name, "-c", script)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("run python: %v\n%s", err, stderr.Bytes())
	}
	if err := json.Unmarshal(out, output); err != nil {
		t.Fatalf("read what python printed: %v\n%s", err, out)
	}
}
