package backends

import (
	"time"

	"zerohop/backends/probe"
)

// Config describes one group: the members that can answer its requests, how
// one of them is chosen, and when another is asked. SetDefaults comes first,
// as most zero values are settings of their own.
type Config struct {
	// Members is the group's list of members.
	Members []MemberConfig `toml:"members"`
	// Balance is how a member is chosen: "least_busy" by requests in flight,
	// "smooth_wrr" in turn, as nginx does, "hash" by a value of the request.
	// All go by weight.
	Balance string `toml:"balance"`
	// Hash is the value that Balance "hash" goes by: "client.ip",
	// "header.X_User", "cookie.name" or "path.name"; empty is "client.ip".
	Hash string `toml:"hash"`

	// Retry lists what has a request tried on the next member, as long as
	// nothing has gone to the client and it is safe: "error" (connecting,
	// sending, reading, a malformed answer), "timeout", and the statuses 403,
	// 404, 429, 500, 502, 503 and 504. "non_idempotent" has it safe for POST
	// and the like too.
	Retry []string `toml:"retry"`
	// RetryLimit is how many members one request is tried on at most; 0 is all.
	RetryLimit int `toml:"retry_limit"`
	// RetryBudget is how many retries that fail too there may be for a hundred
	// requests, and some more unless it is 0, so that a group in trouble is not
	// asked twice as much. Where nothing was sent a retry is free.
	RetryBudget int `toml:"retry_budget"`

	// Health has the members asked in turn how they are; nil: they are not.
	Health *HealthConfig `toml:"health"`
	// MaxFails is how many requests must fail within FailTimeout before the
	// member gets none for FailTimeout, and then one to try; 0 is never. A
	// group of one has its member tried always.
	MaxFails    int           `toml:"max_fails"`
	FailTimeout time.Duration `toml:"fail_timeout"`
	// SlowStart is how long a member that has come back takes to get its full
	// share; 0 is none at all.
	SlowStart time.Duration `toml:"slow_start"`
	// WhenAllDown is what to do when no member is up: "try" does without the
	// health checks, and asks all where failed requests leave none then either;
	// "fail" answers 503.
	WhenAllDown string `toml:"when_all_down"`

	// Queue is how many requests may wait while every member has as many as it
	// may have, and Wait how long each; 0 is defaultWait.
	Queue int           `toml:"queue"`
	Wait  time.Duration `toml:"wait"`

	// ConnectTimeout bounds connecting to a URL member, TLS included.
	ConnectTimeout time.Duration `toml:"connect_timeout"`
	// FirstByteTimeout bounds the wait for the first byte of an answer.
	FirstByteTimeout time.Duration `toml:"first_byte_timeout"`
	// ReadTimeout bounds the wait between two reads of an answer, SendTimeout
	// between two writes of a request.
	ReadTimeout time.Duration `toml:"read_timeout"`
	SendTimeout time.Duration `toml:"send_timeout"`
	// TunnelTimeout is how long a WebSocket or another upgraded connection may
	// be silent.
	TunnelTimeout time.Duration `toml:"tunnel_timeout"`
	// IdleTimeout is how long a connection to a member is kept without a
	// request, and Idle how many such connections a member may have.
	IdleTimeout time.Duration `toml:"idle_timeout"`
	Idle        int           `toml:"idle"`
	// HeaderBytes is how large the header of an answer may be.
	HeaderBytes int64 `toml:"header_bytes,size"`
	// TLS is for members with https; nil: as the system does it.
	TLS *TLSConfig `toml:"tls"`
}

// SetDefaults sets the values of a group that says nothing but its members,
// which keep theirs.
func (c *Config) SetDefaults() {
	*c = Config{
		Members:          c.Members,
		Balance:          balanceLeastBusy,
		Retry:            []string{retryError},
		RetryBudget:      20,
		MaxFails:         1,
		FailTimeout:      10 * time.Second,
		WhenAllDown:      allDownTry,
		ConnectTimeout:   5 * time.Second,
		FirstByteTimeout: time.Minute,
		ReadTimeout:      time.Minute,
		SendTimeout:      time.Minute,
		TunnelTimeout:    time.Hour,
		IdleTimeout:      time.Minute,
		Idle:             64,
		HeaderBytes:      32 << 10,
	}
}

// Pool returns the configuration of a group with one in-process member.
func Pool(workers, queue int) Config {
	var c Config
	c.SetDefaults()
	c.Members = []MemberConfig{{Workers: workers, Queue: queue, Weight: 1}}
	return c
}

// Proxies reports whether the group has a member that is an HTTP server, so
// that a route without a handler of its own can use it.
func (c Config) Proxies() bool {
	for _, m := range c.Members {
		if m.URL != "" {
			return true
		}
	}
	return false
}

