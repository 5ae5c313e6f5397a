package socket

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// maxCall is how much one call moves at most, in bytes: while it does so, the
// scheduler waits.
const maxCall = 256 << 10

// Conn is a stream of the standard library's, read and written by calls of our
// own. One goroutine may read while another one writes; two may not do the same
// at a time, as they may with a net.Conn. The rest is as safe as there.
type Conn struct {
	net.Conn // for addresses, deadlines and the end
	raw      syscall.RawConn
	in       incoming
	out      outgoing
	// look and readAtOnce are calls without a wait; some says whether there was
	// anything to be read.
	look, readAtOnce func(fd uintptr)
	some             bool
}

// New returns nc, a TCP connection or a stream over a unix socket, as a Conn,
// which takes it over. Of others, and on systems without such calls, there is
// none: ok is false.
func New(nc net.Conn) (c *Conn, ok bool) {
	if !supported {
		return nil, false
	}
	switch nc := nc.(type) {
	case *net.TCPConn:
	case *net.UnixConn:
		if addr := nc.LocalAddr(); addr == nil || addr.Network() != "unix" {
			return nil, false
		}
	default:
		return nil, false
	}
	raw, err := nc.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, false
	}
	c = &Conn{Conn: nc, raw: raw}
	c.in.step, c.out.step = c.in.take, c.out.give
	c.look = func(fd uintptr) { c.some = !nothing(fd) }
	c.readAtOnce = func(fd uintptr) { c.some = c.in.take(fd) }
	return c, true
}

// Wrap returns nc as a Conn, or as it is where there is none of it.
func Wrap(nc net.Conn) net.Conn {
	if c, ok := New(nc); ok {
		return c
	}
	return nc
}

// NetConn returns the connection below.
func (c *Conn) NetConn() net.Conn { return c.Conn }

// SyscallConn returns the system's side of the connection.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return c.raw, nil }

// CloseWrite says that nothing more will come.
func (c *Conn) CloseWrite() error {
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// SetLinger has the end of a TCP connection not wait for what is unsent, and
// be a reset where seconds is 0. For others it does nothing.
func (c *Conn) SetLinger(seconds int) error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		return tcp.SetLinger(seconds)
	}
	return nil
}

// Read reads what has come, or waits for it.
func (c *Conn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	_, n, err := c.Trip(nil, b)
	return n, err
}

// Trip writes request and reads the first of the answer into b, which must not
// be empty, without a read in vain before it waits.
//
// Where something has come before, the end of the connection included, nothing
// is written and that is read. Where the connection does not take all of the
// request at once the rest is the caller's to Write: then nothing has been read,
// and n is 0 without an error. The deadline is that of reads. When it passes, or
// another error ends the wait, what has been written has been written.
func (c *Conn) Trip(request, b []byte) (written, n int, err error) {
	c.in.begin(request, b)
	err = c.raw.Read(c.in.step)
	written = len(request) - len(c.in.request)
	n, err = c.taken(err)
	return written, n, err
}

// ReadNow reads what has come and never waits, whatever the deadline: where
// there is nothing the error is os.ErrDeadlineExceeded.
func (c *Conn) ReadNow(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	c.in.begin(nil, b)
	err := c.raw.Control(c.readAtOnce)
	if err == nil && !c.some {
		err = os.ErrDeadlineExceeded
	}
	return c.taken(err)
}

// taken ends a read, which err has ended, if any.
func (c *Conn) taken(err error) (int, error) {
	in := &c.in
	in.request, in.b = nil, nil
	switch {
	case err != nil:
		return 0, named("read", err)
	case in.errno != 0:
		return 0, c.failure("read", in.errno)
	case in.ended:
		return 0, io.EOF
	}
	return in.n, nil
}

// Write writes all of b.
func (c *Conn) Write(b []byte) (int, error) { return c.WriteBoth(b, nil) }

// WriteBoth writes all of a and then of b, as far as possible in one piece. The
// count is that of both.
func (c *Conn) WriteBoth(a, b []byte) (int, error) {
	out := &c.out
	out.a, out.b, out.errno = a, b, 0
	err := c.raw.Write(out.step)
	written := len(a) + len(b) - len(out.a) - len(out.b)
	out.a, out.b = nil, nil
	switch {
	case err != nil:
		err = named("write", err)
	case out.errno != 0:
		err = c.failure("write", out.errno)
	}
	return written, err
}

// Silent reports, without waiting, whether the other end has neither closed
// the connection nor said anything that has not been read. It is for the
// goroutine that reads.
func (c *Conn) Silent() bool { return c.raw.Control(c.look) == nil && !c.some }

// failure is the error that the standard library would have made of errno.
func (c *Conn) failure(op string, errno syscall.Errno) error {
	return &net.OpError{
		Op: op, Net: c.LocalAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(),
		Err: os.NewSyscallError(op, errno),
	}
}

// named gives an error of the poller's the name of what was tried.
func named(op string, err error) error {
	if raw, ok := errors.AsType[*net.OpError](err); ok {
		raw.Op = op
	}
	return err
}

// incoming is the read under way.
type incoming struct {
	step    func(fd uintptr) (done bool)
	request []byte // to be written first
	b       []byte
	n       int
	ended   bool
	errno   syscall.Errno
}

func (in *incoming) begin(request, b []byte) {
	in.request, in.b, in.n, in.errno, in.ended = request, b, 0, 0, false
}

// take is one step: it reports whether the read is over, and otherwise is
// called again when something has come. What came before the first step does
// not call it, so that has to be looked for.
func (in *incoming) take(fd uintptr) (done bool) {
	if len(in.request) > 0 && nothing(fd) {
		n, _ := write(fd, in.request[:min(len(in.request), maxCall)]) // an error shows again at what is left
		in.request = in.request[n:]
		return len(in.request) > 0
	}
	in.n, in.errno = read(fd, in.b[:min(len(in.b), maxCall)])
	if in.errno == syscall.EAGAIN {
		in.errno = 0
		return false
	}
	in.ended = in.n == 0 && in.errno == 0
	return true
}

// outgoing is the write under way: of a, and then of b.
type outgoing struct {
	step  func(fd uintptr) (done bool)
	a, b  []byte
	errno syscall.Errno
}

// give is one step: it reports whether the write is over, and otherwise is
// called again when there is room.
func (out *outgoing) give(fd uintptr) (done bool) {
	for len(out.a)+len(out.b) > 0 {
		var n int
		n, out.errno = out.call(fd)
		sent := min(n, len(out.a))
		out.a, out.b = out.a[sent:], out.b[n-sent:]
		if out.errno == syscall.EAGAIN {
			out.errno = 0
			return false
		}
		if out.errno != 0 {
			return true
		}
	}
	return true
}

func (out *outgoing) call(fd uintptr) (int, syscall.Errno) {
	a := out.a[:min(len(out.a), maxCall)]
	b := out.b[:min(len(out.b), maxCall-len(a))]
	switch {
	case len(b) == 0:
		return write(fd, a)
	case len(a) == 0:
		return write(fd, b)
	}
	return writeBoth(fd, a, b)
}
