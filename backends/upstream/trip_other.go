//go:build !unix

package upstream

import (
	"net"
	"syscall"
)

// trip is what only unix has: a request is written, and its answer then read.
type trip struct {
	unsent  []byte
	written int
}

func (t *trip) init(net.Conn, syscall.RawConn) {}

func (t *trip) possible() bool { return false }

func (t *trip) make([]byte) (int, error) { panic("bug: a trip without a poller") }
