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

	"zerohop/socket"
)

// connectTimeout bounds dialling and the handshake where the DSN names no timeout.
const connectTimeout = 2 * time.Second

// dsnParameters are the parameters of go-sql-driver's that a DSN may carry.
// The others would act on a side of the driver that is not used here, or
// change the protocol behind our back.
var dsnParameters = []string{"timeout", "allowNativePasswords", "allowCleartextPasswords", "connectionAttributes"}

// driverParameters are the names that people may know from the driver.
var driverParameters = []string{
	"allowAllFiles", "allowFallbackToPlaintext", "allowOldPasswords", "charset", "checkConnLiveness",
	"clientFoundRows", "collation", "columnsWithAlias", "compress", "interpolateParams", "loc",
	"maxAllowedPacket", "multiStatements", "parseTime", "readTimeout", "rejectReadOnly", "serverPubKey",
	"strict", "timeTruncate", "writeTimeout",
}

// DialFunc opens a network connection.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// DialerConfig says where a database is, and how it is spoken to.
type DialerConfig struct {
	// DSN is the server's address, who asks, and the database, in
	// go-sql-driver's form.
	DSN string
	// MaxBytes is how many bytes one answer may have.
	MaxBytes int64
	// TLS encrypts the connections; nil leaves them in the clear.
	TLS *TLSConfig
	// Dial opens the network connection; nil is net.Dialer's.
	Dial DialFunc
}

// Dialer opens connections to one database. It may be used by several
// goroutines at once.
type Dialer struct {
	config   *mysql.Config
	dial     DialFunc
	tls      *TLSConfig
	host     string // as the DSN has it
	network  string
	maxBytes int64
	timeout  time.Duration
}

// NewDialer returns a Dialer. It connects to nothing and reads no file. The
// error never quotes the DSN, which holds a password.
func NewDialer(cfg DialerConfig) (*Dialer, error) {
	if err := checkParameters(cfg.DSN); err != nil {
		return nil, err
	}
	config, err := mysql.ParseDSN(cfg.DSN)
	if err != nil {
		// Its text may quote parts of the DSN.
		return nil, errors.New("malformed DSN: want user:password@tcp(host:port)/database or user:password@unix(/path)/database")
	}
	if config.Net != "tcp" && config.Net != "unix" {
		return nil, errors.New("unknown network in the DSN: want user:password@tcp(host:port)/database or user:password@unix(/path)/database")
	}
	d := &Dialer{
		config: config, dial: cfg.Dial, tls: cfg.TLS,
		network: config.Net, host: hostOf(config.Net, config.Addr),
		maxBytes: cfg.MaxBytes, timeout: config.Timeout,
	}
	if d.timeout <= 0 {
		d.timeout = connectTimeout
	}
	if d.dial == nil {
		d.dial = new(net.Dialer).DialContext
	}
	if d.tls != nil {
		// The driver knows nothing of the TLS below it. On a unix socket it
		// tells the server secrets that it would have to encrypt on TCP, and
		// so it may here.
		config.Net = "unix"
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
		if name == "tls" {
			return errors.New("DSN parameter \"tls\" is not supported: tls = {} beside the DSN encrypts")
		}
		switch {
		case slices.Contains(dsnParameters, name):
		case slices.Contains(driverParameters, name):
			return fmt.Errorf("DSN parameter %q is not supported: there are %s", name, strings.Join(dsnParameters, ", "))
		default:
			// What looks like a parameter may be a piece of the password.
			return fmt.Errorf("the DSN has an unknown parameter behind its ?: there are %s", strings.Join(dsnParameters, ", "))
		}
	}
	return nil
}

// Address returns the network and the address of the database.
func (d *Dialer) Address() (network, address string) { return d.network, d.config.Addr }

// Host returns the host of the database's address, the name that its
// certificate is for; a unix socket has none.
func (d *Dialer) Host() string { return d.host }

// Dial opens and authenticates a connection. It takes no longer than the
// DSN's timeout, and ends early with ctx. A *ServerError among the causes of
// the error is the server's refusal.
func (d *Dialer) Dial(ctx context.Context) (*Conn, error) {
	return d.connect(ctx, d.network, d.config.Addr)
}

// DialSame opens another connection to the very server at the other end of
// victim, past any balancer between them.
func (d *Dialer) DialSame(ctx context.Context, victim net.Addr) (*Conn, error) {
	if victim == nil || victim.String() == "" || victim.Network() != d.network {
		return d.Dial(ctx)
	}
	return d.connect(ctx, victim.Network(), victim.String())
}

func (d *Dialer) connect(ctx context.Context, network, address string) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	taken := &handshake{ctx: ctx}
	if d.tls != nil {
		var err error
		if taken.secure, err = d.tls.Client(d.host); err != nil {
			return nil, fmt.Errorf("connect to database: %w", err)
		}
	}
	config := d.config.Clone()
	config.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		nc, err := d.dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		taken.Conn = socket.Wrap(nc)
		return taken, nil
	}
	connection, err := authenticate(ctx, config)
	if err != nil {
		if taken.Conn != nil {
			taken.Close()
		}
		return nil, fmt.Errorf("connect to database: %w", taken.reason(ctx, err))
	}
	server, err := taken.server()
	if err != nil {
		_ = connection.Close()
		return nil, fmt.Errorf("connect to database: %w", err)
	}
	server.Database = d.config.DBName
	return newConn(taken.Conn, connection, server, d.maxBytes), nil
}

// authenticate has the driver connect. The driver panics where a server says
// what handshake does not know to keep from it; that is an error here.
func authenticate(ctx context.Context, config *mysql.Config) (connection driver.Conn, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: handshake: panic: %v\n%s", ErrProtocol, p, debug.Stack())
		}
	}()
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return connector.Connect(ctx)
}

// reason tells why there is no connection: in the server's words, or in those
// of the network below the driver, which has only one for all of them.
func (h *handshake) reason(ctx context.Context, err error) error {
	if refused, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return &ServerError{Number: refused.Number, State: string(refused.SQLState[:]), Message: refused.Message}
	}
	if h.failure != nil {
		err = h.failure
	}
	if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}
