package gateway

import (
	"encoding/base64"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// passwordFile returns the path of a file with a text and a mode.
func passwordFile(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// adminBasic returns the value of an Authorization header.
func adminBasic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// adminAs asks the admin listener with an Authorization header.
func (ts *testServer) adminAs(authorization, method, path string) answer {
	ts.t.Helper()
	c := dial(ts.t, ts.AdminAddr())
	defer c.Close()
	c.send(method + " " + path + " HTTP/1.1\r\nHost: h.test\r\nAuthorization: " + authorization + "\r\n\r\n")
	return c.receive(method)
}

func TestAdminAsksForThePassword(t *testing.T) {
	cfg := demoConfig("127.0.0.1:0")
	cfg.Admin, cfg.AdminPasswordFile = "127.0.0.1:0", passwordFile(t, "correct horse:battery\n", 0o640)
	ts := startConfig(t, cfg)
	if got := ts.adminGet("/healthz"); got.StatusCode != 200 {
		t.Errorf("/healthz: got %d, want 200 without a password", got.StatusCode)
	}
	f := func(authorization, method, path string, want int) {
		t.Helper()
		got := ts.adminAs(authorization, method, path)
		if got.StatusCode != want {
			t.Errorf("%s %s with %q: got %d, want %d", method, path, authorization, got.StatusCode, want)
		}
		if challenge := got.Header.Get("WWW-Authenticate"); (challenge != "") != (want == 401) {
			t.Errorf("%s %s: got the challenge %q with %d", method, path, challenge, got.StatusCode)
		}
		if strings.Contains(got.body, "horse") {
			t.Errorf("%s %s: the password is in %s", method, path, got.body)
		}
	}
	right := adminBasic("whoever", "correct horse:battery")
	for _, path := range []string{"/", "/readyz", "/status", "/status?format=text", "/metrics"} {
		f("", "GET", path, 401)
		f(right, "GET", path, 200)
	}
	f("", "GET", "/nothing", 401)
	f(right, "GET", "/nothing", 404)
	f("", "DELETE", "/status", 401)
	f(right, "DELETE", "/status", 405)
	f(adminBasic("", "correct horse:battery"), "HEAD", "/status", 200)
	f(adminBasic("correct horse:battery", ""), "GET", "/status", 401)
	f(adminBasic("x", "correct horse:battery\n"), "GET", "/status", 401)
	f(adminBasic("x", "correct horse"), "GET", "/status", 401)
	f("Bearer correct horse:battery", "GET", "/status", 401)
	f("Basic !", "GET", "/status", 401)
	if got := ts.adminGet("/healthz/../status"); got.StatusCode != 401 {
		t.Errorf("a detour: got %d, want 401", got.StatusCode)
	}
}

func TestGuessingIsStopped(t *testing.T) {
	password, err := readAdminPassword(passwordFile(t, "secret", 0o600))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0)
	client, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	f := func(from netip.Addr, authorization string, want error) {
		t.Helper()
		if got := password.check([]byte(authorization), from, now); !errors.Is(got, want) {
			t.Errorf("%v with %q: got %v, want %v", from, authorization, got, want)
		}
	}
	for range 3 * maxFailures {
		f(client, "", errNoPassword) // asks first, guesses nothing
	}
	f(client, adminBasic("x", "secret"), nil)
	for range maxFailures {
		f(client, adminBasic("x", "guess"), errWrongPassword)
	}
	f(client, adminBasic("x", "guess"), errTooManyWrong)
	f(client, adminBasic("x", "secret"), errTooManyWrong)
	f(other, adminBasic("x", "secret"), nil)
	now = now.Add(time.Minute)
	f(client, adminBasic("x", "secret"), nil)
}

func TestGuessingIsAnsweredAndLogged(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "/", say("x")))
	password, err := readAdminPassword(passwordFile(t, "secret", 0o600))
	if err != nil {
		t.Fatal(err)
	}
	ts.password = password
	tooMany := 0
	for range 3 * maxFailures {
		if got := ts.adminAs(adminBasic("x", "guess"), "GET", "/status"); got.StatusCode == 429 && got.Header.Get("Retry-After") != "" {
			tooMany++
		}
	}
	// The minute may have ended once in between.
	if tooMany < maxFailures {
		t.Errorf("got 429 %d times, want it after %d guesses a minute", tooMany, maxFailures)
	}
	log := ts.log.String()
	if n := strings.Count(log, "admin request refused"); n < 1 || n > 10 || !strings.Contains(log, "client=127.0.0.1") || strings.Contains(log, "guess") {
		t.Errorf("got %d lines in\n%s\nwant a few, with the client and without the guess", n, log)
	}
}

