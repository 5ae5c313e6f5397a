package main

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os/user"
	"path/filepath"
	"time"

	"github.com/go-sql-driver/mysql"
)

// How long MariaDB may take to lay out its folder, and to answer.
const (
	installTimeout = 2 * time.Minute
	startTimeout   = 30 * time.Second
)

const databaseName = "bench"

// The gateways' own account. The server is private and gone after the run.
const (
	gatewayUser     = "gateway"
	gatewayPassword = "0f8a1c6e2b"
)

// socketLimit is how long the path of a unix socket may be, in bytes.
const socketLimit = 107

// mariadb is a private server in a folder of its own, on a free port and on a
// unix socket.
type mariadb struct {
	*process
	port    int
	socket  string
	version string
}

// serverOptions tune the server for a small machine on which everything is in
// memory: a buffer pool larger than the table, no name lookups, no binary log,
// threads and tables kept. The rest is MariaDB's default: one thread a
// connection, no performance schema, no query cache.
func serverOptions(maxConnections int) []string {
	return []string{
		"--innodb-buffer-pool-size=256M",
		"--skip-name-resolve",
		"--skip-log-bin",
		"--table-open-cache=2000",
		fmt.Sprintf("--thread-cache-size=%d", maxConnections),
		fmt.Sprintf("--max-connections=%d", maxConnections),
	}
}

// startMariaDB lays out a server in dir, starts it, and fills the user table.
// It must be ended with Kill.
func startMariaDB(ctx context.Context, t tools, dir string, maxConnections int) (*mariadb, error) {
	data, socket := filepath.Join(dir, "data"), filepath.Join(dir, "mariadb.sock")
	if len(socket) > socketLimit {
		return nil, fmt.Errorf("start MariaDB: %s is too long for a socket: set TMPDIR to a shorter folder", socket)
	}
	owner, err := user.Current()
	if err != nil {
		return nil, fmt.Errorf("start MariaDB: %w", err)
	}
	if err := installMariaDB(ctx, t.installDB, data, owner.Username); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	args := append([]string{
		"--no-defaults", "--datadir=" + data, "--socket=" + socket, "--pid-file=" + filepath.Join(dir, "mariadb.pid"),
		"--bind-address=127.0.0.1", fmt.Sprintf("--port=%d", port), "--user=" + owner.Username,
	}, serverOptions(maxConnections)...)
	p, err := startProcess("MariaDB", nil, t.mariadbd, args...)
	if err != nil {
		return nil, err
	}
	m := &mariadb{process: p, port: port, socket: socket}
	if err := m.prepare(ctx); err != nil {
		m.Kill()
		return nil, err
	}
	return m, nil
}

func installMariaDB(ctx context.Context, program, data, owner string) error {
	_, err := runErrand(ctx, installTimeout, "lay out MariaDB", program,
		"--no-defaults", "--datadir="+data, "--user="+owner,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
	return err
}

// prepare waits for the server, and makes the table and the gateways' account.
func (m *mariadb) prepare(ctx context.Context) error {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr = "root", "unix", m.socket
	config.Logger = &mysql.NopLogger{} // it is asked before it listens
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return fmt.Errorf("open MariaDB: %w", err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	db.SetMaxOpenConns(1) // so that "use" holds for what follows

	ready, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := m.waitReady(ready, db.PingContext); err != nil {
		return err
	}
	statements := []string{
		"create database " + databaseName,
		"use " + databaseName,
	}
	for _, host := range []string{"localhost", "127.0.0.1"} { // unix socket, TCP
		account := fmt.Sprintf("'%s'@'%s'", gatewayUser, host)
		statements = append(statements,
			"create user "+account+" identified by '"+gatewayPassword+"'",
			"grant select on "+databaseName+".* to "+account)
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("prepare MariaDB: %w", err)
		}
	}
	if err := db.QueryRowContext(ctx, "select version()").Scan(&m.version); err != nil {
		return fmt.Errorf("ask MariaDB's version: %w", err)
	}
	return createUsers(ctx, db)
}

// dsn returns what a gateway connects with, in go-sql-driver's form; via is
// "tcp" or "unix".
func (m *mariadb) dsn(via string) string {
	address := fmt.Sprintf("tcp(127.0.0.1:%d)", m.port)
	if via == "unix" {
		address = "unix(" + m.socket + ")"
	}
	return fmt.Sprintf("%s:%s@%s/%s", gatewayUser, gatewayPassword, address, databaseName)
}

// freePort returns a port of 127.0.0.1 that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
