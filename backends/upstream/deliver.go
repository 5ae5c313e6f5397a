package upstream

import (
	"io"

	"github.com/valyala/fasthttp"
)

// smallBody is the size up to which a body is copied into the request's write,
// and into the response's own buffer, in bytes.
const smallBody = 16 << 10

// deliver puts the answer into the response, and ends the exchange or hands it
// on to a Stream. On an error the caller has to end it.
func (cn *conn) deliver(rc *fasthttp.RequestCtx, in Inbound, whole bool) (*Stream, *Error) {
	a := &cn.answer
	if a.status == fasthttp.StatusSwitchingProtocols {
		return cn.startTunnel(rc, in), nil
	}
	a.copyHead(&rc.Response.Header)
	cn.discard(a.size)
	cn.long = a.length > smallBody && !a.bodyless(rc.IsHead())
	switch {
	case a.bodyless(rc.IsHead()):
		// What it declares is about another answer.
	case a.chunked:
		return cn.deliverChunked(rc, in, whole)
	case a.length < 0 || a.length > pageBytes:
		return cn.startStream(rc, in, whole, nil), nil
	case a.length > smallBody:
		if err := cn.readPage(rc, int(a.length)); err != nil {
			return nil, cn.failure(OpRead, err)
		}
	default:
		if err := cn.readSmall(rc, int(a.length)); err != nil {
			return nil, cn.failure(OpRead, err)
		}
	}
	in.Running(nil)
	cn.release(whole)
	return nil, nil
}

// readSmall reads a body into the response's own buffer.
func (cn *conn) readSmall(rc *fasthttp.RequestCtx, length int) error {
	for first := true; length > 0; first = false {
		if cn.r.Buffered() == 0 {
			if _, err := cn.r.Peek(1); err != nil {
				return err
			}
		}
		b := cn.buffered()
		b = b[:min(len(b), length)]
		if first {
			rc.Response.SetBody(b)
		} else {
			rc.Response.AppendBody(b)
		}
		cn.discard(len(b))
		length -= len(b)
	}
	return nil
}

// readPage reads a body into a buffer that goes back when the response is
// written: directly, as the connection's own would only be another stop.
func (cn *conn) readPage(rc *fasthttp.RequestCtx, length int) error {
	p := cn.client.pages.get(length)
	n := copy(p.bytes[:length], cn.buffered())
	cn.discard(n)
	if _, err := io.ReadFull(cn, p.bytes[n:length]); err != nil {
		p.free()
		return err
	}
	p.filled = length
	rc.Response.SetBodyStream(p, length)
	return nil
}

// deliverChunked passes on a body in chunks. One that is here already gets a
// length instead, as most small ones can.
func (cn *conn) deliverChunked(rc *fasthttp.RequestCtx, in Inbound, whole bool) (*Stream, *Error) {
	cn.chunks = chunks{r: cn.r, limit: cn.client.cfg.HeaderBytes}
	p := cn.client.pages.get(cn.r.Buffered())
	complete, err := cn.collect(p)
	if err != nil {
		p.free()
		return nil, cn.failure(OpRead, err)
	}
	switch {
	case !complete && p.filled == 0:
		p.free()
		return cn.startStream(rc, in, whole, nil), nil
	case !complete:
		return cn.startStream(rc, in, whole, p), nil
	case p.filled <= smallBody:
		rc.Response.SetBody(p.bytes[:p.filled])
		p.free()
	default:
		rc.Response.SetBodyStream(p, p.filled)
	}
	in.Running(nil)
	cn.release(whole)
	return nil, nil
}

// collect reads the chunks that are here, as far as they fit. It reports
// whether that was all.
func (cn *conn) collect(p *page) (complete bool, err error) {
	for p.filled < len(p.bytes) && cn.chunks.ready() {
		n, err := cn.chunks.Read(p.bytes[p.filled:])
		p.filled += n
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}
