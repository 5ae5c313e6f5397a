package wire

import (
	"net"
	"os"

	"zerohop/socket"
)

// plain is the network connection below TLS. TLS keeps bytes that nobody has
// asked for yet, and reads messages of its own between those of the server, so
// whether an idle connection is alive only reading through it can tell. While
// looking is set a read takes what is there and never waits.
type plain struct {
	net.Conn
	looking bool
}

func (s *plain) Read(p []byte) (int, error) {
	if s.looking {
		return readNow(s.Conn, p)
	}
	return s.Conn.Read(p)
}

// readNow reads what has arrived. Where that is nothing, or cannot be told,
// the error is os.ErrDeadlineExceeded: one behind which TLS goes on.
func readNow(nc net.Conn, p []byte) (int, error) {
	if s, ok := nc.(*socket.Conn); ok {
		return s.ReadNow(p)
	}
	return 0, os.ErrDeadlineExceeded
}

// silent reports whether the other end has neither closed the connection nor
// said anything. One that cannot be looked at counts as silent.
func silent(nc net.Conn) bool {
	s, ok := nc.(*socket.Conn)
	return !ok || s.Silent()
}
