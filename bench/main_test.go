package main

import (
	"bytes"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRunCommandLine(t *testing.T) {
	f := func(args string, code int, want string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if got := run(t.Context(), strings.Fields(args), &stdout, &stderr); got != code {
			t.Errorf("%q: got exit code %d, want %d", args, got, code)
		}
		if out := stdout.String() + stderr.String(); !strings.Contains(out, want) {
			t.Errorf("%q: got %q, want %q in it", args, out, want)
		}
	}
	f("--help", 0, "getuser")
	f("getuser --help", 0, "--connections")
	f("", exitUsage, "getuser")
	f("getusers", exitUsage, "getuser")
	f("getuser --clients 5", exitUsage, "--clients")
	f("getuser --rounds 0", exitUsage, "--rounds 0: must be from 1 to 99")
	f("getuser --seconds 61", exitUsage, "--seconds 61")
	f("getuser --connections many", exitUsage, "--connections")
	f("getuser --threads 65", exitUsage, "--threads 65: must be from 1 to --connections 64")
	f("getuser --connections 256", exitUsage, "use --max 256")
	f("getuser --database udp", exitUsage, "--database")
}

func TestRunNamesWhatIsMissing(t *testing.T) {
	if _, err := findTools(searchPath()); err == nil {
		t.Setenv("PATH", "")
	}
	var stderr bytes.Buffer
	got := run(t.Context(), []string{"getuser"}, &stderr, &stderr)
	if got != exitFailure || !strings.Contains(stderr.String(), "apt-get install") {
		t.Errorf("got exit code %d and %q, want 1 and what to install", got, &stderr)
	}
}

func TestConsoleCommand(t *testing.T) {
	c := &console{args: []string{"getuser", "--json", "my file's.json", ""}}
	if got, want := c.command(), `go run ./bench getuser --json 'my file'\''s.json' ''`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestProgressLine(t *testing.T) {
	var b bytes.Buffer
	newProgress(&b)("turn %d", 3)
	if got := b.String(); !strings.HasPrefix(got, "bench    0.0s  ") || !strings.HasSuffix(got, "turn 3\n") {
		t.Errorf("got %q, want seconds and what is being done", got)
	}
}
