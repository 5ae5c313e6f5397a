//go:build !noembedded

package embedded

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
)

// listener hands the far ends of dialled connections to the server.
type listener struct {
	dialled chan net.Conn
	done    chan struct{} // closed by Close
	closing sync.Once

	mu   sync.Mutex
	open map[*serverConn]struct{}
	all  sync.WaitGroup // the connections that the server has not closed
}

func newListener() *listener {
	return &listener{
		dialled: make(chan net.Conn),
		done:    make(chan struct{}),
		open:    make(map[*serverConn]struct{}),
	}
}

// dial makes a connection, waits until the server takes one end, and returns
// the other.
func (l *listener) dial(ctx context.Context) (net.Conn, error) {
	near, far, err := socketPair()
	if err != nil {
		return nil, err
	}
	select {
	case l.dialled <- far:
		return near, nil
	case <-l.done:
		err = ErrClosed
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	near.Close()
	far.Close()
	return nil, err
}

// Accept waits for the next connection. Only one goroutine calls it.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.dialled:
		c := &serverConn{Conn: conn, listener: l}
		l.all.Add(1)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.open[c] = struct{}{}
		return c, nil
	case <-l.done:
		return nil, ErrClosed
	}
}

// Close ends Accept; connections stay as they are.
func (l *listener) Close() error {
	l.closing.Do(func() { close(l.done) })
	return nil
}

// Addr names the listener in the server's messages.
func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: "embedded", Net: "unix"} }

// closeAll cuts every connection and waits until the server has closed its end
// as well. It comes after the last Accept.
func (l *listener) closeAll() {
	l.mu.Lock()
	for c := range l.open {
		c.Conn.Close()
	}
	l.mu.Unlock()
	l.all.Wait()
}

// serverConn is the server's end of a connection. The server closes each, at
// the latest when the goroutine that serves it ends.
type serverConn struct {
	net.Conn
	listener *listener
	closing  sync.Once
	closed   error // what closing returned
}

func (c *serverConn) Close() error {
	c.closing.Do(func() {
		c.closed = c.Conn.Close()
		c.listener.mu.Lock()
		delete(c.listener.open, c)
		c.listener.mu.Unlock()
		c.listener.all.Done()
	})
	return c.closed
}

// socketPair returns the two ends of a stream that has no name anywhere.
func socketPair() (near, far net.Conn, err error) {
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("make a pair of sockets: %w", err)
	}
	near, err = connOf(fds[0])
	if err != nil {
		_ = syscall.Close(fds[1])
		return nil, nil, err
	}
	far, err = connOf(fds[1])
	if err != nil {
		near.Close()
		return nil, nil, err
	}
	return near, far, nil
}

// connOf turns a socket into a connection that knows deadlines. The descriptor
// is the connection's from then on, or closed.
func connOf(fd int) (net.Conn, error) {
	file := os.NewFile(uintptr(fd), "embedded")
	defer file.Close() // FileConn has made a descriptor of its own
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("make a connection of a socket: %w", err)
	}
	return conn, nil
}
