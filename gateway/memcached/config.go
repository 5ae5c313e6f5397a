package memcached

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Config names the servers and bounds what is asked of them.
type Config struct {
	// Servers are the addresses, host:port or unix:/path, each once. Processes
	// that share values name the same servers in the same words.
	Servers []string `toml:"servers,orlist"`
	// Timeout bounds one call with all that belongs to it. Those of one request
	// together wait little longer than that for a server that hangs.
	Timeout time.Duration `toml:"timeout"`
	// Connections is how many there may be to each server. Reads share one of
	// them, unless it is the only one. A call that finds all of them busy waits
	// for one, within its timeout.
	Connections int `toml:"connections"`
}

// SetDefaults sets what a file that only names servers means.
func (c *Config) SetDefaults() {
	*c = Config{Timeout: 50 * time.Millisecond, Connections: 16}
}

// The bounds of a configuration.
const (
	maxServers     = 64
	maxConnections = 1024
	maxTimeout     = 10 * time.Second
	maxSocketPath  = 107 // bytes, as the system has it
)

// Validate returns every fault of the configuration, each a *FieldError.
func (c Config) Validate() []error {
	var faults []error
	fault := func(field, problem, hint string) {
		faults = append(faults, &FieldError{Field: field, Problem: problem, Hint: hint})
	}
	if n := len(c.Servers); n == 0 || n > maxServers {
		fault("servers", fmt.Sprintf("%d servers", n), fmt.Sprintf(`1 to %d, as in ["127.0.0.1:11211"]`, maxServers))
	}
	seen := map[string]int{}
	for i, server := range c.Servers {
		field := fmt.Sprintf("servers[%d]", i)
		if problem := addressProblem(server); problem != "" {
			fault(field, problem, `write host:port, as in "127.0.0.1:11211", or "unix:/path"`)
		} else if first, twice := seen[server]; twice {
			fault(field, "the same server twice", fmt.Sprintf("it is servers[%d] already", first))
		}
		seen[server] = i
	}
	if c.Timeout < time.Millisecond || c.Timeout > maxTimeout {
		fault("timeout", fmt.Sprintf("%v is out of bounds", c.Timeout), `from "1ms" to "10s"; a server nearby answers within one millisecond`)
	}
	if c.Connections < 1 || c.Connections > maxConnections {
		fault("connections", fmt.Sprintf("%d connections", c.Connections), fmt.Sprintf("to each server: 1 to %d", maxConnections))
	}
	return faults
}

// addressProblem returns what is wrong with a server's address, or "".
func addressProblem(address string) string {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		switch {
		case !strings.HasPrefix(path, "/") || strings.HasSuffix(path, "/") || strings.ContainsRune(path, 0):
			return "not the path of a socket"
		case len(path) > maxSocketPath:
			return fmt.Sprintf("the path has %d bytes, and a socket's has %d at most", len(path), maxSocketPath)
		}
		return ""
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || strings.ContainsAny(host, "/ \t\r\n\x00") {
		return "not the address of a server"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "the port is not a number from 1 to 65535"
	}
	return ""
}

// FieldError is a fault of one configuration field.
type FieldError struct {
	// Field is the path of the field below the Config, as written in the
	// file: "servers[0]".
	Field string
	// Problem says what is wrong, Hint what to do; Hint may be empty.
	Problem, Hint string
}

func (e *FieldError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("%s: %s", e.Field, e.Problem)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Field, e.Problem, e.Hint)
}

// FieldFault returns the parts of the fault, for whoever knows where the field
// stands.
func (e *FieldError) FieldFault() (field, problem, hint string, offset int) {
	return e.Field, e.Problem, e.Hint, -1
}
