package gateway

import (
	"errors"
	"log/slog"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// starving is a listener that runs out of descriptors at first.
type starving struct {
	net.Listener
	failures atomic.Int64
}

func (s *starving) Accept() (net.Conn, error) {
	if s.failures.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
	return s.Listener.Accept()
}

func TestAcceptSurvivesErrors(t *testing.T) {
	var log safeBuffer
	served := make(chan struct{}, 1)
	a := newAcceptor(testLimits(), func(c net.Conn) error {
		served <- struct{}{}
		return c.Close()
	}, slog.New(slog.NewTextHandler(&log, nil)))
	if err := a.listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ln := &starving{Listener: a.listeners[0]}
	ln.failures.Store(3)
	a.listeners[0] = ln
	a.start()
	dial(t, a.addrs()[0])
	select {
	case <-served:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was accepted after the errors had ended")
	}
	a.close()
	if err := a.listen("127.0.0.1:0"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("listen after close: got %v, want %v", err, net.ErrClosed)
	}
}

// What panics outside of a handler costs its own connection.
func TestConnectionPanicIsContained(t *testing.T) {
	var log safeBuffer
	a := newAcceptor(testLimits(), func(net.Conn) error { panic("parser") }, slog.New(slog.NewTextHandler(&log, nil)))
	if err := a.listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	a.start()
	for range 2 {
		if err := dial(t, a.addrs()[0]).ended(); err != nil {
			t.Errorf("got %v, want a closed connection", err)
		}
	}
	a.close()
	if a.open.Load() != 0 || len(a.conns) != 0 {
		t.Errorf("got %d open and %d known connections, want none", a.open.Load(), len(a.conns))
	}
}

func TestFarTooManyConnectionsAreClosedUnanswered(t *testing.T) {
	limits := testLimits()
	limits.Connections = 1
	release := make(chan struct{})
	a := newAcceptor(limits, func(c net.Conn) error {
		<-release
		return c.Close()
	}, slog.New(slog.DiscardHandler))
	if err := a.listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	a.start()
	for range limits.Connections + surplusConnections {
		dial(t, a.addrs()[0])
	}
	if err := dial(t, a.addrs()[0]).ended(); err != nil {
		t.Errorf("got %v, want the connection closed at once", err)
	}
	if got := a.open.Load(); got > int64(limits.Connections+surplusConnections) {
		t.Errorf("got %d open connections, want at most %d", got, limits.Connections+surplusConnections)
	}
	close(release)
	a.close()
}

func TestListenTurnsMultipathTCPOff(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "/", say("")))
	c := ts.dial()
	c.send(plainGet)
	c.receive("GET")
	ts.public.mu.Lock()
	defer ts.public.mu.Unlock()
	for known := range ts.public.conns {
		if known.socket == nil {
			t.Skip("this system has no sockets of ours")
		}
		if multipath, err := known.socket.NetConn().(*net.TCPConn).MultipathTCP(); err != nil || multipath {
			t.Errorf("got multipath %t %v, want plain TCP", multipath, err)
		}
	}
}

func TestConnectionsAreKeptAlive(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "/", say("")))
	c := ts.dial()
	c.send(plainGet)
	c.receive("GET")
	ts.public.mu.Lock()
	defer ts.public.mu.Unlock()
	for known := range ts.public.conns {
		raw, err := known.Conn.(syscall.Conn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		_ = raw.Control(func(fd uintptr) {
			if on, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_KEEPALIVE); err != nil || on == 0 {
				t.Errorf("got keep-alive %d %v, want it on", on, err)
			}
		})
	}
}
