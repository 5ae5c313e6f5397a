package memcachedtest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const startTimeout = 10 * time.Second

// Server is one private memcached server.
type Server struct {
	t       testing.TB
	options []string
	network string
	address string
	process *exec.Cmd
	exited  chan struct{}
	log     *bytes.Buffer
}

// Start starts a server on a free port, with further options of memcached's,
// and returns once it answers. It is stopped with the test.
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	return start(t, "tcp", fmt.Sprintf("127.0.0.1:%d", port),
		append([]string{"-l", "127.0.0.1", "-p", fmt.Sprint(port), "-U", "0"}, options...))
}

// StartUnix starts a server on a socket file.
func StartUnix(t testing.TB, options ...string) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "zerohop-memcached-") // the test's own may be too long a path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "socket")
	return start(t, "unix", socket, append([]string{"-s", socket}, options...))
}

func start(t testing.TB, network, address string, options []string) *Server {
	t.Helper()
	program, err := exec.LookPath("memcached")
	if err != nil {
		const missing = "memcached is not installed: apt-get install memcached"
		if slices.Contains(strings.Split(os.Getenv("ZEROHOP_REQUIRE"), ","), "memcached") {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	s := &Server{t: t, network: network, address: address, options: append([]string{program, "-t", "2"}, options...)}
	if os.Getuid() == 0 {
		s.options = append(s.options, "-u", "root")
	}
	s.Restart()
	t.Cleanup(s.Kill)
	return s
}

// Restart starts a server that was killed, on the same address and empty. It
// returns once it answers.
func (s *Server) Restart() {
	s.t.Helper()
	if s.network == "unix" {
		_ = os.Remove(s.address)
	}
	s.log = new(bytes.Buffer)
	s.process = exec.Command(s.options[0], s.options[1:]...)
	s.process.Stdout, s.process.Stderr = s.log, s.log
	// The server must not outlive a test that is killed.
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s.exited = make(chan struct{})
	started := make(chan error)
	go func() {
		// The signal comes when the thread that has started the server ends,
		// which for others than this one may be at any time.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(s.exited)
		err := s.process.Start()
		started <- err
		if err == nil {
			_ = s.process.Wait()
		}
	}()
	if err := <-started; err != nil {
		s.t.Fatalf("start memcached: %v", err)
	}
	s.awaitReady()
}

func (s *Server) awaitReady() {
	s.t.Helper()
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		select {
		case <-s.exited:
			s.t.Fatalf("memcached has ended:\n%s", s.log)
		default:
		}
		if nc, err := net.Dial(s.network, s.address); err == nil {
			nc.Close()
			return
		}
	}
	s.t.Fatalf("memcached is not ready after %v", startTimeout)
}

// Address returns the server's address as a configuration has it.
func (s *Server) Address() string {
	if s.network == "unix" {
		return "unix:" + s.address
	}
	return s.address
}

// Dial returns a connection of its own, so that a test can look at what it
// tests from outside.
func (s *Server) Dial() net.Conn {
	s.t.Helper()
	nc, err := net.Dial(s.network, s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { nc.Close() })
	return nc
}

// Freeze stops the server with SIGSTOP, so that it is there and answers
// nothing. It returns when all of its threads have stopped, which is later than
// the signal is sent.
func (s *Server) Freeze() {
	s.t.Helper()
	s.signal(syscall.SIGSTOP)
	for deadline := time.Now().Add(startTimeout); !s.frozen(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatal("memcached does not stop")
		}
	}
}

// Thaw lets it go on.
func (s *Server) Thaw() {
	s.t.Helper()
	s.signal(syscall.SIGCONT)
}

func (s *Server) signal(signal os.Signal) {
	s.t.Helper()
	if err := s.process.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
}

// frozen reports whether no thread of the server runs, where the system tells.
func (s *Server) frozen() bool {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", s.process.Process.Pid))
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err == nil && !bytes.Contains(stat, []byte(") T ")) {
			return false
		}
	}
	return true
}

// Kill ends the server with SIGKILL and returns when it is gone.
func (s *Server) Kill() {
	_ = s.process.Process.Kill()
	<-s.exited
}
