package wire

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// connectTimeout bounds dialling and the handshake where the DSN names no timeout.
const connectTimeout = 2 * time.Second

// dsnParameters are the parameters of go-sql-driver's that a DSN may carry.
// The others would act on a side of the driver that is not used here, or
// change the protocol behind our back.
var dsnParameters = []string{"timeout", "allowNativePasswords", "allowCleartextPasswords", "connectionAttributes"}

// DialFunc opens a network connection.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Dialer opens connections to one database. It may be used by several
// goroutines at once.
type Dialer struct {
	config   *mysql.Config
	dial     DialFunc
	maxBytes int64
	timeout  time.Duration
}

// NewDialer returns a Dialer for a DSN in go-sql-driver's form. Answers of more
// than maxBytes bytes are refused. dial opens the network connection; nil is
// net.Dialer's. The error never quotes the DSN, which holds a password.
func NewDialer(dsn string, maxBytes int64, dial DialFunc) (*Dialer, error) {
	if err := checkParameters(dsn); err != nil {
		return nil, err
	}
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		// Its text may quote parts of the DSN.
		return nil, errors.New("malformed DSN: want user:password@tcp(host:port)/database or user:password@unix(/path)/database")
	}
	if config.Net != "tcp" && config.Net != "unix" {
		return nil, fmt.Errorf("unknown network %q: want tcp or unix", config.Net)
	}
	d := &Dialer{config: config, dial: dial, maxBytes: maxBytes, timeout: config.Timeout}
	if d.timeout <= 0 {
		d.timeout = connectTimeout
	}
	if d.dial == nil {
		d.dial = new(net.Dialer).DialContext
	}
	config.Logger = &mysql.NopLogger{}
	config.ConnectionAttributes = strings.Trim("program_name:zerohop,"+config.ConnectionAttributes, ",")
	return d, nil
}

// checkParameters refuses every DSN parameter that is not in the list.
func checkParameters(dsn string) error {
	_, tail, ok := strings.Cut(dsn[strings.LastIndexByte(dsn, '/')+1:], "?")
	if !ok {
		return nil
	}
	for parameter := range strings.SplitSeq(tail, "&") {
		name, _, _ := strings.Cut(parameter, "=")
		if !slices.Contains(dsnParameters, name) {
			return fmt.Errorf("DSN parameter %q is not supported: there are %s", name, strings.Join(dsnParameters, ", "))
		}
	}
	return nil
}

// Address returns the network and the address of the database.
func (d *Dialer) Address() (network, address string) { return d.config.Net, d.config.Addr }

// Dial opens and authenticates a connection. It takes no longer than the
// DSN's timeout, and ends early with ctx. A *ServerError among the causes of
// the error is the server's refusal.
func (d *Dialer) Dial(ctx context.Context) (*Conn, error) {
	return d.connect(ctx, d.config.Net, d.config.Addr)
}

// DialSame opens another connection to the very server at the other end of
// victim, past any balancer between them.
func (d *Dialer) DialSame(ctx context.Context, victim net.Addr) (*Conn, error) {
	if victim == nil || victim.String() == "" || victim.Network() != d.config.Net {
		return d.Dial(ctx)
	}
	return d.connect(ctx, victim.Network(), victim.String())
}

func (d *Dialer) connect(ctx context.Context, network, address string) (conn *Conn, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	var taken *handshake
	config := d.config.Clone()
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		nc, err := d.dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		taken = &handshake{Conn: nc}
		return taken, nil
	}
	connection, err := authenticate(ctx, config)
	if err != nil {
		if taken != nil {
			taken.Close()
		}
		return nil, fmt.Errorf("connect to database: %w", connectError(ctx, err))
	}
	server, err := taken.server()
	if err != nil {
		_ = connection.Close()
		return nil, fmt.Errorf("connect to database: %w", err)
	}
	return newConn(taken.Conn, connection, server, d.maxBytes), nil
}

// authenticate has the driver connect. A server that sends a greeting too
// short makes the driver panic; that is an error here.
func authenticate(ctx context.Context, config *mysql.Config) (connection driver.Conn, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: handshake: %v\n%s", ErrProtocol, p, debug.Stack())
		}
	}()
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return connector.Connect(ctx)
}

// connectError gives the server's refusal our own type, and a passed deadline
// its name.
func connectError(ctx context.Context, err error) error {
	if refused, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return &ServerError{Number: refused.Number, State: string(refused.SQLState[:]), Message: refused.Message}
	}
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}
