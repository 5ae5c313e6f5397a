package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed peers/proxies/nginx.conf.tmpl
var nginxProxyTemplate string

//go:embed peers/proxies/haproxy.cfg.tmpl
var haproxyTemplate string

// allProxies are the peers in front of one upstream, in the order of the
// report.
func allProxies() []kind { return []kind{zerohopProxy(), nginxProxy(), haproxy()} }

// zerohopProxy is this program with one route, which goes to the upstream.
func zerohopProxy() kind {
	return kind{key: "zerohop", name: "zerohop", pkg: "zerohop", launch: func(_ context.Context, p *peer, s site) error {
		return startWithFile(p, "zerohop.toml", proxyFile(s.address, "http://"+s.upstream, s.max), func(file string) error {
			return p.start("zerohop", s.binary, "serve", "-c", file)
		})
	}}
}

// proxyFile returns a configuration that sends everything to one URL.
func proxyFile(address, url string, idle int) string {
	return fmt.Sprintf(`listen = %q

[backends.upstream]
members = [{ url = %q }]
idle    = %d

[[routes]]
match   = "/"
backend = "upstream"
`, address, url, idle)
}

func nginxProxy() kind {
	return kind{
		key: "nginx", name: "nginx",
		find: func(s *search, into *tools) { into.nginx = s.find("nginx", "nginx") },
		launch: func(_ context.Context, p *peer, s site) error {
			return startWithFile(p, "nginx.conf", proxyConfig(nginxProxyTemplate, p, s), func(file string) error {
				return p.start("nginx", s.tools.nginx, "-p", p.dir, "-e", "stderr", "-c", file)
			})
		},
	}
}

func haproxy() kind {
	return kind{
		key: "haproxy", name: "HAProxy",
		// A client that resets the connection behind its request counts as a bad
		// one, and a thread that finds the log locked does not wait, but counts.
		left: http.StatusBadRequest, dropped: droppedByHAProxy,
		find: func(s *search, into *tools) { into.haproxy = s.find("haproxy", "haproxy") },
		launch: func(_ context.Context, p *peer, s site) error {
			ports, err := freePorts(1)
			if err != nil {
				return err
			}
			p.control = fmt.Sprintf("127.0.0.1:%d", ports[0])
			return startWithFile(p, "haproxy.cfg", proxyConfig(haproxyTemplate, p, s), func(file string) error {
				return p.start("haproxy", s.tools.haproxy, "-db", "-f", file)
			})
		},
	}
}

// proxyConfig fills in a proxy's template. The proxy may keep as many
// connections to the upstream as there may be clients.
func proxyConfig(text string, p *peer, s site) string {
	return execute("proxy", text, struct {
		Listen, Upstream, Control string
		Max                       int
	}{s.address, s.upstream, p.control, s.max})
}

// droppedByHAProxy returns how many lines of its log HAProxy has dropped since
// its start, as its command "show info" says.
func droppedByHAProxy(ctx context.Context, p *peer) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.control)
	if err != nil {
		return 0, fmt.Errorf("ask HAProxy: %w", err)
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	if _, err := io.WriteString(conn, "show info\n"); err != nil {
		return 0, fmt.Errorf("ask HAProxy: %w", err)
	}
	text, err := io.ReadAll(conn)
	if err != nil {
		return 0, fmt.Errorf("ask HAProxy: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "DroppedLogs: "); ok {
			return strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		}
	}
	return 0, fmt.Errorf("ask HAProxy: no DroppedLogs in its answer, of %d bytes", len(text))
}

// startWithFile writes a configuration into the peer's folder and starts what
// reads it.
func startWithFile(p *peer, name, text string, start func(file string) error) error {
	file := filepath.Join(p.dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write configuration of %s: %w", p.name, err)
	}
	return start(file)
}
