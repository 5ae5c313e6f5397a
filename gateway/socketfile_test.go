package gateway

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// testFiles makes socket files that only we can use.
var testFiles = socketFiles{mode: "0600"}

func TestSocketFileServes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zh.sock")
	cfg := &Config{Listen: []string{"127.0.0.1:0", "unix:" + path}, Limits: testLimits(), SocketMode: "0620"}
	ts := serveConfig(t, cfg, newTestRoute(t, "/", lookUpClient))
	for range 2 {
		c := dial(t, ts.Addrs()[1])
		c.send(plainGet)
		if got := c.receive("GET"); got.StatusCode != 200 || got.body != "unix: " {
			t.Errorf("got %d %q, want the client to be unix:", got.StatusCode, got.body)
		}
	}
	if got := ts.get("/"); !strings.HasPrefix(got.body, "127.0.0.1 ") {
		t.Errorf("got %q on TCP", got.body)
	}
	if got := modeOf(t, path); got != fs.ModeSocket|0o620 {
		t.Errorf("got the mode %v, want 0620", got)
	}
	if line := ts.flushed(); !regexp.MustCompile(`(?m)^unix: - - \[.*"GET / HTTP/1\.1" 200 6 `).MatchString(line) {
		t.Errorf("got the access log %s", line)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v after the end, want the file removed", err)
	}
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

// Before the group and the mode are set, nobody else can connect, even where
// the umask would let everybody.
func TestSocketFileIsPrivateAtFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zh.sock")
	before := syscall.Umask(0)
	ln, err := bindPrivately(path)
	syscall.Umask(before)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if got := modeOf(t, path); got != fs.ModeSocket|0o600 {
		t.Errorf("got the mode %v, want 0600", got)
	}
}

func TestSocketFileGroup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zh.sock")
	group := 4711 // only root may give a file to any group
	if os.Geteuid() != 0 {
		group = os.Getegid()
	}
	f := func(name string) {
		t.Helper()
		ln, err := socketFiles{"0660", name}.listen(path)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := int(info.Sys().(*syscall.Stat_t).Gid); got != group || info.Mode().Perm() != 0o660 {
			t.Errorf("got the group %d and the mode %v, want %d and 0660", got, info.Mode(), group)
		}
	}
	f(strconv.Itoa(group))
	if os.Geteuid() == 0 {
		group = 0
		f("root")
	}
	_, err := socketFiles{"0660", "no-such-group"}.listen(path)
	if err == nil || !strings.Contains(err.Error(), "no-such-group") {
		t.Errorf("got %v, want the group named", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want no file left behind", err)
	}
}

func TestSocketFileReplacesAStaleOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zh.sock")
	dead, err := bindPrivately(path)
	if err != nil {
		t.Fatal(err)
	}
	dead.UnixListener.Close() // as a process does that is killed
	ln, err := testFiles.listen(path)
	if err != nil {
		t.Fatalf("got %v, want the stale file replaced", err)
	}
	defer ln.Close()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// Whose file somebody has removed leaves that of a successor alone.
func TestSocketFileOfASuccessorStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zh.sock")
	first, err := testFiles.listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second, err := testFiles.listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if got := modeOf(t, path); got.Type() != fs.ModeSocket {
		t.Errorf("got %v, want the socket", got)
	}
}

func TestSocketFileRefuses(t *testing.T) {
	folder := t.TempDir()
	f := func(path, want string, is error) {
		t.Helper()
		before, _ := os.Lstat(path)
		ln, err := testFiles.listen(path)
		if err == nil {
			ln.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || is != nil && !errors.Is(err, is) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
		if after, _ := os.Lstat(path); before != nil && !os.SameFile(before, after) {
			t.Errorf("%s: what was there is gone", path)
		}
	}
	join := func(name string) string { return filepath.Join(folder, name) }

	live, err := testFiles.listen(join("live"))
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	f(join("live"), "somebody answers there", syscall.EADDRINUSE)

	if err := os.WriteFile(join("file"), []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	f(join("file"), "not a socket", nil)
	if err := os.Symlink(join("live"), join("link")); err != nil {
		t.Fatal(err)
	}
	f(join("link"), "not a socket", nil)
	f(folder, "not a socket", nil)

	datagrams, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: join("datagrams")})
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	f(join("datagrams"), "find out", syscall.EPROTOTYPE)
	f(join("nowhere/zh.sock"), "no such file", fs.ErrNotExist)
	f(join(strings.Repeat("x", maxSocketPath)), "invalid argument", syscall.EINVAL)
}

// A listener that does not open takes those before it along, files included.
func TestListenFaultRemovesSocketFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zh.sock")
	cfg := &Config{Listen: []string{"unix:" + path, "unix:/nowhere/zh.sock"}, Limits: testLimits(), SocketMode: "0600"}
	s := newServer(cfg, &table{}, Options{})
	if err := s.Listen(); err == nil || !strings.Contains(err.Error(), "listen on unix:/nowhere/zh.sock") {
		t.Errorf("got %v, want the address named", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want no file left behind", err)
	}
}

func TestAdminOnASocketFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.sock")
	cfg := &Config{Listen: []string{"127.0.0.1:0"}, Admin: "unix:" + path, Limits: testLimits(), SocketMode: "0600"}
	ts := serveConfig(t, cfg, newTestRoute(t, "/", say("")))
	if got := ts.adminGet("/readyz"); got.StatusCode != 200 {
		t.Errorf("got %d, want 200", got.StatusCode)
	}
	if got := modeOf(t, path); got.Perm() != 0o600 {
		t.Errorf("got the mode %v, want 0600", got)
	}
}
