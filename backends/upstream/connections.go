package upstream

import "sync"

// connections are all of a Client's, and the tunnels among them, which have a
// goroutine to be awaited.
type connections struct {
	mu      sync.Mutex
	open    map[*conn]struct{}
	closed  bool
	tunnels sync.WaitGroup
}

// add notes a connection. Behind a close it fails at once.
func (c *connections) add(cn *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = make(map[*conn]struct{})
	}
	c.open[cn] = struct{}{}
	if c.closed {
		cn.Abort()
	}
}

func (c *connections) remove(cn *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, cn)
}

func (c *connections) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// begin reports whether a tunnel may begin, which then ends with
// tunnels.Done.
func (c *connections) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.tunnels.Add(1)
	return true
}

func (c *connections) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// close has everything fail, and waits for the tunnels. All else ends in the
// goroutine of its request.
func (c *connections) close() {
	c.mu.Lock()
	c.closed = true
	for cn := range c.open {
		cn.Abort()
	}
	c.mu.Unlock()
	c.tunnels.Wait()
}
