package probe

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/valyala/fasthttp"
)

// ErrUnexpected: the member answered, but not as a healthy one does.
var ErrUnexpected = errors.New("unexpected answer")

const (
	// maxHead bounds the head of an answer, in bytes.
	maxHead = 32 << 10
	// maxInterim is how many answers with a status of 1xx may come first.
	maxInterim = 5
	// httpMark is how every answer in HTTP begins.
	httpMark = "HTTP/"
	// shown is how much of a wrong answer an error quotes, in bytes.
	shown = 40
)

// answer is what a member sends back, while it is being read: no further than
// it takes to know whether it is that of a healthy member.
//
// An answer in HTTP must have one of the statuses, and the body where one is
// expected. Bytes sent as they stand may be answered in another protocol: that
// answer must begin with the body, whatever follows, since nothing tells where
// it ends; it has no status, and without a body to compare it proves nothing.
type answer struct {
	expect *Config
	conn   source
	r      *bufio.Reader
}

// source remembers why the connection gave no more bytes.
type source struct {
	io.Reader
	err error
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if err != nil {
		s.err = err
	}
	return n, err
}

func (c *Config) newAnswer(conn io.Reader) *answer {
	a := &answer{expect: c, conn: source{Reader: conn}}
	a.r = bufio.NewReaderSize(&a.conn, maxHead)
	return a
}

// judge returns nil for the answer of a healthy member.
func (a *answer) judge() error {
	begin := a.peekLike(httpMark)
	switch {
	case begin == httpMark:
		return a.judgeHTTP()
	case a.expect.Path == "":
		return a.judgeBytes()
	case a.conn.err != nil:
		return a.broken()
	}
	return fmt.Errorf("%w: not HTTP, it begins with %q", ErrUnexpected, begin)
}

// peekLike returns the beginning of the answer, no further than to its first
// byte that differs from want.
func (a *answer) peekLike(want string) string {
	for n := 1; n <= len(want); n++ {
		b, err := a.r.Peek(n)
		if err != nil || b[n-1] != want[n-1] {
			return string(b)
		}
	}
	return want
}

func (a *answer) judgeHTTP() error {
	var resp fasthttp.Response
	for interim := 0; ; interim++ {
		if !a.startsWithStatus() {
			return a.malformed()
		}
		if err := resp.Header.Read(a.r); err != nil {
			return a.malformed()
		}
		if status := resp.StatusCode(); status >= 200 || status == fasthttp.StatusSwitchingProtocols {
			break
		}
		if interim == maxInterim {
			return fmt.Errorf("%w: more than %d interim ones", ErrUnexpected, maxInterim)
		}
	}
	if status := resp.StatusCode(); !slices.Contains(a.expect.Statuses, status) {
		return fmt.Errorf("%w: status %d", ErrUnexpected, status)
	}
	if a.expect.Body == nil {
		return nil
	}
	return a.judgeBody(&resp)
}

// startsWithStatus reports whether the answer begins like "HTTP/1.1 200". The
// codec is more lenient, and takes the status 000 for 200.
func (a *answer) startsWithStatus() bool {
	const form = httpMark + "1.0 "
	b, err := a.r.Peek(len(form) + 3)
	if err != nil {
		return false
	}
	version, status := b[:len(form)], b[len(form):]
	return (string(version) == form || string(version) == httpMark+"1.1 ") && '1' <= status[0] && status[0] <= '9'
}

// judgeBody compares the body, of which it reads no more than is expected.
func (a *answer) judgeBody(resp *fasthttp.Response) error {
	want := *a.expect.Body
	err := resp.ReadBody(a.r, len(want)+1)
	got := resp.Body()
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return fmt.Errorf("%w: a body of more than %d bytes", ErrUnexpected, len(want))
	case err != nil:
		return a.malformed()
	case string(got) != want:
		return fmt.Errorf("%w: body %s", ErrUnexpected, quote(got))
	}
	return nil
}

func (a *answer) judgeBytes() error {
	if a.expect.Body == nil {
		if a.conn.err != nil {
			return a.broken()
		}
		return fmt.Errorf("%w: not HTTP, and there is no body to compare it with", ErrUnexpected)
	}
	want := *a.expect.Body
	got := make([]byte, 0, len(want))
	for len(got) < len(want) {
		b, err := a.r.ReadByte()
		if err != nil {
			return a.broken()
		}
		if got = append(got, b); b != want[len(got)-1] {
			return fmt.Errorf("%w: it begins with %s", ErrUnexpected, quote(got))
		}
	}
	return nil
}

// malformed says why an answer in HTTP could not be read: the codec's own error
// would quote it, however long it is.
func (a *answer) malformed() error {
	switch {
	case a.conn.err != nil:
		return a.broken()
	case a.r.Buffered() == maxHead:
		return fmt.Errorf("%w: a head of more than %d bytes", ErrUnexpected, maxHead)
	}
	return fmt.Errorf("%w: malformed HTTP", ErrUnexpected)
}

// broken says why the connection gave no more bytes.
func (a *answer) broken() error {
	if errors.Is(a.conn.err, io.EOF) {
		return fmt.Errorf("read answer: closed before its end: %w", io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("read answer: %w", a.conn.err)
}

// quote returns the beginning of b in quotes.
func quote(b []byte) string {
	if len(b) > shown {
		return fmt.Sprintf("%q and more", b[:shown])
	}
	return fmt.Sprintf("%q", b)
}
