package main

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

//go:embed peers/oldchain/getuser.py
var tornadoScript []byte

//go:embed peers/oldchain/nginx.conf.tmpl
var nginxTemplate string

// tornadoCount is how many Tornado processes the old stack has.
const tornadoCount = 4

// oldChain is nginx in front of four Tornado processes; see peers/oldchain.
func oldChain() kind {
	return kind{
		key:  "oldchain",
		name: "nginx + 4 Tornado",
		find: func(s *search, into *tools) {
			into.nginx = s.find("nginx", "nginx")
			into.python = s.findPython("tornado", "pymysql")
		},
		launch: startOldChain,
	}
}

// startOldChain starts the Tornado processes, awaits each, and starts nginx: a
// server that refuses a connection would be left out for ten seconds.
func startOldChain(ctx context.Context, p *peer, s site) error {
	ports, err := freePorts(tornadoCount)
	if err != nil {
		return err
	}
	script := filepath.Join(p.dir, "getuser.py")
	if err := os.WriteFile(script, tornadoScript, 0o600); err != nil {
		return fmt.Errorf("write Tornado's program: %w", err)
	}
	for i, port := range ports {
		args := append([]string{script}, tornadoOptions(port, s.login)...)
		if err := p.start(fmt.Sprintf("Tornado %d", i+1), s.tools.python, args...); err != nil {
			return err
		}
	}
	frontends := make([]string, len(ports))
	for i, port := range ports {
		frontends[i] = fmt.Sprintf("127.0.0.1:%d", port)
		if err := p.await(ctx, "http://"+frontends[i]+"/getuser"); err != nil {
			return err
		}
	}
	config := filepath.Join(p.dir, "nginx.conf")
	if err := os.WriteFile(config, []byte(nginxConfig(s, frontends)), 0o600); err != nil {
		return fmt.Errorf("write nginx's configuration: %w", err)
	}
	return p.start("nginx", s.tools.nginx, "-p", p.dir, "-e", "stderr", "-c", config)
}

// tornadoOptions are what one Tornado process is told.
func tornadoOptions(port int, l login) []string {
	options := []string{
		fmt.Sprintf("--port=%d", port),
		"--user=" + l.user, "--password=" + l.password, "--database=" + l.database,
	}
	if l.network == "unix" {
		return append(options, "--socket="+l.address)
	}
	host, databasePort, err := net.SplitHostPort(l.address)
	if err != nil {
		panic("bug: " + err.Error())
	}
	return append(options, "--host="+host, "--database-port="+databasePort)
}

// nginxConfig returns nginx's configuration. A worker keeps as many
// connections to the Tornado processes as there may be clients.
func nginxConfig(s site, frontends []string) string {
	return execute("nginx.conf", nginxTemplate, struct {
		Listen    string
		Frontends []string
		Keepalive int
	}{s.address, frontends, s.max})
}
