package memcachedtest

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// Relay stands in front of a Server, and can have some of the connections lead
// nowhere: what is sent there is lost, and nobody is told.
type Relay struct {
	server   *Server
	listener net.Listener

	mu   sync.Mutex
	lose []byte // what the connections to be lost begin a write with
	left int    // how many of them are to be lost yet
}

// StartRelay runs a relay in front of a server until the test ends.
func StartRelay(t testing.TB, server *Server) *Relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{server: server, listener: listener}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { r.serve(t, client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
	return r
}

// Address is the relay's, as host:port.
func (r *Relay) Address() string { return r.listener.Addr().String() }

// Lose has the connections lost that carry the next n commands with this name,
// from there on.
func (r *Relay) Lose(n int, command string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lose, r.left = []byte(command+" "), n
}

func (r *Relay) loses(text []byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == 0 || !bytes.HasPrefix(text, r.lose) {
		return false
	}
	r.left--
	return true
}

// serve relays one connection until the client ends it, as it does with all of
// them before the test's end.
func (r *Relay) serve(t testing.TB, client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", r.server.Address())
	if err != nil {
		t.Error(err)
		return
	}
	answers := make(chan struct{})
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close() // as the server has done
		close(answers)
	}()
	defer func() { <-answers }()
	defer server.Close()
	var to io.Writer = server
	for text := make([]byte, 64<<10); ; {
		n, err := client.Read(text)
		if r.loses(text[:n]) {
			to = io.Discard
		}
		if _, failed := to.Write(text[:n]); err != nil || failed != nil {
			return
		}
	}
}
