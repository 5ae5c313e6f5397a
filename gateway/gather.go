package gateway

import "sync"

// gatherBytes is the size of the buffer that the HTTP server writes an answer
// through: what is larger leaves it in pieces, the first of which is a full one.
const gatherBytes = 4096

// gather has an answer that is all here leave in one write, where the HTTP
// server makes two of it: its own buffer full, and what did not fit. The first
// waits for the second, and not for anything else: before the connection is
// read, or closed, it goes out alone.
type gather struct {
	expected bool
	first    *[gatherBytes]byte // nil where nothing waits
	n        int
}

// gathers are buffers for the first pieces.
var gathers = sync.Pool{New: func() any { return new([gatherBytes]byte) }}

// expect says that the next write is the first piece of an answer with so many
// bytes in its body, all of which follow at once.
func (g *gather) expect(bodyBytes int) { g.expected = bodyBytes > gatherBytes }

// keep takes b, if that is to wait.
func (g *gather) keep(b []byte) bool {
	if !g.expected {
		return false
	}
	g.expected = false
	if len(b) > gatherBytes {
		return false
	}
	g.first = gathers.Get().(*[gatherBytes]byte)
	g.n = copy(g.first[:], b)
	return true
}

// waiting returns what waits.
func (g *gather) waiting() []byte {
	if g.first == nil {
		return nil
	}
	return g.first[:g.n]
}

// drop forgets what waits.
func (g *gather) drop() {
	if g.first != nil {
		gathers.Put(g.first)
		g.first = nil
	}
}
