package main

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
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
			return startWithFile(p, "nginx.conf", proxyConfig(nginxProxyTemplate, s), func(file string) error {
				return p.start("nginx", s.tools.nginx, "-p", p.dir, "-e", "stderr", "-c", file)
			})
		},
	}
}

func haproxy() kind {
	return kind{
		key: "haproxy", name: "HAProxy",
		// A client that resets the connection behind its request counts as a bad
		// one, and a thread that finds the log locked does not wait.
		left: http.StatusBadRequest, lossy: true,
		find: func(s *search, into *tools) { into.haproxy = s.find("haproxy", "haproxy") },
		launch: func(_ context.Context, p *peer, s site) error {
			return startWithFile(p, "haproxy.cfg", proxyConfig(haproxyTemplate, s), func(file string) error {
				return p.start("haproxy", s.tools.haproxy, "-db", "-f", file)
			})
		},
	}
}

// proxyConfig fills in a proxy's template. The proxy may keep as many
// connections to the upstream as there may be clients.
func proxyConfig(text string, s site) string {
	return execute("proxy", text, struct {
		Listen, Upstream string
		Max              int
	}{s.address, s.upstream, s.max})
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
