package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// readyTimeout is how long a peer may take to its first right answer.
const readyTimeout = 15 * time.Second

// kind is a program that can be compared.
type kind struct {
	name    string // as in the report
	pkg     string // its main package, in this module
	command func(binary, dir string, s site) ([]string, error)
}

// site is what a peer is told: where to serve, and from what.
type site struct {
	address string // HOST:PORT
	dsn     string
	max     int // connections to the database
}

// zerohop is the program that the others are compared with.
func zerohop() kind {
	return kind{name: "zerohop", pkg: "zerohop", command: zerohopCommand}
}

// netHTTP is net/http with database/sql; see peers/nethttp.
func netHTTP() kind {
	return kind{name: "net/http + database/sql", pkg: "zerohop/bench/peers/nethttp", command: netHTTPCommand}
}

// zerohopFile is zerohop's configuration: an address, a DSN and max are
// filled in.
const zerohopFile = `listen = %q

[databases.main]
dsn      = %q
max      = %d
overflow = "reject"
timeout  = "2s"

[[routes]]
match       = "GET /getuser"
credentials = "basic"
database    = "main"
sql         = "select count(*) as count from user where user = :auth.user and passwd = :auth.password"
`

func zerohopCommand(binary, dir string, s site) ([]string, error) {
	file := filepath.Join(dir, "zerohop.toml")
	text := fmt.Sprintf(zerohopFile, s.address, s.dsn, s.max)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write zerohop's configuration: %w", err)
	}
	return []string{binary, "serve", "-c", file}, nil
}

func netHTTPCommand(binary, _ string, s site) ([]string, error) {
	return []string{binary, "-listen", s.address, "-dsn", s.dsn, "-max", fmt.Sprint(s.max)}, nil
}

// peer is a kind that runs.
type peer struct {
	*process
	url string // of GET /getuser
	log *accessLog
}

// startPeer starts the binary of k in a folder of its own, and returns when it
// answers.
func startPeer(ctx context.Context, k kind, binary, dir string, dsn string, maxConns int) (*peer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("start %s: %w", k.name, err)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", port)
	command, err := k.command(binary, dir, site{address: address, dsn: dsn, max: maxConns})
	if err != nil {
		return nil, err
	}
	p := &peer{url: "http://" + address + "/getuser"}
	if err := p.start(k.name, filepath.Join(dir, "access.log"), command); err != nil {
		return nil, err
	}
	if err := p.await(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// start starts the command with its standard output going to the file that
// p.log reads.
func (p *peer) start(name, file string, command []string) error {
	log, err := newAccessLog(file)
	if err != nil {
		return err
	}
	stdout, err := log.writer()
	if err != nil {
		log.Close()
		return err
	}
	defer stdout.Close() // the child has its own
	if p.process, err = startProcess(name, stdout, command[0], command[1:]...); err != nil {
		log.Close()
		return err
	}
	p.log = log
	return nil
}

// await returns when the peer gives a right answer.
func (p *peer) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	q := userQuestion(1)
	return p.waitReady(ctx, func(ctx context.Context) error {
		a, err := ask(ctx, transport, p.url, q)
		if err != nil {
			return err
		}
		return q.check(a)
	})
}

// Close ends the peer and waits for it.
func (p *peer) Close() {
	p.Stop()
	p.log.Close()
}
