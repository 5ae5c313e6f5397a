package sqlapi

import (
	"fmt"
	"time"

	"zerohop/sqlapi/embedded"
	"zerohop/sqlapi/wire"
)

// Config describes one database: how it is reached, and how many connections
// may be open to it.
type Config struct {
	// DSN says where the database is and who asks, in go-sql-driver's form:
	// user:password@tcp(host:port)/database or user:password@unix(/path)/database.
	// "embedded" is the in-memory trial engine.
	DSN string `toml:"dsn,secret"`
	// TLS encrypts every connection to the server, the control connection's
	// too; without it they are in the clear. A server that offers no TLS is
	// refused then.
	TLS *wire.TLSConfig `toml:"tls"`
	// Max is how many connections may be open, busy and idle together.
	// The control connection that ends overdue statements is not counted.
	Max int `toml:"max"`
	// Min is how many connections are kept open even when nobody needs them.
	// They are opened at the start, behind it.
	Min int `toml:"min"`
	// Overflow says what happens to a request that finds Max connections
	// busy: "reject" answers it at once, "queue" lets it wait for its turn.
	Overflow string `toml:"overflow"`
	// Queue is how many requests may wait, and Wait how long each; after
	// that they are answered as without a queue.
	Queue int           `toml:"queue"`
	Wait  time.Duration `toml:"wait"`
	// Lanes is how many of the Max connections statements that are known to be
	// short may share; 0 has every statement use a connection of its own. At
	// least one of Max stays for the others. The embedded engine has none.
	Lanes int `toml:"lanes"`
	// LaneQueue is how many requests may wait for their turn in a lane. One
	// more asks for a connection of its own, and Overflow decides.
	LaneQueue int `toml:"lane_queue"`
	// LaneBatch is how many statements travel a lane together at most.
	LaneBatch int `toml:"lane_batch"`
	// LaneSlow is how long one answer may hold up the others of its lane. A
	// route whose statements take so long, three in a row or fifty in the
	// mean, does without the lanes for a while.
	LaneSlow time.Duration `toml:"lane_slow"`
	// IdleTimeout is how long an unused connection is kept.
	IdleTimeout time.Duration `toml:"idle_timeout"`
	// Lifetime is how old a connection may become, up to a tenth less. It
	// ends after the statement that it has, never during one.
	Lifetime time.Duration `toml:"lifetime"`
	// Timeout bounds one statement, from the moment the request asks for a
	// connection to the last byte of the answer. The server is told to stop
	// a statement that is overdue.
	Timeout time.Duration `toml:"timeout"`
	// MaxBytes is how many bytes one result may have on the wire.
	MaxBytes int64 `toml:"max_bytes,size"`
	// TypesConfig is how values become JSON, unless a route says otherwise.
	TypesConfig
	// Seed is the SQL script that fills the embedded engine when it starts.
	Seed string `toml:"-"`
}

// SetDefaults sets the values of a database that says nothing but its DSN.
func (c *Config) SetDefaults() {
	*c = Config{
		DSN:         c.DSN,
		Max:         100,
		Overflow:    overflowReject,
		Queue:       200,
		Wait:        250 * time.Millisecond,
		Lanes:       defaultLanes,
		LaneQueue:   1024,
		LaneBatch:   16,
		LaneSlow:    5 * time.Millisecond,
		IdleTimeout: 5 * time.Minute,
		Lifetime:    30 * time.Minute,
		Timeout:     2 * time.Second,
		MaxBytes:    64 << 20,
		TypesConfig: TypesConfig{
			BigInt: asNumber, Decimal: asNumber, Blob: asText,
			Bit: asBytes, TinyInt1: asNumber, Datetime: asServer,
		},
	}
}

// The values of Config.Overflow.
const (
	overflowReject = "reject"
	overflowQueue  = "queue"
)

// defaultLanes is how many connections short statements share.
const defaultLanes = 2

// Queues reports whether requests wait for a connection: whether Queue and
// Wait mean anything.
func (c *Config) Queues() bool { return c.Overflow == overflowQueue }

// The bounds of a database's settings. They keep slips out ("2h" for "2s"),
// not ambition.
const (
	maxConnections = 10_000
	maxQueue       = 1 << 20
	maxLanes       = 64
	// A connection keeps more statements prepared than a batch can have.
	maxLaneRiders = 64
	maxTimeout    = 24 * time.Hour
	minTimeout    = time.Millisecond
	minBytes      = 64 << 10
	maxBytes      = 1 << 40
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
	} else if c.Embedded() {
		check(embedded.Available, "dsn", embedded.ErrLeftOut.Error(), "")
		faults = append(faults, c.tlsFaults(nil)...)
	} else if dialer, err := wire.NewDialer(wire.DialerConfig{DSN: c.DSN, MaxBytes: c.MaxBytes, TLS: c.TLS}); err != nil {
		check(false, "dsn", err.Error(), "")
	} else {
		faults = append(faults, c.tlsFaults(dialer)...)
	}
	check(c.Max >= 1 && c.Max <= maxConnections, "max", fmt.Sprintf("%d connections", c.Max), fmt.Sprintf("1 to %d", maxConnections))
	check(c.Min >= 0 && c.Min <= max(c.Max, 0), "min", fmt.Sprintf("%d connections", c.Min), "0 to max")
	check(c.Overflow == overflowReject || c.Queues(), "overflow", fmt.Sprintf("unknown overflow %q", c.Overflow), `"reject" or "queue"`)
	check(c.Queue >= 1 && c.Queue <= maxQueue, "queue", fmt.Sprintf("%d requests", c.Queue), fmt.Sprintf("1 to %d", maxQueue))
	check(c.Lanes >= 0 && c.Lanes <= maxLanes, "lanes", fmt.Sprintf("%d lanes", c.Lanes), fmt.Sprintf("0 to %d", maxLanes))
	check(c.Lanes < c.Max || c.Lanes <= defaultLanes || c.Lanes > maxLanes, "lanes", fmt.Sprintf("%d lanes of %d connections", c.Lanes, c.Max), "leave a connection for statements that cannot share one")
	check(c.LaneQueue >= 0 && c.LaneQueue <= maxQueue, "lane_queue", fmt.Sprintf("%d requests", c.LaneQueue), fmt.Sprintf("0 to %d", maxQueue))
	check(c.LaneBatch >= 1 && c.LaneBatch <= maxLaneRiders, "lane_batch", fmt.Sprintf("%d statements", c.LaneBatch), fmt.Sprintf("1 to %d", maxLaneRiders))
	duration := func(d time.Duration, field string) {
		check(d >= minTimeout && d <= maxTimeout, field, d.String()+" is out of range", "1ms to 24h")
	}
	duration(c.Wait, "wait")
	duration(c.LaneSlow, "lane_slow")
	duration(c.IdleTimeout, "idle_timeout")
	duration(c.Lifetime, "lifetime")
	duration(c.Timeout, "timeout")
	check(c.MaxBytes >= minBytes && c.MaxBytes <= maxBytes, "max_bytes", fmt.Sprintf("%d bytes are out of range", c.MaxBytes), "64KiB to 1TiB")
	return append(faults, c.TypesConfig.ofDatabase()...)
}