// Runs reports whether the group has a member that runs the handlers of
// routes.
func (c Config) Runs() bool {
	for _, m := range c.Members {
		if m.Workers != 0 {
			return true
		}
	}
	return false
}

// Kept is how many connections there may be to the group's servers at once
// besides those that have a request: kept for the next ones, and of health
// checks.
func (c Config) Kept() int {
	n := 0
	for _, m := range c.Members {
		if m.URL != "" {
			n += c.Idle + checkConnections
		}
	}
	return n
}

// InFlight is how many requests the group's servers may have at once, each on a
// connection of its own.
func (c Config) InFlight() int {
	n := 0
	for _, m := range c.Members {
		if m.URL != "" {
			n += m.limit()
		}
	}
	return n
}

// checkConnections is how many connections the checks of a server have at once,
// one that is being closed included.
const checkConnections = 2

// The values of Config.Balance, Config.WhenAllDown and HealthConfig.Start.
const (
	balanceLeastBusy = "least_busy"
	balanceSmoothWRR = "smooth_wrr"
	balanceHash      = "hash"

	allDownTry  = "try"
	allDownFail = "fail"

	startUp   = "up"
	startDown = "down"
)

// What settings mean that were left out.
const (
	defaultWait     = 250 * time.Millisecond
	defaultHash     = "client.ip"
	defaultInFlight = 1024
)

// MemberConfig describes one member of a group: an HTTP server or a pool of
// workers.
type MemberConfig struct {
	// URL is an HTTP server: "http://host:port", "https://host:port" or
	// "unix:/path".
	URL string `toml:"url"`
	// Workers makes the member an in-process pool: so many requests run at
	// the same time, each the route's own handler.
	Workers int `toml:"workers"`
	// Queue is how many further requests may wait for a worker, and Wait how
	// long each; 0 is as long as the request may take. Where Queue is 0 too, a
	// request that finds all workers busy does not wait for them.
	Queue int           `toml:"queue"`
	Wait  time.Duration `toml:"wait"`

	// Weight is the member's share.
	Weight int `toml:"weight"`
	// Backup members get requests while no other can take one.
	Backup bool `toml:"backup"`
	// Down members get none.
	Down bool `toml:"down"`
	// MaxInFlight is how many requests the member may have at once; 0 is 1024
	// for a URL, and as many as there are workers for those.
	MaxInFlight int `toml:"max_in_flight"`
}

// SetDefaults gives a member that says nothing of it the weight 1.
func (m *MemberConfig) SetDefaults() { m.Weight = 1 }

// limit is how many requests the member may have at once.
func (m MemberConfig) limit() int {
	switch {
	case m.MaxInFlight > 0:
		return m.MaxInFlight
	case m.URL != "":
		return defaultInFlight
	}
	return m.Workers
}

// HealthConfig says how members are asked how they are.
type HealthConfig struct {
	// Path is asked for with GET. Send is sent as it stands instead.
	Path string `toml:"path"`
	Send string `toml:"send"`
	// Expect is what a healthy member answers.
	Expect ExpectConfig `toml:"expect"`
	// Every is the time between two checks of a member, Timeout how long one
	// may take.
	Every   time.Duration `toml:"every"`
	Timeout time.Duration `toml:"timeout"`
	// Fails is how many checks in a row must fail before a member is down,
	// Passes how many must succeed before it is up again.
	Fails  int `toml:"fails"`
	Passes int `toml:"passes"`
	// HTTP10 asks with HTTP/1.0.
	HTTP10 bool `toml:"http10"`
	// Host is the Host line of a check; empty is the member's own.
	Host string `toml:"host"`
	// Start is what members are before their first checks: "up" or "down".
	Start string `toml:"start"`
}

// SetDefaults sets what ngx_http_healthcheck_module had.
func (h *HealthConfig) SetDefaults() {
	*h = HealthConfig{
		Expect: ExpectConfig{Status: []int{200}},
		Every:  10 * time.Second, Timeout: 2 * time.Second,
		Fails: 2, Passes: 2, Start: startUp,
	}
}

// ExpectConfig is the answer of a healthy member.
type ExpectConfig struct {
	// Status lists its statuses.
	Status []int `toml:"status"`
	// Body is the whole of its body; nil is any.
	Body *string `toml:"body"`
}

// probe returns the settings of the checks.
func (h *HealthConfig) probe() probe.Config {
	return probe.Config{
		Path: h.Path, Send: h.Send, Host: h.Host, HTTP10: h.HTTP10,
		Statuses: h.Expect.Status, Body: h.Expect.Body,
		Every: h.Every, Timeout: h.Timeout, Fails: h.Fails, Passes: h.Passes, Down: h.Start == startDown,
	}
}
