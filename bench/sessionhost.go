package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
)

// sessionUsers is how many users have logged in.
const sessionUsers = 1000

// sessionHost has what zerohop needs for sessions: a memcached. Close ends it.
type sessionHost struct{ memcached *process }

// sessionFile is added to zerohop's configuration: routes that log in and
// answer whoever has done so.
const sessionFile = `
[sessions]
store       = "memcached"
servers     = [%q]
timeout     = "1s"
keys        = ["Zt3fK8vQm1xYc6RwL0aUe9HsJ2dGp5NbXo7iEyTkVhA="]

[auth.users]
type      = "basic"
database  = "main"
sql_count = "select count(*) from user where user = :auth.user and passwd = :auth.password"
throttle  = { failures = 0, address_failures = 0 }

[auth.web]
type = "session"

[[routes]]
match   = "POST /login"
login   = { auth = "users" }
session = { set = { passwd = "{json.password}" } }

[[routes]]
match    = "GET /session"
auth     = "web"
database = "main"
sql      = "select count(*) as count from user where user = :auth.user and passwd = :session.passwd"
`

// kind is zerohop with lanes off, and sessions in a memcached of its own.
func (h *sessionHost) kind() kind {
	k := zerohopLanesOff()
	k.key, k.name = "session", "zerohop with sessions"
	k.find = func(s *search, into *tools) { into.memcached = s.find("memcached", "memcached") }
	k.launch = func(ctx context.Context, p *peer, s site) error {
		address, err := h.start(ctx, s.tools.memcached)
		if err != nil {
			return err
		}
		off := 0
		file := filepath.Join(p.dir, "zerohop.toml")
		text := zerohopConfig(s, &off) + fmt.Sprintf(sessionFile, address)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return fmt.Errorf("write zerohop's configuration: %w", err)
		}
		return p.start("zerohop", s.binary, "serve", "-c", file)
	}
	return k
}

// start starts memcached and returns its address once it answers.
func (h *sessionHost) start(ctx context.Context, program string) (address string, err error) {
	ports, err := freePorts(1)
	if err != nil {
		return "", err
	}
	address = fmt.Sprintf("127.0.0.1:%d", ports[0])
	args := []string{"-l", "127.0.0.1", "-p", fmt.Sprint(ports[0]), "-U", "0"}
	if os.Geteuid() == 0 {
		args = append(args, "-u", "root") // it asks for a name
	}
	if h.memcached, err = startProcess("memcached", nil, program, args...); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return address, waitReady(ctx, []*process{h.memcached}, func(ctx context.Context) error {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return c.Close()
	})
}

// Close ends memcached, if it was started.
func (h *sessionHost) Close() {
	if h.memcached != nil {
		h.memcached.Stop()
	}
}

// sessionLoad is the load for a zerohop with sessions.
type sessionLoad struct {
	wrk  *wrk
	peer *peer
	dir  string
	// plain and cookies are wrk's scripts without and with sessions.
	plain, cookies string
}

// prepare logs everybody in, and compares answers with and without a session.
func (s *sessionLoad) prepare(ctx context.Context) error {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	cookies := make([]string, 0, sessionUsers)
	for n := 1; n <= sessionUsers; n++ {
		cookie, err := s.login(ctx, transport, n)
		if err != nil {
			return err
		}
		cookies = append(cookies, cookie)
		if n%50 != 1 {
			continue
		}
		if err := s.examine(ctx, transport, cookie, http.StatusOK, found); err != nil {
			return err
		}
	}
	// That of a stranger is none.
	forged := cookies[0][:len(cookies[0])-2] + "AA"
	if err := s.examine(ctx, transport, forged, http.StatusUnauthorized, ""); err != nil {
		return err
	}
	if err := s.peer.forgetLog(ctx); err != nil {
		return err
	}
	return s.writeScripts(cookies)
}

// login logs the n-th user in and returns his cookie.
func (s *sessionLoad) login(ctx context.Context, transport http.RoundTripper, n int) (string, error) {
	body := fmt.Sprintf(`{"user":%q,"password":%q}`, userName(n), userPassword(n))
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.at("/login"), bytes.NewReader([]byte(body)))
	if err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := transport.RoundTrip(r)
	if err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body) // so that the connection is used again
	for _, c := range response.Cookies() {
		return c.Name + "=" + c.Value, nil
	}
	return "", fmt.Errorf("log in: %w: status %d and no cookie", errAnswer, response.StatusCode)
}

// examine wants an answer to whoever has a cookie.
func (s *sessionLoad) examine(ctx context.Context, transport http.RoundTripper, cookie string, status int, body string) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.at("/session"), nil)
	if err != nil {
		return fmt.Errorf("ask with a session: %w", err)
	}
	r.Header.Set("Cookie", cookie)
	response, err := transport.RoundTrip(r)
	if err != nil {
		return fmt.Errorf("ask with a session: %w", err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(io.LimitReader(response.Body, answerBytes))
	if err == nil && (response.StatusCode != status || body != "" && string(got) != body) {
		err = fmt.Errorf("%w: status %d, %s", errAnswer, response.StatusCode, got)
	}
	if err != nil {
		return fmt.Errorf("ask with a session: %w", err)
	}
	return nil
}

// at returns the URL of a path.
func (s *sessionLoad) at(path string) string {
	return s.peer.url[:len(s.peer.url)-len("/getuser")] + path
}
