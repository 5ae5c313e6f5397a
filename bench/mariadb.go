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

// peerPassword is that of every peer's account. The server is private and gone
// after the run.
const peerPassword = "0f8a1c6e2b"

// socketLimit is how long the path of a unix socket may be, in bytes.
const socketLimit = 107

// mariadb is a private server in a folder of its own, on a free port and on a
// unix socket. Its connections can be counted concurrently with anything but
// Kill.
type mariadb struct {
	*process
	port    int
	socket  string
	release string
	root    *sql.DB // one connection
}

// login is how a peer reaches the database, with an account of its own.
type login struct {
	user, password, database string
	network                  string // tcp or unix
	address                  string // HOST:PORT, or the socket's path
}

// dsn returns the login in go-sql-driver's form.
func (l login) dsn() string {
	return fmt.Sprintf("%s:%s@%s(%s)/%s", l.user, l.password, l.network, l.address, l.database)
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

// startMariaDB lays out a server in dir, starts it, makes an account for each
// of users, and fills the user table. It must be ended with Kill.
func startMariaDB(ctx context.Context, t tools, dir string, maxConnections int, users []string) (*mariadb, error) {
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
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	args := append([]string{
		"--no-defaults", "--datadir=" + data, "--socket=" + socket, "--pid-file=" + filepath.Join(dir, "mariadb.pid"),
		"--bind-address=127.0.0.1", fmt.Sprintf("--port=%d", ports[0]), "--user=" + owner.Username,
	}, serverOptions(maxConnections)...)
	m := &mariadb{port: ports[0], socket: socket}
	if m.root, err = openRoot(socket); err != nil {
		return nil, err
	}
	if m.process, err = startProcess("MariaDB", nil, t.mariadbd, args...); err != nil {
		m.root.Close()
		return nil, err
	}
	if err := m.prepare(ctx, users); err != nil {
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

// openRoot returns a pool of one connection, so that "use" holds for what
// follows.
func openRoot(socket string) (*sql.DB, error) {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr = "root", "unix", socket
	config.Logger = &mysql.NopLogger{} // it is asked before it listens
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("open MariaDB: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return db, nil
}

// prepare waits for the server, and makes the table and the accounts.
func (m *mariadb) prepare(ctx context.Context, users []string) error {
	ready, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := waitReady(ready, []*process{m.process}, m.root.PingContext); err != nil {
		return err
	}
	statements := []string{
		"create database " + databaseName,
		"use " + databaseName,
	}
	for _, user := range users {
		for _, host := range []string{"localhost", "127.0.0.1"} { // unix socket, TCP
			account := fmt.Sprintf("'%s'@'%s'", user, host)
			statements = append(statements,
				"create user "+account+" identified by '"+peerPassword+"'",
				"grant select on "+databaseName+".* to "+account)
		}
	}
	for _, statement := range statements {
		if _, err := m.root.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("prepare MariaDB: %w", err)
		}
	}
	if err := m.root.QueryRowContext(ctx, "select version()").Scan(&m.release); err != nil {
		return fmt.Errorf("ask MariaDB's version: %w", err)
	}
	return createUsers(ctx, m.root)
}

// login returns how a user connects; via is "tcp" or "unix".
func (m *mariadb) login(user, via string) login {
	l := login{user: user, password: peerPassword, database: databaseName, network: via, address: m.socket}
	if via == "tcp" {
		l.address = fmt.Sprintf("127.0.0.1:%d", m.port)
	}
	return l
}

// tell gives a peer an account of its own.
func (m *mariadb) tell(s *site, k kind, sc scene) { s.login = m.login(k.key, sc.Database) }

func (m *mariadb) mariadbVersion() string { return m.release }

// connections returns how many connections a user has open.
func (m *mariadb) connections(ctx context.Context, user string) (int, error) {
	var n int
	err := m.root.QueryRowContext(ctx, "select count(*) from information_schema.processlist where user = ?", user).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count connections of %s: %w", user, err)
	}
	return n, nil
}

// Kill ends the server at once and waits; nobody needs its data.
func (m *mariadb) Kill() {
	m.root.Close()
	m.process.Kill()
}

// freePorts returns ports of 127.0.0.1, no two alike, that were free a moment
// ago.
func freePorts(count int) ([]int, error) {
	ports := make([]int, count)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find free port: %w", err)
		}
		defer l.Close() // after the last one has been found
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
