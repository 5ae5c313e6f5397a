package upstream

import "sync"

// running are the connections whose exchange goes on behind its handler.
type running struct {
	mu      sync.Mutex
	conns   map[*conn]struct{}
	closed  bool
	tunnels sync.WaitGroup
}

// add notes a connection. Behind a close it fails at once.
func (r *running) add(cn *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conns == nil {
		r.conns = make(map[*conn]struct{})
	}
	r.conns[cn] = struct{}{}
	if r.closed {
		cn.Abort()
	}
}

func (r *running) remove(cn *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, cn)
}

// begin reports whether a tunnel may begin, which then ends with
// tunnels.Done.
func (r *running) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.tunnels.Add(1)
	return true
}

func (r *running) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// close has everything fail, and waits for the tunnels. A stream ends in the
// goroutine that writes to its client.
func (r *running) close() {
	r.mu.Lock()
	r.closed = true
	for cn := range r.conns {
		cn.Abort()
	}
	r.mu.Unlock()
	r.tunnels.Wait()
}