func TestAdminPasswordFileFaults(t *testing.T) {
	f := func(text string, mode os.FileMode, want string) {
		t.Helper()
		_, err := readAdminPassword(passwordFile(t, text, mode))
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: got %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q with mode %o: got %v, want %q", text, mode, err, want)
		}
	}
	f("secret", 0o600, "")
	f("secret\r\n", 0o440, "")
	f("", 0o600, "is empty")
	f(" \n", 0o600, "is empty")
	f("secret\n\n", 0o600, "more than one line")
	f("one\ntwo\n", 0o600, "more than one line")
	f("sec\x00ret", 0o600, "more than one line")
	f(strings.Repeat("x", maxPasswordBytes), 0o600, "")
	f(strings.Repeat("x", maxPasswordBytes+1), 0o600, "larger than")
	f("secret", 0o644, "mode 0644")
	f("secret", 0o602, "mode 0602")
	if _, err := readAdminPassword(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a folder: got %v", err)
	}
	if _, err := readAdminPassword("/no/such/file"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that there is none", err)
	}
}

func TestAdminBeyondThisMachineNeedsAPassword(t *testing.T) {
	f := func(address string, needed bool) {
		t.Helper()
		faults := (&Config{Admin: address}).validateAdmin()
		if got := len(faults) == 1; got != needed {
			t.Errorf("%s without a password: got %v", address, faults)
		}
		with := &Config{Admin: address, AdminPasswordFile: passwordFile(t, "secret", 0o600)}
		if faults := with.validateAdmin(); len(faults) > 0 {
			t.Errorf("%s with one: got %v", address, faults)
		}
	}
	f("127.0.0.1:9090", false)
	f("127.1.2.3:9090", false)
	f("[::1]:9090", false)
	f("[::ffff:127.0.0.1]:9090", false)
	f("localhost:9090", false)
	f("LOCALHOST:9090", false)
	f("unix:/run/zerohop-admin.sock", false)
	f(":9090", true)
	f("0.0.0.0:9090", true)
	f("[::]:9090", true)
	f("192.0.2.1:9090", true)
	f("admin.example.com:9090", true)
	f("localhost.example.com:9090", true)

	faults := (&Config{AdminPasswordFile: "/some/file"}).validateAdmin()
	if len(faults) != 1 || !strings.Contains(faults[0].Error(), "no admin listener") {
		t.Errorf("a password without a listener: got %v", faults)
	}
}

// The file's faults are those of the configuration, at the line that names it;
// its path begins at the folder of the configuration.
func TestAdminPasswordFaultsAreTold(t *testing.T) {
	folder := filepath.Dir(passwordFile(t, "secret\n", 0o604))
	text := "admin = \":9090\"\nadmin_password_file = \"password\"\n[[routes]]\nmatch = \"/\"\nrespond = { status = 204 }\n"
	path := filepath.Join(folder, "zerohop.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := LoadConfig(path)
	if err == nil || !strings.Contains(err.Error(), "zerohop.toml:2:") || !strings.Contains(err.Error(), "mode 0604") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want the fault of line 2", err)
	}
	if err := os.Chmod(filepath.Join(folder, "password"), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadConfig(path); err != nil {
		t.Errorf("got %v", err)
	}
}

// What has happened to the file since the check is told at the start.
func TestListenReadsThePassword(t *testing.T) {
	cfg := demoConfig("127.0.0.1:0")
	cfg.Admin, cfg.AdminPasswordFile = "127.0.0.1:0", "/no/such/file"
	cfg.Databases, cfg.Routes = nil, nil
	server, err := New(cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if err := server.Listen(); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "admin_password_file") {
		t.Errorf("got %v, want that there is no such file", err)
	}
}
