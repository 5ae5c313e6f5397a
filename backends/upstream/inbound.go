package upstream

import (
	"io"
	"net"
)

// Aborter is what can be made to end early, from any goroutine, at any time,
// more than once, and without waiting for the end.
type Aborter = interface{ Abort() }

type inboundKey struct{}

// InboundKey is the context key under which the caller of Exchange finds the
// request's Inbound: ctx.Value(InboundKey).(Inbound).
var InboundKey = &inboundKey{}

// Inbound is what the listener in front knows of a request.
type Inbound interface {
	// AppendForwarded appends the header lines, each with CR LF, that tell the
	// upstream who is asking: X-Real-IP, X-Scheme, X-Forwarded-For,
	// X-Forwarded-Proto, X-Forwarded-Host and X-Request-Id. The client's own
	// lines of these names, and of Forwarded, never pass.
	AppendForwarded(dst []byte) []byte
	// Reserved reports whether a name is one that AppendForwarded alone gives
	// lines to, besides those: the client's own lines of it do not pass.
	Reserved(name []byte) bool
	// Running says what has to be aborted when the client leaves from now on;
	// nil is nothing. Once it has returned, what was named before is not
	// aborted any more. It reports whether the request is still wanted; where
	// it is not, nothing is going to be aborted.
	Running(Aborter) (wanted bool)
	// Body is the request's body. What it returns does not change, except that
	// Rest has been read.
	Body() Body
	// Outlive says that the response (a body stream, or a hijacked connection)
	// goes on after the handler has returned nil. Ended is then called exactly
	// once, from any goroutine, when it is over: with how many bytes of the body,
	// or through the tunnel, went to the client, and with what broke it or nil.
	Outlive()
	// Ended ends what Outlive began.
	Ended(sent int64, err error)
	// Hijack stands in for RequestCtx.Hijack: h has the client's connection, for
	// a tunnel or for an answer that the client's HTTP has no frame for, in a
	// goroutine of its own, and its return ends the connection: with a reset
	// where that has a SetLinger(0) and h has called it. The listener so knows
	// of it, and awaits it. Where the server cannot hand the connection over h
	// is called all the same, with a closed one.
	Hijack(h func(client net.Conn))
	// BalanceKey returns a value that requests are spread by: ("client", "ip"),
	// or ("path", name) for a wildcard of the route.
	BalanceKey(source, name string) ([]byte, bool)
}

// Body is the body of a request: what is here already, and what is to come.
type Body struct {
	// Buffered is the beginning, kept until the request ends.
	Buffered []byte
	// Rest is what follows, nil where Buffered is all. Its errors are the
	// client's fault, never the server's.
	Rest io.Reader
	// Length is that of all of it, in bytes; -1 is unknown.
	Length int64
	// Stop makes a Read of Rest that blocks return at once, and each one after
	// it. It is called from another goroutine than the reading one, when an
	// answer has come early. It may be nil where Rest is nil.
	Stop func()
}

// length is that of all of it, in bytes; -1 is unknown.
func (b *Body) length() int64 {
	if b.Rest == nil {
		return int64(len(b.Buffered))
	}
	return b.Length
}

// small reports whether all of it is here, and goes out with the head.
func (b *Body) small() bool { return b.Rest == nil && len(b.Buffered) <= smallBody }

// chunked reports whether the length is unknown before its end.
func (b *Body) chunked() bool { return b.length() < 0 }

// empty reports whether there is none.
func (b *Body) empty() bool { return b.length() == 0 }
