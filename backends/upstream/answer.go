package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"
)

// What an answer's head is refused for.
var (
	errHeadSize   = errors.New("the head of the answer is larger than header_bytes")
	errStatusLine = errors.New("malformed status line")
	errHeaderLine = errors.New("malformed header line")
	errFraming    = errors.New("contradictory or malformed length of the body")
	errInterim    = errors.New("too many interim answers")
	errUpgrade    = errors.New("an upgrade that was not asked for")
)

// unknownLength is the length of a body that ends with the connection.
const unknownLength = -1

// maxInterim bounds the answers with a status of 1xx in front of one.
const maxInterim = 16

// field is one header line, within the connection's read buffer.
type field struct{ name, value []byte }

// answer is the head of one, and how its body is framed. Its bytes live until
// the next read of the connection.
type answer struct {
	status int
	reason []byte
	fields []field

	http10    bool
	chunked   bool
	length    int64 // as declared, or unknownLength
	upgrade   []byte
	closes    bool // the server said so, or does by its version
	keepAlive bool // as HTTP/1.0 servers say it
	// keepTime is how long the server keeps the connection; 0 is unsaid.
	keepTime time.Duration
	// dropped are the names that Connection names.
	dropped [][]byte
	size    int // of the head, in bytes
}

// readAnswer reads the head of the final answer, or of the switch to another
// protocol. The head stays in the reader's buffer; size says how long it is.
func (cn *conn) readAnswer() error {
	for range maxInterim {
		head, err := cn.peekHead()
		if err != nil {
			return err
		}
		if err := cn.answer.parse(head); err != nil {
			return err
		}
		if s := cn.answer.status; s >= 200 || s == fasthttp.StatusSwitchingProtocols {
			return nil
		}
		cn.discard(cn.answer.size)
	}
	return errInterim
}

// peekHead waits until a whole head is in the buffer.
func (cn *conn) peekHead() ([]byte, error) {
	searched := 0
	for {
		b := cn.buffered()
		if i := bytes.Index(b[searched:], headEnd); i >= 0 {
			return b[:searched+i+len(headEnd)], nil
		}
		if len(b) >= cn.client.cfg.HeaderBytes {
			return nil, errHeadSize
		}
		searched = max(0, len(b)-len(headEnd)+1)
		if _, err := cn.r.Peek(len(b) + 1); err != nil {
			return nil, err
		}
	}
}

var headEnd = []byte("\r\n\r\n")

// parse reads a head that ends with an empty line.
func (a *answer) parse(head []byte) error {
	*a = answer{fields: a.fields[:0], dropped: a.dropped[:0], length: unknownLength, size: len(head)}
	line, rest, err := cutLine(head)
	if err != nil {
		return err
	}
	if err := a.parseStatusLine(line); err != nil {
		return err
	}
	for {
		if line, rest, err = cutLine(rest); err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		f, err := parseField(line)
		if err != nil {
			return err
		}
		if err := a.take(f); err != nil {
			return err
		}
	}
	return a.conclude()
}

// cutLine returns the first line without its CR LF, and what follows.
func cutLine(b []byte) (line, rest []byte, err error) {
	stop := bytes.IndexByte(b, '\n')
	if stop < 1 || b[stop-1] != '\r' {
		return nil, nil, fmt.Errorf("%w: it does not end with CR LF", errHeaderLine)
	}
	return b[:stop-1], b[stop+1:], nil
}

// parseStatusLine reads HTTP/1.x SP 3DIGIT, and the reason, which may be
// missing.
func (a *answer) parseStatusLine(line []byte) error {
	const status = len("HTTP/1.1 ")
	if len(line) < status+3 || string(line[:7]) != "HTTP/1." || !isDigit(line[7]) || line[8] != ' ' {
		return errStatusLine
	}
	a.http10 = line[7] == '0'
	for _, c := range line[status : status+3] {
		if !isDigit(c) {
			return errStatusLine
		}
		a.status = 10*a.status + int(c-'0')
	}
	if a.status < 100 {
		return errStatusLine
	}
	if line = line[status+3:]; len(line) == 0 {
		return nil
	}
	if line[0] != ' ' || !isText(line) {
		return errStatusLine
	}
	a.reason = line[1:]
	return nil
}

