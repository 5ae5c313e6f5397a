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
	stream := rc.RequestBodyStream()
	if stream == nil {
		return nil
	}
	declared := int64(rc.Request.Header.ContentLength())
	body := s.body[:0]
	var err error
	for err == nil {
		if len(body) == cap(body) {
			body = slices.Grow(body, max(firstBodyBytes, len(body)))
		}
		var n int
		n, err = stream.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if int64(len(body)) > limit {
			return errBodyTooLarge
		}
	}
	s.body = body
	switch {
	case err == io.EOF && (declared < 0 || int64(len(body)) == declared):
		rc.Request.SetBodyRaw(body)
		return nil
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
		return faultTruncated
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, fasthttp.ErrTimeout):
		return errClientTimeout
	}
	return faultBody
}
