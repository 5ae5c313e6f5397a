package memcached

import (
	"bytes"
	"errors"
	"strconv"
)

// What a server must not answer.
var (
	errLongLine  = errors.New("the server's line does not end")
	errLineEnd   = errors.New("the server's line does not end in CR LF")
	errBadSize   = errors.New("the server's value has no size that could be")
	errSurplus   = errors.New("the server has answered more than was asked")
	valuePrefix  = []byte("VALUE ")
	lineEnd      = []byte("\r\n")
	maxReplyLine = 512
)

// watch follows what a server answers to one request: a line, or a value, once,
// and then END. gomemcache makes room for whatever size it is told, and leaves
// what stands behind an answer for the next question; neither gets past here.
type watch struct {
	line   []byte // as far as it has come; at the end of the answer its last one
	key    []byte // of the value, if there is one
	left   int    // bytes of the value to come, with its line end
	values int
	done   bool
	fault  error
}

func (w *watch) reset() { *w = watch{line: w.line[:0], key: w.key[:0]} }

// complete reports whether the answer has come to its end.
func (w *watch) complete() bool { return w.done && w.fault == nil }

// see takes the next bytes, which all belong to the answer. The fault that it
// returns lasts.
func (w *watch) see(p []byte) error {
	for len(p) > 0 && w.fault == nil {
		if w.done {
			w.fault = errSurplus
			break
		}
		n, _, _ := w.take(p)
		p = p[n:]
	}
	return w.fault
}

// take takes the next bytes, up to the end of a value or of the answer, and
// returns how many these are. whole says that it has come to such an end. The
// fault that it returns lasts.
func (w *watch) take(p []byte) (n int, whole bool, err error) {
	rest := p
	for len(rest) > 0 && w.fault == nil && !whole {
		if w.left > 0 {
			n := min(w.left, len(rest))
			w.left -= n
			rest, whole = rest[n:], w.left == 0
			continue
		}
		rest = w.seeLine(rest)
		whole = w.done
	}
	return len(p) - len(rest), whole, w.fault
}

// seeLine takes the bytes of a line and returns those behind it.
func (w *watch) seeLine(p []byte) []byte {
	end := bytes.IndexByte(p, '\n') + 1
	part := p
	if end > 0 {
		part = p[:end]
	}
	if len(w.line)+len(part) > maxReplyLine {
		w.fault = errLongLine
		return nil
	}
	w.line = append(w.line, part...)
	if end > 0 {
		w.endLine()
		if !w.done {
			w.line = w.line[:0]
		}
	}
	return p[len(part):]
}

func (w *watch) endLine() {
	switch {
	case !bytes.HasSuffix(w.line, lineEnd):
		w.fault = errLineEnd
	case !bytes.HasPrefix(w.line, valuePrefix):
		w.done = true
	case w.values > 0:
		w.fault = errSurplus
	default:
		w.values++
		key, _, _ := bytes.Cut(w.line[len(valuePrefix):], []byte(" "))
		w.key = append(w.key, key...)
		w.left, w.fault = valueSize(w.line)
	}
}

// valueSize reads the size in VALUE key flags size [version], and adds the
// line end behind the value.
func valueSize(line []byte) (int, error) {
	rest := line[len(valuePrefix) : len(line)-len(lineEnd)]
	for range 2 {
		_, after, found := bytes.Cut(rest, []byte(" "))
		if !found {
			return 0, errBadSize
		}
		rest = after
	}
	digits, _, _ := bytes.Cut(rest, []byte(" "))
	if len(digits) > len("1048576") {
		return 0, errBadSize
	}
	n, err := strconv.ParseUint(string(digits), 10, 32)
	if err != nil || n > 1<<20 {
		return 0, errBadSize
	}
	return int(n) + len(lineEnd), nil
}
