package sqlapi

import (
	"fmt"
	"time"

	"zerohop/sqlapi/wire"
)

// Config describes one database: how it is reached, and how many connections
// may be open to it.
type Config struct {
	// DSN says where the database is and who asks, in go-sql-driver's form:
	// user:password@tcp(host:port)/database or user:password@unix(/path)/database.
	// "embedded" is the in-memory trial engine.
	DSN string `toml:"dsn,secret"`
	// Max is how many connections may be open, busy and idle together.
	// The control connection that ends overdue statements is not counted.
	Max int `toml:"max"`
	// Overflow says what happens to a request that finds Max connections
	// busy: "reject" answers it at once.
	Overflow string `toml:"overflow"`
	// IdleTimeout is how long an unused connection is kept.
	IdleTimeout time.Duration `toml:"idle_timeout"`
	// Timeout bounds one statement, from the moment the request asks for a
	// connection to the last byte of the answer. The server is told to stop
	// a statement that is overdue.
	Timeout time.Duration `toml:"timeout"`
	// MaxBytes is how many bytes one result may have on the wire.
	MaxBytes int64 `toml:"max_bytes,size"`
	// Seed is the SQL script that fills the embedded engine when it starts.
	Seed string `toml:"-"`
}

// SetDefaults sets the values of a database that says nothing but its DSN.
func (c *Config) SetDefaults() {
	*c = Config{
		DSN:         c.DSN,
		Max:         100,
		Overflow:    "reject",
		IdleTimeout: 5 * time.Minute,
		Timeout:     2 * time.Second,
		MaxBytes:    64 << 20,
	}
}

// The bounds of a database's settings. They keep slips out ("2h" for "2s"),
// not ambition.
const (
	maxConnections = 10_000
	maxTimeout     = 24 * time.Hour
	minTimeout     = time.Millisecond
	minBytes       = 64 << 10
	maxBytes       = 1 << 40
)

// Embedded reports whether the database is the in-memory trial engine.
func (c *Config) Embedded() bool { return c.DSN == "embedded" }

// Validate returns every fault of the configuration, each a *FieldError. None
// quotes the DSN.
func (c Config) Validate() []error {
	var faults []error
	check := func(ok bool, field, problem, hint string) {
		if !ok {
			faults = append(faults, &FieldError{Field: field, Problem: problem, Hint: hint, Offset: -1})
		}
	}
	if c.DSN == "" {
		check(false, "dsn", "no DSN", `say where the database is: dsn = "user:${DB_PASSWORD}@tcp(127.0.0.1:3306)/name"`)
	} else if !c.Embedded() {
		if _, err := wire.NewDialer(c.DSN, c.MaxBytes, nil); err != nil {
			check(false, "dsn", err.Error(), "")
		}
	}
	check(c.Max >= 1 && c.Max <= maxConnections, "max", fmt.Sprintf("%d connections", c.Max), fmt.Sprintf("1 to %d", maxConnections))
	check(c.Overflow == "reject", "overflow", fmt.Sprintf("unknown overflow %q", c.Overflow), `in this version it is "reject"`)
	check(c.IdleTimeout >= minTimeout && c.IdleTimeout <= maxTimeout, "idle_timeout", c.IdleTimeout.String()+" is out of range", "1ms to 24h")
	check(c.Timeout >= minTimeout && c.Timeout <= maxTimeout, "timeout", c.Timeout.String()+" is out of range", "1ms to 24h")
	check(c.MaxBytes >= minBytes && c.MaxBytes <= maxBytes, "max_bytes", fmt.Sprintf("%d bytes are out of range", c.MaxBytes), "64KiB to 1TiB")
	return faults
}
