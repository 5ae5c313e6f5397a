package gateway

import (
	"net"

	"zerohop/backends/upstream"
)

// What follows makes the scope an upstream.Inbound: what the transport to a
// server may know of a request and of the client behind it.

// Body is upstream.Inbound's.
func (s *scope) Body() upstream.Body {
	b := upstream.Body{Buffered: s.body, Length: int64(len(s.body))}
	if s.upload.pending() {
		b.Rest, b.Length, b.Stop = &s.upload, s.upload.declared, s.client.stopReading
	}
	return b
}

// BalanceKey is upstream.Inbound's.
func (s *scope) BalanceKey(source, name string) ([]byte, bool) {
	switch {
	case source == "client" && name == "ip":
		return s.address(), true
	case source == "path":
		return s.wildcard(name)
	}
	return nil, false
}

// Outlive is upstream.Inbound's.
func (s *scope) Outlive() { s.outlives = true }

// Ended is upstream.Inbound's. Before the handler has returned it only takes
// Outlive back; after that it ends the request.
func (s *scope) Ended(sent int64, err error) {
	s.outlives = false
	if s.behind {
		s.server.outlived(s, sent, err)
	}
}

// Hijack is upstream.Inbound's. What the client still sends at the end is taken
// in for a while, so that it gets all that was sent to it.
func (s *scope) Hijack(h func(client net.Conn)) {
	s.client.linger = true
	t := &tunnel{run: h, client: s.client, over: make(chan struct{})}
	s.client.enter(phaseTunnel)
	s.client.tunnel = t
	s.rc.Hijack(t.serve)
}

var _ upstream.Inbound = (*scope)(nil)
