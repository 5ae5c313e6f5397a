package mariadbtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ErrMissing: no mariadbd is installed.
var ErrMissing = errors.New("mariadbd is not installed: apt-get install mariadb-server")

const startTimeout = 60 * time.Second

// Server is one private MariaDB server with an empty database "zerohop". Its
// user root has no password.
type Server struct {
	dir     string
	port    int
	options []string
	process *exec.Cmd
	exited  chan struct{}
	log     *bytes.Buffer
}

// Start makes a data folder below the system's temporary one and starts a
// server on it, with further options of mariadbd's. It returns once the server
// accepts connections. The error is ErrMissing where there is none to start.
func Start(options ...string) (*Server, error) {
	daemon, err := lookFor("mariadbd")
	if err != nil {
		return nil, ErrMissing
	}
	install, err := lookFor("mariadb-install-db")
	if err != nil {
		return nil, ErrMissing
	}
	dir, err := os.MkdirTemp("", "zerohop-mariadb-")
	if err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	s := &Server{dir: dir, options: append([]string{daemon}, options...)}
	out, err := s.command(install, "--no-defaults", "--auth-root-authentication-method=normal",
		"--skip-test-db", "--datadir="+s.data(), "--user="+userName()).CombinedOutput()
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("install database: %w\n%s", err, out)
	}
	if s.port, err = freePort(); err == nil {
		err = s.Restart()
	}
	if err == nil {
		err = s.run("create database zerohop character set utf8mb4")
	}
	if err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// command returns a program of MariaDB's with temporary tables in the server's
// own folder: two servers that start at the same time, in two sandboxes say,
// may have the same process id, and with it the same names for them.
func (s *Server) command(program string, arguments ...string) *exec.Cmd {
	cmd := exec.Command(program, arguments...)
	cmd.Env = append(os.Environ(), "TMPDIR="+s.dir)
	return cmd
}

// Require ends the test where err keeps it from having a server: a missing
// one skips, unless ZEROHOP_REQUIRE says that it must not be missing.
func Require(t testing.TB, s *Server, err error) *Server {
	t.Helper()
	switch {
	case err == nil:
		return s
	case errors.Is(err, ErrMissing) && !Required("mariadb"):
		t.Skip(err)
	}
	t.Fatal(err)
	return nil
}

// Required reports whether ZEROHOP_REQUIRE, a list with commas, has name.
func Required(name string) bool {
	for item := range strings.SplitSeq(os.Getenv("ZEROHOP_REQUIRE"), ",") {
		if strings.TrimSpace(item) == name {
			return true
		}
	}
	return false
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Socket returns the path of the server's unix socket.
func (s *Server) Socket() string { return filepath.Join(s.dir, "m.sock") }

// Address returns the server's TCP address.
func (s *Server) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// DSN returns how root reaches the database over TCP.
func (s *Server) DSN() string { return "root@tcp(" + s.Address() + ")/zerohop" }

// SocketDSN returns how root reaches the database over the unix socket.
func (s *Server) SocketDSN() string { return "root@unix(" + s.Socket() + ")/zerohop" }

// Restart starts the server again after Kill or Stop, on the same data and
// port, and returns once it accepts connections.
func (s *Server) Restart() error {
	arguments := append([]string{
		"--no-defaults", "--datadir=" + s.data(), "--socket=" + s.Socket(),
		"--port=" + fmt.Sprint(s.port), "--bind-address=127.0.0.1", "--user=" + userName(),
		"--pid-file=" + filepath.Join(s.dir, "pid"), "--skip-log-bin", "--performance-schema=off",
		"--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M",
		"--innodb-flush-log-at-trx-commit=0", "--max-connections=500", "--skip-name-resolve",
	}, s.options[1:]...)
	s.log = new(bytes.Buffer)
	s.process = s.command(s.options[0], arguments...)
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
		return fmt.Errorf("start mariadbd: %w", err)
	}
	return s.awaitReady()
}

func (s *Server) awaitReady() error {
	deadline := time.Now().Add(startTimeout)
	for time.Now().Before(deadline) {
		select {
		case <-s.exited:
			return fmt.Errorf("mariadbd has ended:\n%s", s.log)
		default:
		}
		nc, err := net.Dial("tcp", s.Address())
		if err == nil {
			// The greeting comes once the server is ready.
			_ = nc.SetReadDeadline(time.Now().Add(time.Second))
			var b [5]byte
			_, err = nc.Read(b[:])
			nc.Close()
			if err == nil {
				return nil
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	return fmt.Errorf("mariadbd is not ready after %v:\n%s", startTimeout, s.log)
}

// Signal sends the server a signal. After SIGSTOP it returns when no thread of
// it runs any more, which is somewhat later than kill(2) returns.
func (s *Server) Signal(signal os.Signal) error {
	if err := s.process.Process.Signal(signal); err != nil || signal != syscall.SIGSTOP {
		return err
	}
	for deadline := time.Now().Add(stopTimeout); !s.stopped(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.New("stop MariaDB: a thread of it still runs")
		}
	}
	return nil
}

// stopTimeout bounds how long a signal may take to reach every thread.
const stopTimeout = 10 * time.Second

// stopped reports whether every thread has the state T, where the system tells.
func (s *Server) stopped() bool {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", s.process.Process.Pid))
	for _, file := range files {
		stat, err := os.ReadFile(file)
		// The state stands behind the name, which is in parentheses.
		name := bytes.LastIndexByte(stat, ')')
		if err == nil && !bytes.HasPrefix(stat[name+1:], []byte(" T")) {
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

// Stop ends the server and removes its data. It may be called on a nil Server.
func (s *Server) Stop() {
	if s == nil {
		return
	}
	if s.exited != nil {
		s.Kill()
	}
	_ = os.RemoveAll(s.dir)
}

// Run runs statements, separated by semicolons, in the database zerohop with
// the command line client, so that setting a test up does not rest on what it
// tests.
func (s *Server) Run(sql string) error { return s.run(sql, "zerohop") }

func (s *Server) run(sql string, database ...string) error {
	client, err := lookFor("mariadb")
	if err != nil {
		return errors.New("mariadb is not installed: apt-get install mariadb-client")
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	arguments := append([]string{"--no-defaults", "--default-character-set=utf8mb4", "--user=root",
		"--socket=" + s.Socket()}, database...)
	cmd := exec.CommandContext(ctx, client, arguments...)
	cmd.Stdin = strings.NewReader(sql)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run statements: %w\n%s", err, out)
	}
	return nil
}

// lookFor finds a program, on the PATH or where Debian keeps daemons.
func lookFor(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return exec.LookPath("/usr/sbin/" + name)
}

// userName is whom the server runs as: it refuses to be root without being told.
func userName() string {
	if os.Getuid() == 0 {
		return "root"
	}
	return os.Getenv("USER")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
