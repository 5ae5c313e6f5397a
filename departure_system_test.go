package main

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sleeping counts the statements on the server that sleep.
func sleeping(t *testing.T) int {
	t.Helper()
	out, err := exec.Command("mariadb", "--socket="+mariaDB(t).Socket(), "-uroot", "-N", "-e",
		"select count(*) from information_schema.processlist where info like '%sleep(%' and id <> connection_id()").CombinedOutput()
	if err != nil {
		t.Fatalf("count statements: %v\n%s", err, out)
	}
	var n int
	if _, err := fmt.Sscan(string(bytes.TrimSpace(out)), &n); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return n
}

// awaitSleeping waits until so many statements sleep on the server.
func awaitSleeping(t *testing.T, want int, within time.Duration) {
	t.Helper()
	for began := time.Now(); sleeping(t) != want; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > within {
			t.Fatalf("got %d statements that sleep after %v, want %d", sleeping(t), within, want)
		}
	}
}

// TestSystemClientLeaves: a statement whose client has left ends on the server
// within a second, its slot is there again, and the access log has a 499.
func TestSystemClientLeaves(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells that a client has left without reading")
	}
	socket := filepath.Join(t.TempDir(), "zh.sock")
	config := strings.Replace(configuration(t, "max = 1\ntimeout = '30s'"), `listen = "127.0.0.1:0"`,
		fmt.Sprintf(`listen = ["127.0.0.1:0", "unix:%s"]`, socket), 1)
	r := start(t, config)
	const request = "GET /sleep/10 HTTP/1.1\r\nHost: x\r\n\r\n"
	f := func(network, address string, leave func(net.Conn)) {
		t.Helper()
		c, err := net.Dial(network, address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
		awaitSleeping(t, 1, 10*time.Second)
		leave(c)
		awaitSleeping(t, 0, time.Second)
		for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			got := get(newClient(t), r.base+"/echo?v=next")
			if got.status == 200 {
				break
			}
			if time.Since(began) > 2*time.Second {
				t.Fatalf("got %+v, want the slot of the statement that was ended", got)
			}
		}
	}
	shut := func(c net.Conn) { c.Close() }
	tcp := strings.TrimPrefix(r.base, "http://")
	f("tcp", tcp, shut)
	f("tcp", tcp, func(c net.Conn) {
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	})
	f("tcp", tcp, func(c net.Conn) { c.(*net.TCPConn).CloseWrite() })
	f("tcp", tcp, func(c net.Conn) {
		c.Write([]byte(request))
		c.Close()
	})
	f("unix", socket, shut)
	r.stop(t)
	lines := regexp.MustCompile(`"GET /sleep/10 HTTP/1\.1" 499 0 `).FindAllString(r.access.String(), -1)
	if len(lines) != 5 {
		t.Errorf("got %d lines with 499, want 5:\n%s", len(lines), r.access.String())
	}
}

// TestSystemStaleSocket kills the program and starts it again: the socket file
// that is left behind does not keep it from its address, a live one does.
func TestSystemStaleSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "zh.sock")
	config := strings.Replace(good, `listen = "127.0.0.1:0"`, fmt.Sprintf(`listen = ["127.0.0.1:0", "unix:%s"]`, socket), 1)
	needEngine(t)
	first := start(t, config)
	second := zerohop(t, folderWith(t, defaultFile, config), "serve")
	if out, err := second.CombinedOutput(); err == nil || !strings.Contains(string(out), "somebody answers there") {
		t.Errorf("got %v %s, want that the address is in use", err, out)
	}
	first.Process.Signal(syscall.SIGKILL)
	first.Wait()
	third := start(t, config)
	if _, err := net.Dial("unix", socket); err != nil {
		t.Error(err)
	}
	third.stop(t)
	if _, err := net.Dial("unix", socket); err == nil {
		t.Error("the socket file is still there")
	}
}
