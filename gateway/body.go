package gateway

import (
	"errors"
	"io"
	"os"
	"slices"

	"github.com/valyala/fasthttp"
)

// A body arrives as a stream, because only then is a request refused before
// more than a byte of its body is read, and memory follows what has come
// instead of what was declared.

// firstBodyBytes is how much room a body gets before any of it has come.
const firstBodyBytes = 4 << 10

// aheadBytes is how much of a body is read before a server behind is asked:
// up to that it can be sent again, to another one.
const aheadBytes = keptBody

// guardLength refuses a body that declares itself larger than limit.
func guardLength(h *fasthttp.RequestHeader, limit int64) error {
	if int64(h.ContentLength()) > limit {
		return errBodyTooLarge
	}
	return nil
}

// readBody takes the body into the scope and the request, from where
// handlers read it with PostBody. At most limit bytes of it are kept; a
// larger one is refused.
func (s *scope) readBody(rc *fasthttp.RequestCtx, limit int64) error {
	return s.readAhead(rc, limit, limit+1)
}

// startBody takes the beginning of the body into the scope; what is left of a
// large one is read through Body.
func (s *scope) startBody(rc *fasthttp.RequestCtx, limit int64) error {
	return s.readAhead(rc, limit, aheadBytes)
}

// readAhead reads the body into the scope until there are enough bytes, or it is
// whole: then the request has it too. The error is what is wrong with it.
func (s *scope) readAhead(rc *fasthttp.RequestCtx, limit, enough int64) error {
	s.upload = upload{
		client: s.client, stream: rc.RequestBodyStream(), left: limit, declared: int64(rc.Request.Header.ContentLength()),
	}
	if s.upload.stream == nil {
		return nil
	}
	s.client.enter(phaseBody)
	body := s.body[:0]
	var err error
	for err == nil && int64(len(body)) < enough {
		if len(body) == cap(body) {
			body = slices.Grow(body, max(firstBodyBytes, len(body)))
		}
		var n int
		n, err = s.upload.Read(body[len(body):min(int64(cap(body)), enough)])
		body = body[:len(body)+n]
	}
	s.body = body
	if !errors.Is(err, io.EOF) {
		return err
	}
	rc.Request.SetBodyRaw(body)
	return nil
}

// upload is a body on its way from the client. It is read by one goroutine at
// a time.
type upload struct {
	client *conn
	stream io.Reader // nil when there is nothing to come
	left   int64     // bytes that may still come
	// declared is how many bytes there are going to be, -1 when nobody knows,
	// taken how many there were.
	declared, taken int64
	whole           bool // it has been read to its end
	err             error
}

// pending reports whether some of the body may still be to come.
func (u *upload) pending() bool { return u.stream != nil && !u.whole }

// abandoned reports whether the client has left in the middle of it. One who has
// only closed the half that sends looks the same, and reads why that was wrong.
func (u *upload) abandoned() bool { return errors.Is(u.err, faultTruncated) }

// Read reads from the client. Its errors are what is wrong with the request.
func (u *upload) Read(b []byte) (int, error) {
	if u.err != nil {
		return 0, u.err
	}
	n, err := u.stream.Read(b)
	u.taken += int64(n)
	u.left -= int64(n)
	switch {
	case u.left < 0:
		n, u.err = 0, errBodyTooLarge
	case err == io.EOF && (u.declared < 0 && !u.client.brokeOff || u.taken == u.declared):
		u.whole, u.err = true, io.EOF
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, fasthttp.ErrTimeout):
		u.err = errClientTimeout
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF), u.client.brokeOff:
		u.err = faultTruncated
	case err != nil:
		u.err = faultBody
	}
	return n, u.err
}
