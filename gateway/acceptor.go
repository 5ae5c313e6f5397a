package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// acceptor owns listening sockets and the connections that come from them: it
// accepts, counts, hands each connection to a goroutine of its own, and ends
// them all, gently or not. Close waits for every goroutine.
type acceptor struct {
	limits Limits
	// serve answers the requests of a connection and closes it.
	serve func(net.Conn) error
	log   *slog.Logger
	epoch time.Time
	files socketFiles
	// internal: its clients are our own processes, which may use every route.
	internal bool
	// trust is whose word on the client behind them counts.
	trust trust
	// surplus is how many connections over the limit are told so.
	surplus int64

	draining atomic.Bool
	open     atomic.Int64
	// running counts accept loops and connections, and one for the time in
	// which there may be more of them, which over ends.
	running sync.WaitGroup
	over    sync.Once

	mu        sync.Mutex
	listeners []net.Listener
	conns     map[*conn]struct{}
	closed    bool
	stop      chan struct{} // closed together with closed
}

// surplusConnections is how many connections over the limit are told so, each
// for a moment, at the same time, if there are descriptors; any further one is
// closed at once.
const surplusConnections = 64

// The pause after a failed accept, which usually means that descriptors have
// run out, grows between these bounds.
const (
	minAcceptPause = 5 * time.Millisecond
	maxAcceptPause = 500 * time.Millisecond
)

// acceptWindow is how long a draining listener goes on accepting, so that
// connections that the kernel has already set up are served, not reset.
const acceptWindow = 50 * time.Millisecond

func newAcceptor(limits Limits, serve func(net.Conn) error, log *slog.Logger) *acceptor {
	a := &acceptor{
		limits:  limits,
		serve:   serve,
		log:     log,
		epoch:   time.Now(),
		surplus: surplusConnections,
		conns:   map[*conn]struct{}{},
		stop:    make(chan struct{}),
	}
	a.running.Add(1)
	return a
}

// allow sets how many connections may be open, and how many over that are
// told so. It is called before start.
func (a *acceptor) allow(connections, surplus int) {
	a.limits.Connections, a.surplus = connections, int64(surplus)
}

// now is a clock that only runs forward and costs little to read.
func (a *acceptor) now() time.Duration { return time.Since(a.epoch) }

// listen opens an address, host:port or unix:/path. Nothing is accepted yet.
func (a *acceptor) listen(addr string) error {
	var ln net.Listener
	var err error
	if path, ok := socketPath(addr); ok {
		ln, err = a.files.listen(path)
	} else {
		ln, err = listenTCP(addr)
	}
	if err != nil {
		return fmt.Errorf("listen on %s: %w", addr, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		ln.Close()
		return fmt.Errorf("listen on %s: %w", addr, net.ErrClosed)
	}
	a.listeners = append(a.listeners, ln)
	return nil
}

// listenTCP listens for connections that are probed when they are silent, so
// that one whose other end has vanished without a word is dead after a minute.
func listenTCP(addr string) (net.Listener, error) {
	config := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3,
	}}
	// Multipath TCP, on by default, costs a fallback for each connection of
	// a client that has none, and hides the state of the socket.
	config.SetMultipathTCP(false)
	return config.Listen(context.Background(), "tcp", addr)
}

// addrs returns where the acceptor listens.
func (a *acceptor) addrs() []net.Addr {
	a.mu.Lock()
	defer a.mu.Unlock()
	addrs := make([]net.Addr, len(a.listeners))
	for i, ln := range a.listeners {
		addrs[i] = ln.Addr()
	}
	return addrs
}

// start begins to accept on every listener, unless the end has begun.
func (a *acceptor) start() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || a.draining.Load() {
		return
	}
	for _, ln := range a.listeners {
		a.running.Add(1)
		go func() {
			defer a.running.Done()
			a.accept(ln)
		}()
	}
}

// accept takes connections until the listener is closed or drained. Errors
// are survived: they pass when descriptors are free again.
func (a *acceptor) accept(ln net.Listener) {
	defer ln.Close()
	pause := minAcceptPause
	for {
		c, err := ln.Accept()
		switch {
		case err == nil:
			pause = minAcceptPause
			a.take(c)
		case a.draining.Load() || errors.Is(err, net.ErrClosed):
			return
		default:
			a.log.Error("accept failed", "addr", ln.Addr().String(), "error", err, "pause", pause)
			select {
			case <-a.stop:
				return
			case <-time.After(pause):
			}
			pause = min(2*pause, maxAcceptPause)
		}
	}
}

// take starts the goroutine of a connection.
func (a *acceptor) take(inner net.Conn) {
	c := newConn(inner, a)
	over := a.open.Add(1) - int64(a.limits.Connections)
	c.surplus = over > 0
	a.mu.Lock()
	if a.closed || over > a.surplus {
		a.mu.Unlock()
		a.open.Add(-1)
		inner.Close()
		return
	}
	a.conns[c] = struct{}{}
	a.running.Add(1)
	a.mu.Unlock()
	go a.run(c)
}

// run serves one connection. A panic outside of a handler, in the parser say,
// costs this connection and no other.
func (a *acceptor) run(c *conn) {
	defer func() {
		if v := recover(); v != nil {
			a.log.Error("connection panicked", "error", newPanicError(v))
			c.Conn.Close()
		}
		c.unexpect()
		c.unwatched()
		a.mu.Lock()
		delete(a.conns, c)
		a.mu.Unlock()
		a.open.Add(-1)
		a.running.Done()
	}()
	// What the parser has to say was answered, and quotes the request.
	var network *net.OpError
	err := a.serve(c)
	if errors.As(err, &network) {
		a.log.Debug("connection ended", "client", string(c.ip), "error", network)
	}
	if c.tunnel != nil {
		c.tunnel.await(err)
	}
}

// drain stops accepting, and lets every connection end behind the request
// that it is at. It returns when all have. When ctx ends first it cuts off
// what is left, says how many those were, and does not wait for handlers that
// still run.
//
// A connection in the kernel's queue is still accepted. A request whose first
// byte was read is answered, with Connection: close. A connection that stays
// silent for drainGrace gets a FIN, never a reset, so that a client that
// writes at that moment sees a clean end before any byte of an answer.
func (a *acceptor) drain(ctx context.Context) error {
	a.draining.Store(true)
	a.mu.Lock()
	for _, ln := range a.listeners {
		if timed, ok := ln.(interface{ SetDeadline(time.Time) error }); !ok || timed.SetDeadline(time.Now().Add(acceptWindow)) != nil {
			ln.Close()
		}
	}
	for c := range a.conns {
		c.drain()
	}
	a.mu.Unlock()
	a.over.Do(a.running.Done)

	done := make(chan struct{})
	go func() {
		a.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		a.close()
		return nil
	case <-ctx.Done():
		left := a.open.Load()
		a.cut()
		return fmt.Errorf("drain: cut off %d connection(s): %w", left, ctx.Err())
	}
}

// close ends everything at once, and waits until it has.
func (a *acceptor) close() {
	a.cut()
	a.over.Do(a.running.Done)
	a.running.Wait()
}

// cut closes all sockets.
func (a *acceptor) cut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.closed = true
		close(a.stop)
	}
	for _, ln := range a.listeners {
		ln.Close()
	}
	for c := range a.conns {
		c.Conn.Close()
	}
}