// parseField cuts a header line into name and value.
func parseField(line []byte) (field, error) {
	colon := 0
	for colon < len(line) && tokenBytes[line[colon]] {
		colon++
	}
	if colon == 0 || colon == len(line) || line[colon] != ':' {
		return field{}, fmt.Errorf("%w: its name", errHeaderLine)
	}
	f := field{line[:colon], trimSpace(line[colon+1:])}
	if !isText(f.value) {
		return field{}, fmt.Errorf("%w: the value of %s", errHeaderLine, f.name)
	}
	return f, nil
}

// trimSpace trims the white space that may surround a value.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// isText reports whether there are no control bytes but tabs.
func isText(b []byte) bool {
	for _, c := range b {
		if controls[c] {
			return false
		}
	}
	return true
}

// take notes a line, and what it says about the connection and the body.
func (a *answer) take(f field) error {
	switch hopOf(f.name) {
	case contentLength:
		n, ok := parseLength(f.value)
		if !ok || a.length != unknownLength {
			return errFraming
		}
		a.length = n
		a.fields = append(a.fields, f)
	case transferEncoding:
		if a.chunked || !bytes.EqualFold(f.value, []byte("chunked")) {
			return errFraming
		}
		a.chunked = true
	case connection:
		a.takeConnection(f.value)
	case keepAlive:
		a.keepTime = parseKeepAlive(f.value)
	case upgrade:
		a.upgrade = f.value
	case hopByHop, requestID: // the listener in front has its own id
	default:
		a.fields = append(a.fields, f)
	}
	return nil
}

func (a *answer) takeConnection(value []byte) {
	for token := range tokens(value) {
		switch {
		case equalFold(token, "close"):
			a.closes = true
		case equalFold(token, "keep-alive"):
			a.keepAlive = true
		default:
			a.dropped = append(a.dropped, token)
		}
	}
}

// conclude settles what the lines say together.
func (a *answer) conclude() error {
	if a.chunked && (a.length != unknownLength || a.http10) {
		return errFraming
	}
	if a.http10 && !a.keepAlive {
		a.closes = true
	}
	return nil
}

// passes reports whether a line goes on to the client.
func (a *answer) passes(f field) bool {
	for _, name := range a.dropped {
		if bytes.EqualFold(name, f.name) && hopOf(name) == endToEnd {
			return false
		}
	}
	return true
}

// parseLength reads a Content-Length: digits, and not too many of them.
func parseLength(value []byte) (int64, bool) {
	if len(value) == 0 || len(value) > 18 {
		return 0, false
	}
	n := int64(0)
	for _, c := range value {
		if !isDigit(c) {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}

// parseKeepAlive returns the timeout of "timeout=5, max=100", or 0.
func parseKeepAlive(value []byte) time.Duration {
	for token := range tokens(value) {
		name, seconds, _ := bytes.Cut(token, []byte("="))
		if n, err := strconv.Atoi(string(trimSpace(seconds))); err == nil && 0 <= n && n < 1<<30 && equalFold(trimSpace(name), "timeout") {
			return max(time.Duration(n)*time.Second, 1)
		}
	}
	return 0
}

// keepFor is how long the connection is kept without a request: less than the
// server keeps it, so that it is not closed from there as the next one goes.
func (a *answer) keepFor(timeout time.Duration) time.Duration {
	if a.keepTime == 0 {
		return timeout
	}
	return min(timeout, a.keepTime-min(a.keepTime/2, time.Second))
}

// copyHead puts the head into a response. Names pass as they are, and their
// order is kept, except for the few that the codec writes first or last. It has
// a date of its own, as nginx does.
func (a *answer) copyHead(h *fasthttp.ResponseHeader) {
	h.DisableNormalizing()
	h.SetNoDefaultContentType(true)
	h.SetStatusCode(a.status)
	if string(a.reason) != fasthttp.StatusMessage(a.status) && len(a.reason) > 0 {
		h.SetStatusMessage(a.reason)
	}
	for _, f := range a.fields {
		if len(a.dropped) > 0 && !a.passes(f) {
			continue
		}
		if equalFold(f.name, "Content-Encoding") && len(h.ContentEncoding()) > 0 {
			// The codec keeps one line of it.
			f.value = append(append(bytes.Clone(h.ContentEncoding()), ", "...), f.value...)
		}
		h.AddBytesKV(f.name, f.value)
	}
}

// bodyless reports whether no body follows, whatever the head declares.
func (a *answer) bodyless(head bool) bool {
	return head || a.status == fasthttp.StatusNoContent || a.status == fasthttp.StatusNotModified
}
