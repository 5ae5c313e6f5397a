package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"zerohop/gateway"
)

// TestMain lets the test binary be zerohop itself, for the tests of what only a
// process has: exit codes and signals.
func TestMain(m *testing.M) {
	if os.Getenv("ZEROHOP_TEST_AS_MAIN") != "" {
		main()
	}
	code := m.Run()
	tidyUp()
	os.Exit(code)
}

// zerohop returns the program as a command in a folder, not yet started.
func zerohop(t *testing.T, folder string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "ZEROHOP_TEST_AS_MAIN=1")
	return cmd
}

// folderWith returns a new folder that holds one file.
func folderWith(t *testing.T, name, content string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

func needEngine(t *testing.T) {
	t.Helper()
	if !embedded() {
		t.Skip("built without the embedded engine: leave out the build tag noembedded")
	}
}

const good = `
listen = "127.0.0.1:0"
[databases.main]
dsn = "embedded"
[[routes]]
match = "GET /one"
sql = "select 1 as one"
[[routes]]
match = "POST /echo"
sql = "select :form.x as x"
`

func TestExitCodesAndMessages(t *testing.T) {
	f := func(folder string, args []string, code int, stdout, stderr string) {
		t.Helper()
		var out, log strings.Builder
		cmd := zerohop(t, folder, args...)
		cmd.Stdout, cmd.Stderr = &out, &log
		if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		if got := cmd.ProcessState.ExitCode(); got != code {
			t.Errorf("zerohop %q: exit code %d, want %d", args, got, code)
		}
		if !strings.Contains(out.String(), stdout) || stdout == "" && out.Len() > 0 {
			t.Errorf("zerohop %q: got on stdout:\n%s\nwant %q", args, out.String(), stdout)
		}
		if !strings.Contains(log.String(), stderr) || stderr == "" && log.Len() > 0 {
			t.Errorf("zerohop %q: got on stderr:\n%s\nwant %q", args, log.String(), stderr)
		}
	}
	empty := t.TempDir()
	here, elsewhere := folderWith(t, defaultFile, good), folderWith(t, "my.toml", good)
	bad := folderWith(t, defaultFile, strings.Replace(good, "dsn", "dns", 1)+"credentials = 3\n")

	f(empty, []string{"check"}, 2, "", "there is no ./zerohop.toml; name the configuration with -c FILE\n")
	f(empty, []string{"serve"}, 2, "", "there is no ./zerohop.toml; name the configuration with -c FILE\n")
	f(empty, []string{"-c", "gone.toml"}, 2, "", "open gone.toml: no such file or directory\n")
	f(empty, []string{"serve", "--config", "gone.toml"}, 2, "", "open gone.toml: no such file or directory\n")
	f(empty, []string{"-c", ""}, 2, "", "no such file or directory\n") // a variable that is not set
	f(empty, []string{"sevre"}, 2, "", "zerohop: unexpected argument sevre")
	f(empty, []string{"check", "--fast"}, 2, "", "zerohop: unknown flag --fast")
	f(here, []string{"check"}, 0, "zerohop.toml: ok, 2 routes, 1 database\n", "")
	f(elsewhere, []string{"check", "-c", "my.toml"}, 0, "my.toml: ok, 2 routes, 1 database\n", "")
	for _, command := range [][]string{{"check"}, {"serve"}, {}} {
		f(bad, command, 2, "", "zerohop.toml:4:1: unknown key \"dns\" in [databases.main]\n    4 | dns = ***\n      | ^^^\n      hint: did you mean \"dsn\"?\nzerohop.toml:11:15: ")
	}
	f(empty, []string{"version"}, 0, runtime.Version()+", "+runtime.GOOS+"/"+runtime.GOARCH+", with", "")
	f(empty, []string{"--help"}, 0, "Name everything that is wrong with a configuration.", "")

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := folderWith(t, defaultFile, strings.Replace(good, "127.0.0.1:0", taken.Addr().String(), 1))
	f(busy, []string{"serve"}, 1, "", "address already in use")
}

// TestInit writes the starter file, and does with it what is said next.
func TestInit(t *testing.T) {
	folder := t.TempDir()
	f := func(code int, output string, args ...string) {
		t.Helper()
		got, err := zerohop(t, folder, args...).CombinedOutput()
		if exit, failed := errors.AsType[*exec.ExitError](err); failed != (code != 0) || failed && exit.ExitCode() != code {
			t.Errorf("zerohop %q: got %v, want exit code %d", args, err, code)
		}
		if !strings.Contains(string(got), output) {
			t.Errorf("zerohop %q: got\n%s\nwant %q", args, got, output)
		}
	}
	f(0, "zerohop.toml is written. Next:\n\n  edit zerohop.toml, the dsn first: it says where your database is\n  zerohop check\n  zerohop serve\n", "init")
	f(0, "zerohop.toml: ok, 2 routes, 1 database\n", "check")
	path := filepath.Join(folder, defaultFile)
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("got the mode %v, %v, want -rw-------", info.Mode(), err)
	}

	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	f(2, "zerohop: zerohop.toml is there already and was not touched; -c FILE names another one\n", "init")
	if text, err := os.ReadFile(path); string(text) != "mine" {
		t.Errorf("got %q, %v, want the file as it was", text, err)
	}
	f(0, "other.toml is written. Next:\n\n  edit other.toml, the dsn first: it says where your database is\n  zerohop check -c other.toml\n", "init", "-c", "other.toml")
	f(2, "write configuration: open no/such.toml: no such file or directory\n", "init", "-c", "no/such.toml")
	f(2, "", "init", "-c", "")
	if err := os.Symlink(filepath.Join(folder, "elsewhere"), filepath.Join(folder, "link.toml")); err != nil {
		t.Fatal(err)
	}
	f(2, "link.toml is there already", "init", "-c", "link.toml")
}

