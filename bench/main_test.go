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
	f("getuser --threads 65", exitUsage, "--threads 65: must be from 1 to 64")
	f("getuser --connections 256 --max 100", exitUsage, "use --max 256")
	f("getuser --database udp", exitUsage, "--database")
	f("getuser --peers zerohop,apache", exitUsage, "--peers")
	f("getuser --peers=", exitUsage, "--peers: must name at least one")
	f("getuser --lanes 0", exitUsage, "--lanes 0: must be from 1 to 64")
	f("suite --crowds 8,0", exitUsage, "--crowds 0: must be from 1 to 1000")
	f("suite --crowds=", exitUsage, "--crowds: must name at least one")
	f("suite --databases=", exitUsage, "--databases: must name at least one")
	f("lanes --counts=", exitUsage, "--counts: must name at least one")
	f("suite --databases udp", exitUsage, "--databases")
	f("suite --rounds 100 --crowds 1001", exitUsage, "--crowds 1001")
	f("lanes --counts 2,0", exitUsage, "--counts 0: must be from 1 to 64")
	f("proxy --help", 0, "--[no-]hops")
	f("proxy --peers zerohop,oldchain", exitUsage, "--peers")
	f("proxy --answers 0", exitUsage, "--answers 0: must be from 16 to 1048576")
	f("proxy --answers=", exitUsage, "--answers: must name at least one")
	f("proxy --connections 0", exitUsage, "--connections 0")
	f("lanes --counts 2,3,2", exitUsage, "--counts: 2 is there twice")
}

func TestRunNamesWhatIsMissing(t *testing.T) {
	if _, err := findTools(searchPath(), getuserSubject(), nil); err == nil {
		t.Setenv("PATH", "")
	}
	var stderr bytes.Buffer
	got := run(t.Context(), []string{"getuser", "--peers", "nethttp"}, &stderr, &stderr)
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
