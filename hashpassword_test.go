package main

import (
	"os/exec"
	"strings"
	"testing"

	"zerohop/gateway/passhash"
)

func TestHashPassword(t *testing.T) {
	f := func(input string, code int, stderr string) {
		t.Helper()
		var out, log strings.Builder
		cmd := zerohop(t, t.TempDir(), "hash-password")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &log
		if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		if got := cmd.ProcessState.ExitCode(); got != code || !strings.Contains(log.String(), stderr) || stderr == "" && log.Len() > 0 {
			t.Errorf("%.20q: got exit code %d and\n%s\nwant %d and %q", input, got, log.String(), code, stderr)
		}
		if code != 0 {
			if out.Len() > 0 {
				t.Errorf("%.20q: got on stdout %s", input, out.String())
			}
			return
		}
		hash, ended := strings.CutSuffix(out.String(), "\n")
		password := strings.TrimRight(input, "\r\n")
		if ok, weak, err := passhash.Verify([]byte(password), hash); !ok || weak || err != nil || !ended {
			t.Errorf("%.20q: got %q: %t, %t, %v", input, out.String(), ok, weak, err)
		}
	}
	f("secret\n", 0, "")
	f("secret", 0, "")
	f("sec ret \r\n", 0, "")
	f("pässwörd\n", 0, "")
	f(strings.Repeat("x", passhash.MaxPassword)+"\r\n", 0, "")
	f(strings.Repeat("x", passhash.MaxPassword+1)+"\n", 2, "password too long: it may have up to 4096 bytes\n")
	f(strings.Repeat("x", 100_000), 2, "password too long")
	f("", 2, "zerohop: empty password\n")
	f("\n", 2, "zerohop: empty password\n")
	f("one\ntwo\n", 2, "zerohop: more than one line")
	f("a\x00b\n", 2, "a NUL in the password")
}

// onTerminal is a Python program that runs a command on a terminal of its own.
// It types what it is given, a line for every prompt, prints what is to be seen,
// and whether the terminal shows again what is typed.
const onTerminal = `
import os, pty, signal, sys, termios
signal.alarm(20)
lines = sys.argv[1].encode().decode("unicode_escape").split("|")
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen = b""
def read():
    global seen
    try:
        seen += os.read(fd, 4096)
        return True
    except OSError:
        return False
for i, line in enumerate(lines):
    while seen.count(b": ") <= i and read(): pass
    while termios.tcgetattr(fd)[3] & termios.ECHO: pass
    os.write(fd, line.encode())
while read(): pass
echo = bool(termios.tcgetattr(fd)[3] & termios.ECHO)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), echo, seen.decode())
`

func TestHashPasswordOnTerminal(t *testing.T) {
	const python = "/usr/bin/python3"
	f := func(typed, want string) {
		t.Helper()
		cmd := zerohop(t, t.TempDir(), "hash-password")
		pty := exec.CommandContext(t.Context(), python, append([]string{"-c", onTerminal, typed, cmd.Path}, cmd.Args[1:]...)...)
		pty.Env = cmd.Env
		out, err := pty.CombinedOutput()
		if pty.ProcessState == nil {
			t.Skipf("no terminal: install python3: %v", err)
		}
		if got := string(out); !strings.HasPrefix(got, want) || strings.Contains(got, "hunter") {
			t.Errorf("typed %q: got\n%s\nwant %s", typed, got, want)
		}
	}
	f(`hunter2\n|hunter2\n`, "0 True Password: \r\nOnce more: \r\n$argon2id$v=19$m=19456,t=2,p=1$")
	f(`hunter2\n|hunter3\n`, "2 True Password: \r\nOnce more: \r\nzerohop: these are two passwords")
	f(`wrong\x15huntr\x7fer2\n|hunter2\x04`, "0 True Password: \r\nOnce more: \r\n$argon2id$v=19$m=19456,t=2,p=1$")
	f(`\x04`, "2 True Password: \r\nzerohop: no password was typed")
	f(`hunter2\n|\x04`, "2 True Password: \r\nOnce more: \r\nzerohop: no password was typed")
	f(`hun\x03`, "1 True Password: \r\nzerohop: interrupted")
}
