package upstream

import "net"

// closeWrite says that nothing more will come. A connection that cannot say so
// is left to its end.
func closeWrite(c net.Conn) error {
	for c != nil {
		if half, ok := c.(interface{ CloseWrite() error }); ok {
			return half.CloseWrite()
		}
		c = below(c)
	}
	return net.ErrClosed
}

// reset has a connection end, when it is closed, so that the other side sees
// that it was broken off.
func reset(c net.Conn) {
	for ; c != nil; c = below(c) {
		if abrupt, ok := c.(interface{ SetLinger(int) error }); ok {
			_ = abrupt.SetLinger(0) // fails on one that has ended already
			return
		}
	}
}

// below returns the connection that c wraps, or nil.
func below(c net.Conn) net.Conn {
	switch w := c.(type) {
	case interface{ UnsafeConn() net.Conn }: // of the server in front, once hijacked
		return w.UnsafeConn()
	case interface{ NetConn() net.Conn }:
		return w.NetConn()
	}
	return nil
}
