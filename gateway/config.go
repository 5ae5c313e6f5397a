package gateway

import (
	"time"

	"zerohop/backends"
	"zerohop/gateway/auth"
	"zerohop/sqlapi"
)

// Config is the whole configuration file, decoded and with its defaults set.
// It is never changed once the server runs.
type Config struct {
	// Listen is the public address, or a list of them: host:port, with an
	// empty host for all interfaces and port 0 for any free one, or the
	// socket file unix:/path. Without it that is 127.0.0.1:8080.
	Listen []string `toml:"listen,orlist"`
	// Internal is the address, or a list of them, on which our own processes
	// reach every route, those with internal = true included. It is a socket
	// file or a port of the loopback interface; without it there is none.
	Internal []string `toml:"internal,orlist"`
	// Admin is the address of the status and control listener, of the same
	// kinds as those of Listen; without it there is none.
	Admin string `toml:"admin"`
	// AdminPasswordFile is a file with the password that Admin asks for, for
	// every path but /healthz. Without it there is none, and Admin is a socket
	// file or a port of the loopback interface.
	AdminPasswordFile string `toml:"admin_password_file,path"`
	// TrustedProxies are the peers whose X-Forwarded headers are believed:
	// addresses, networks, and "unix" for the clients of socket files.
	TrustedProxies []string `toml:"trusted_proxies"`
	// SocketMode is the mode of our socket files in octal: who may write may
	// connect.
	SocketMode string `toml:"socket_mode"`
	// SocketGroup is the group of our socket files, by name or number;
	// without it that is the process's own.
	SocketGroup string `toml:"socket_group"`
	// CursorSecret signs the cursors of routes with a keyset. Without it they
	// are of use until the process ends.
	CursorSecret string `toml:"cursor_secret,secret"`
	// Limits bound every request.
	Limits Limits `toml:"limits"`
	// Databases are the connection pools, by name.
	Databases map[string]sqlapi.Config `toml:"databases"`
	// Backends are the groups that requests are spread over, by name.
	Backends map[string]backends.Config `toml:"backends"`
	// Auth are the verifiers, which find out who is asking, by name.
	Auth map[string]auth.Config `toml:"auth"`
	// Sessions say where it is kept who has logged in; nil is all defaults.
	Sessions *SessionsConfig `toml:"sessions"`
	// Routes say what answers which request.
	Routes []RouteConfig `toml:"routes"`
}

// SetDefaults sets where a file that does not say so listens, and who may
// connect to its socket files.
func (c *Config) SetDefaults() {
	c.Listen = []string{"127.0.0.1:8080"}
	c.SocketMode = "0660"
}

// Limits bound what a client may send and how long it may take.
type Limits struct {
	// HeaderBytes is how large the request line and the header may be together.
	HeaderBytes int64 `toml:"header_bytes,size"`
	// BodyBytes is how large a request body may be; a route may set its own.
	BodyBytes int64 `toml:"body_bytes,size"`
	// HeaderTimeout is how long a client may take over the header, from its
	// first byte, and how long it may pause in a body.
	HeaderTimeout time.Duration `toml:"header_timeout"`
	// IdleTimeout is how long a kept-alive connection may be silent.
	IdleTimeout time.Duration `toml:"idle_timeout"`
	// RequestTimeout bounds an in-process route, queueing included; a route
	// may set its own. Servers behind a route have the times of their group.
	RequestTimeout time.Duration `toml:"request_timeout"`
	// Connections is how many client connections may be open.
	Connections int `toml:"connections"`
}

// SetDefaults sets the limits of a file that names none.
func (l *Limits) SetDefaults() {
	*l = Limits{
		HeaderBytes:    16 << 10,
		BodyBytes:      1 << 20,
		HeaderTimeout:  10 * time.Second,
		IdleTimeout:    65 * time.Second,
		RequestTimeout: 30 * time.Second,
		Connections:    30000,
	}
}

// RouteConfig is one route: what it matches and what answers it.
type RouteConfig struct {
	// Match is the pattern, as in net/http.ServeMux: METHOD HOST/PATH/{name}.
	Match string `toml:"match"`
	// Credentials makes the route ask for a user and a password, which are
	// read and not checked: the statement does that.
	Credentials CredentialsConfig `toml:"credentials"`
	// AccessConfig is who may use the route, where somebody has that checked.
	AccessConfig
	// Database names the pool; it may be left out when there is one.
	Database string `toml:"database"`
	// EndpointConfig is the SQL that answers, with all that belongs to it. What
	// the pattern and the credentials offer to it is worked out from those.
	sqlapi.EndpointConfig
	// Respond is a fixed answer in place of one from a database; nil without.
	Respond *RespondConfig `toml:"respond"`
	// Errors is how errors are answered: as "problem" details, which they are
	// without it, or as the old stack did, "rds".
	Errors string `toml:"errors"`
	// Backend names the group that answers. Where nothing else in the route
	// does, requests are passed on to the group's servers. Without Backend the
	// group "local" runs the route's handler.
	Backend string `toml:"backend"`
	// Internal hides the route from the public: for the listeners of listen
	// it does not exist.
	Internal bool `toml:"internal"`
	// RequestTimeout overrides limits.request_timeout.
	RequestTimeout time.Duration `toml:"request_timeout"`
	// BodyBytes overrides limits.body_bytes.
	BodyBytes int64 `toml:"body_bytes,size"`
}

// credentialsBasic is the one way of bringing credentials: a header
// Authorization: Basic.
const credentialsBasic = "basic"

// CredentialsConfig says how a request names who is asking. In the file it is
// "basic", or a table with further settings.
type CredentialsConfig struct {
	// Type is "basic", or empty for a route that asks for none.
	Type string `toml:"type"`
	// Unescape percent-decodes user and password, as nginx's set_unescape_uri did.
	Unescape bool `toml:"unescape"`
}

// UnmarshalText reads the short form.
func (c *CredentialsConfig) UnmarshalText(text []byte) error {
	c.Type = string(text)
	if c.Type != credentialsBasic {
		return credentialsFault("")
	}
	return nil
}
