package main

import (
	"context"
	"fmt"
	"path/filepath"
)

// allHops are the ways to one handler: in the process that has the client's
// connection, and in another one behind it.
func allHops() []kind { return []kind{inProcess(), behindHop("tcp"), behindHop("unix")} }

// inProcess is zerohop with a fixed answer.
func inProcess() kind {
	return kind{key: "in-process", name: "in process", pkg: "zerohop", launch: func(_ context.Context, p *peer, s site) error {
		return startWithFile(p, "zerohop.toml", respondFile(s.address, s.answer), func(file string) error {
			return p.start("zerohop", s.binary, "serve", "-c", file)
		})
	}}
}

// respondFile returns a configuration with one fixed answer.
func respondFile(address, answer string) string {
	return fmt.Sprintf(`listen = %q

[[routes]]
match   = %q
respond = { body = '%s', headers = { Content-Type = "application/json" } }
`, address, "GET "+answerPath, answer)
}

// behindHop is zerohop in front of a zerohop with the same fixed answer. The
// one behind has its log thrown away, so that the hop alone is what is paid
// more.
func behindHop(network string) kind {
	k := kind{key: "hop-" + network, name: "behind loopback TCP", pkg: "zerohop"}
	if network == "unix" {
		k.name = "behind a unix socket"
	}
	k.launch = func(ctx context.Context, p *peer, s site) error {
		listen, url := "unix:"+filepath.Join(p.dir, "inner.sock"), "unix:"+filepath.Join(p.dir, "inner.sock")
		if network == "tcp" {
			ports, err := freePorts(1)
			if err != nil {
				return err
			}
			listen = fmt.Sprintf("127.0.0.1:%d", ports[0])
			url = "http://" + listen
		}
		err := startWithFile(p, "inner.toml", respondFile(listen, s.answer), func(file string) error {
			return p.startQuietly("zerohop behind", s.binary, "serve", "-c", file)
		})
		if err != nil {
			return err
		}
		return startWithFile(p, "zerohop.toml", proxyFile(s.address, url, s.max), func(file string) error {
			return p.start("zerohop in front", s.binary, "serve", "-c", file)
		})
	}
	return k
}