// waitingWriter collects what is written, for a reader that waits for a text.
type waitingWriter struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{}
}

func newWaitingWriter() *waitingWriter { return &waitingWriter{changed: make(chan struct{}, 1)} }

func (w *waitingWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	select {
	case w.changed <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (w *waitingWriter) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// await returns what the pattern's first group matches once it does.
func (w *waitingWriter) await(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	overdue := time.After(30 * time.Second)
	for {
		m := re.FindStringSubmatch(w.String())
		if m != nil {
			return m[1]
		}
		select {
		case <-w.changed:
		case <-overdue:
			t.Fatalf("%s was not written, but:\n%s", pattern, w)
		}
	}
}

// TestDemoBanner runs the demo on a free port and does what its banner says.
func TestDemoBanner(t *testing.T) {
	needEngine(t)
	cfg, err := gateway.DemoConfig()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listen, cfg.Admin = []string{"127.0.0.1:0"}, ""
	log, access := newWaitingWriter(), newWaitingWriter()
	signals := make(chan os.Signal, 1)
	ended := make(chan error, 1)
	go func() { ended <- (&process{os.Stdin, access, log, signals}).serveDemo(cfg) }()

	line := log.await(t, `(?m)^(curl .*)$`)
	m := regexp.MustCompile(`^curl -u (\w+):(\w+) (http://127\.0\.0\.1:\d+/getuser)$`).FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("the first curl line is %q", line)
	}
	if banner := log.String(); !strings.Contains(banner, "nothing is kept") {
		t.Errorf("the banner does not say that nothing is kept:\n%s", banner)
	}
	f := func(password string, status int, body string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m[3], nil)
		if err != nil {
			t.Fatal(err)
		}
		if password != "" {
			request.SetBasicAuth(m[1], password)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		got, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != status || body != "" && string(got) != body {
			t.Errorf("with the password %q: got %d %s, %v, want %d %s", password, response.StatusCode, got, err, status, body)
		}
	}
	f(m[2], 200, `[{"count":1}]`)
	f("wrong", 200, `[{"count":0}]`)
	f("", 401, "")
	http.DefaultClient.CloseIdleConnections()
	signals <- syscall.SIGTERM
	if err := <-ended; err != nil {
		t.Errorf("the demo ended with %v", err)
	}
	access.await(t, `(GET /getuser)`)
}

// TestGoneReader takes the reader of the access log away: requests are answered
// as before, and the lines that nobody gets are counted.
func TestGoneReader(t *testing.T) {
	needEngine(t)
	log := newWaitingWriter()
	cmd := zerohop(t, folderWith(t, defaultFile, "admin = \"127.0.0.1:0\""+good), "serve")
	cmd.Stderr = log
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reader.Close()
	writer.Close()
	public := "http://" + log.await(t, `msg=listening address=(\S+)`)
	operator := "http://" + log.await(t, `msg="listening for the operator" address=(\S+)`)
	lost := regexp.MustCompile(`(?m)^zerohop_access_log_lines_dropped_total ([1-9]\d*)$`)
	for overdue := time.Now().Add(30 * time.Second); ; {
		if got, err := follow("$ curl " + public + "/one"); got != `[{"one":1}]` {
			t.Fatalf("got %q, %v", got, err)
		}
		page, err := follow("$ curl " + operator + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		if lost.MatchString(page) {
			break
		}
		if time.Now().After(overdue) {
			t.Fatalf("no lost line was counted:\n%s", page)
		}
		time.Sleep(20 * time.Millisecond) // lines are written once a second
	}
	http.DefaultClient.CloseIdleConnections()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v, want 0", err)
	}
	log.await(t, `(access log cannot be written)`)
}

// TestSignals sends a signal while a request is under way: one lets it be
// answered, two do not.
func TestSignals(t *testing.T) {
	needEngine(t)
	f := func(signals, code int, stderr string) {
		t.Helper()
		log := newWaitingWriter()
		cmd := zerohop(t, folderWith(t, defaultFile, good), "serve")
		cmd.Stderr = log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		address := log.await(t, `msg=listening address=(\S+)`)
		client, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		io.WriteString(client, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
			"Content-Length: 6\r\nExpect: 100-continue\r\n\r\n")
		goOn := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
		if _, err := io.ReadFull(client, goOn); err != nil {
			t.Fatalf("got %q, %v", goOn, err)
		}
		// Now the request is in the server's hands, and waits for its body.
		for range signals {
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			log.await(t, `(msg=draining)`)
		}
		if code == 0 {
			io.WriteString(client, "x=late")
		}
		answer, err := io.ReadAll(client)
		if got := strings.HasSuffix(string(answer), `[{"x":"late"}]`); got != (code == 0) {
			t.Errorf("after %d signals: the request under way was answered: %v, %v\n%s", signals, got, err, answer)
		}
		cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != code {
			t.Errorf("after %d signals: exit code %d, want %d", signals, got, code)
		}
		log.await(t, "("+stderr+")")
	}
	f(1, 0, "msg=draining")
	f(2, 1, errSecondSignal.Error())
}
