package wire

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// socket is the network connection below TLS. TLS keeps bytes that nobody has
// asked for yet, and reads messages of its own between those of the server, so
// whether an idle connection is alive only reading through it can tell. While
// looking is set a read takes what is there and never waits.
type socket struct {
	net.Conn
	looking bool
}

func (s *socket) Read(p []byte) (int, error) {
	if s.looking {
		return readNow(s.Conn, p)
	}
	return s.Conn.Read(p)
}

// readNow reads what has arrived. Where that is nothing, or cannot be told,
// the error is os.ErrDeadlineExceeded: one behind which TLS goes on.
func readNow(nc net.Conn, p []byte) (n int, err error) {
	raw, err := rawOf(nc)
	if raw == nil {
		return 0, os.ErrDeadlineExceeded
	}
	if err != nil {
		return 0, err
	}
	failure := raw.Control(func(fd uintptr) { n, err = syscall.Read(int(fd), p) })
	switch {
	case failure != nil:
		return 0, failure
	case errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR):
		return 0, os.ErrDeadlineExceeded
	case err != nil:
		return 0, os.NewSyscallError("read", err)
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return n, nil
}

// silent reports whether the other end has neither closed the connection nor
// said anything. One that cannot be looked at counts as silent.
func silent(nc net.Conn) bool {
	raw, err := rawOf(nc)
	if raw == nil {
		return err == nil
	}
	quiet := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK || err == syscall.EINTR
	})
	return err == nil && quiet
}

// rawOf returns the system's side of a connection, or nil where it has none.
func rawOf(nc net.Conn) (syscall.RawConn, error) {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return nil, nil
	}
	return sc.SyscallConn()
}
