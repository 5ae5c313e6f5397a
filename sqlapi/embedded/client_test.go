//go:build !noembedded

package embedded_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"go.uber.org/goleak"

	"zerohop/sqlapi/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const userTable = `
	create table user (id integer not null auto_increment primary key,
	                   user varchar(64) not null unique, passwd varchar(128) not null);
	insert into user (user, passwd) values ('alice', 'secret'), ('bob', 'swordfish'), ('日本', '🔑');
`

// open starts an engine for the time of a test.
func open(t *testing.T, seed string) *embedded.Engine {
	t.Helper()
	e, err := embedded.Open(seed)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return e
}

// config is how go-sql-driver/mysql reaches e. Each connection that it dials is
// handed to dialled as well, which may be nil.
func config(e *embedded.Engine, dialled func(net.Conn)) *mysql.Config {
	cfg := mysql.NewConfig()
	cfg.User, cfg.DBName = embedded.User, embedded.Database
	cfg.Logger = &mysql.NopLogger{} // it would report the connections that tests cut
	cfg.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := e.Dial(ctx)
		if err == nil && dialled != nil {
			dialled(conn)
		}
		return conn, err
	}
	return cfg
}

// connect returns one connection of database/sql.
func connect(t *testing.T, e *embedded.Engine) *sql.Conn {
	t.Helper()
	connector, err := mysql.NewConnector(config(e, nil))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// raw is a connection behind the handshake, spoken to in packets.
type raw struct {
	net.Conn
	t *testing.T
}

// The commands of the protocol that the tests send.
const (
	comQuery = 0x03
	comPing  = 0x0e
	comReset = 0x1f
)

// handshake lets the driver log in and takes its connection over.
func handshake(t *testing.T, e *embedded.Engine) *raw {
	t.Helper()
	r := &raw{t: t}
	connector, err := mysql.NewConnector(config(e, func(c net.Conn) { r.Conn = c }))
	if err != nil {
		t.Fatal(err)
	}
	var owner driver.Conn
	if owner, err = connector.Connect(t.Context()); err != nil {
		t.Fatalf("handshake: %v", err)
	}
	t.Cleanup(func() { owner.Close() })
	if err := r.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return r
}

// command is one packet with a command and its argument.
func command(code byte, argument string) []byte {
	packet := binary.LittleEndian.AppendUint32(nil, uint32(1+len(argument)))
	return append(append(packet, code), argument...)
}

// send writes all commands at once.
func (r *raw) send(commands ...[]byte) {
	r.t.Helper()
	var all []byte
	for _, c := range commands {
		all = append(all, c...)
	}
	if _, err := r.Write(all); err != nil {
		r.t.Fatalf("send: %v", err)
	}
}

// packet reads the payload of the next packet.
func (r *raw) packet() []byte {
	r.t.Helper()
	var header [4]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		r.t.Fatalf("read a packet: %v", err)
	}
	payload := make([]byte, int(header[0])|int(header[1])<<8|int(header[2])<<16)
	if _, err := io.ReadFull(r, payload); err != nil {
		r.t.Fatalf("read a packet: %v", err)
	}
	return payload
}

// ok reads an answer without rows and returns its info text.
func (r *raw) ok() string {
	r.t.Helper()
	p := r.packet()
	if p[0] != 0 {
		r.t.Fatalf("got answer %q, want an OK", p)
	}
	const fixed = 1 + 1 + 1 + 2 + 2 // header, two small numbers, status, warnings
	if len(p) <= fixed {
		return ""
	}
	return string(p[fixed:])
}

// value reads an answer of one column and one row and returns the value.
func (r *raw) value() string {
	r.t.Helper()
	if p := r.packet(); p[0] != 1 {
		r.t.Fatalf("got answer %q, want one column", p)
	}
	r.packet() // the column's definition
	row := r.packet()
	if end := r.packet(); end[0] != 0xfe {
		r.t.Fatalf("got packet %q, want the end of the rows", end)
	}
	if row[0] == 0xfb {
		return "NULL"
	}
	return string(row[1:])
}
