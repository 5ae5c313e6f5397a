package upstream

import (
	"crypto/tls"
	"time"
)

// Config describes one server. All fields but Host and TLS are set, and in
// their bounds, as the validation of a group leaves them.
type Config struct {
	// Network is "tcp" or "unix", Address "host:port" or the socket's path.
	Network, Address string
	// Host is the Host line of a request that came without one, as an HTTP/1.0
	// client may send it.
	Host string
	// TLS returns the settings of a connection that is about to be opened, with
	// a ServerName. It is nil for plain HTTP.
	TLS func() (*tls.Config, error)
	// ConnectTimeout bounds connecting, the TLS handshake included.
	ConnectTimeout time.Duration
	// FirstByteTimeout bounds the wait for the first byte of an answer, from
	// the last byte of the request on.
	FirstByteTimeout time.Duration
	// ReadTimeout bounds the wait between two reads of an answer.
	ReadTimeout time.Duration
	// SendTimeout bounds the wait between two writes of a request.
	SendTimeout time.Duration
	// TunnelTimeout ends a tunnel through which nothing has come either way
	// for so long.
	TunnelTimeout time.Duration
	// IdleTimeout is how long a connection is kept without a request.
	IdleTimeout time.Duration
	// Idle is how many connections are kept without a request; those that
	// were used last are.
	Idle int
	// HeaderBytes bounds the head of an answer, in bytes.
	HeaderBytes int
}
