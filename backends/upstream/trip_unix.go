//go:build unix

package upstream

import (
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// trip sends a request and reads the first of its answer in one stay with the
// poller: the write, and no read before there is something to be read. Without
// it each exchange would try one in vain before it waits. It is for requests
// that are whole, on sockets without TLS; deadlines of reads hold as always,
// and those of writes are not needed, as nothing is written that has to wait.
type trip struct {
	socket  syscall.RawConn // nil where there are no trips
	conn    net.Conn
	step    func(fd uintptr) (done bool)
	unsent  []byte // what is to be written, or nil
	in      []byte // what is read into
	written int    // by the last trip, in bytes
	n       int
	err     error
}

func (t *trip) init(nc net.Conn, socket syscall.RawConn) {
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		t.socket, t.conn, t.step = socket, nc, t.take
	}
}

// possible reports whether there may be trips.
func (t *trip) possible() bool { return t.socket != nil }

// make makes the trip. What could not be written at once is left unsent, and
// then nothing has been read. Where an error is that of a deadline, a further
// trip, or read, goes on from there.
func (t *trip) make(in []byte) (int, error) {
	t.in, t.written, t.n, t.err = in, 0, 0, nil
	err := t.socket.Read(t.step)
	t.in = nil
	if err != nil {
		return 0, err
	}
	return t.n, t.err
}

// take is one step: it reports whether the trip is over, and otherwise is
// called again when something has come.
func (t *trip) take(fd uintptr) (done bool) {
	if len(t.unsent) > 0 {
		n, _ := unix.Write(int(fd), t.unsent) // an error shows again at what is left
		t.written = max(n, 0)
		t.unsent = t.unsent[t.written:]
		return len(t.unsent) > 0
	}
	n, err := unix.Read(int(fd), t.in)
	for err == unix.EINTR {
		n, err = unix.Read(int(fd), t.in)
	}
	switch {
	case err == unix.EAGAIN:
		return false
	case err != nil:
		t.err = &net.OpError{
			Op: "read", Net: t.conn.LocalAddr().Network(), Source: t.conn.LocalAddr(), Addr: t.conn.RemoteAddr(),
			Err: os.NewSyscallError("read", err),
		}
	case n == 0:
		t.err = io.EOF
	default:
		t.n = n
	}
	return true
}
