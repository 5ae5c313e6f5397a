package gateway

import (
	"net"
	"sync/atomic"
)

// tunnel is a client's connection that carries something else than requests
// now: a WebSocket as a rule, or an answer that an old client takes the end of
// the connection for the end of. The HTTP server gives it a goroutine and forgets
// it; the acceptor goes on counting the connection, and awaits it.
type tunnel struct {
	run    func(net.Conn)
	client *conn
	begun  atomic.Bool
	over   chan struct{}
}

// serve runs the tunnel and closes the connection. A panic in it costs this
// connection and no other.
func (t *tunnel) serve(c net.Conn) {
	if !t.begun.CompareAndSwap(false, true) {
		return
	}
	defer close(t.over)
	defer func() {
		if v := recover(); v != nil {
			t.client.owner.log.Error("tunnel panicked", "error", newPanicError(v))
			t.client.linger = false
		}
		_ = t.client.Close() // the other end may have done so before
	}()
	t.run(c)
}

// await waits for the tunnel's end. Where the server failed before it could
// begin, with err, the tunnel is told so: by a connection that is closed.
func (t *tunnel) await(err error) {
	if err != nil {
		t.serve(t.client)
	}
	<-t.over
}
