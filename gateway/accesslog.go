package gateway

import (
	"bytes"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// accessLog writes one line a request in nginx's combined format. A request
// only appends to a buffer; a goroutine writes it out, at least once a second.
// A reader that is too slow to keep up costs lines, which are counted, never
// a request's time.
//
// start starts the goroutine; close ends it and writes what is there. With a
// nil out every line is dropped.
type accessLog struct {
	out io.Writer
	log *slog.Logger

	mu      sync.Mutex
	lines   []byte // not yet taken by the writer
	dropped int    // lines, since the last report
	second  int64  // that stamp stands for
	stamp   []byte
	closed  bool
	full    chan struct{} // says that lines are worth a write; nil before start
	stop    chan struct{}
	ended   chan struct{}

	failed bool // the last write did; for the writing goroutine alone

	lost atomic.Uint64 // lines since the start, for want of a reader or a file that takes them
}

const (
	accessLogChunk = 32 << 10 // bytes that are written without waiting for the second to end
	accessLogBound = 4 << 20  // bytes that may wait for a slow reader

	// accessLogPatience is how long the end waits for a reader.
	accessLogPatience = 2 * time.Second
)

// start starts the goroutine that writes. It does nothing the second time, or
// after close.
func (a *accessLog) start() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.out == nil || a.closed || a.stop != nil {
		return
	}
	a.full, a.stop, a.ended = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	go a.run()
}

// add appends the line of a request that has its response. Of a request whose
// header could not be parsed, nothing but the answer is known.
func (a *accessLog) add(rc *fasthttp.RequestCtx, s *scope, parsed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || a.out == nil {
		return
	}
	if len(a.lines) >= accessLogBound {
		a.dropped++
		a.lost.Add(1)
		return
	}
	if second := s.start.Unix(); second != a.second || a.stamp == nil {
		a.second = second
		a.stamp = s.start.AppendFormat(a.stamp[:0], " [02/Jan/2006:15:04:05 -0700] \"")
	}
	before := len(a.lines)
	a.lines = appendLine(a.lines, rc, s, a.stamp, parsed)
	if before < accessLogChunk && len(a.lines) >= accessLogChunk {
		select {
		case a.full <- struct{}{}:
		default:
		}
	}
}

// appendLine appends $remote_addr - $remote_user [$time_local] "$request"
// $status $body_bytes_sent "$http_referer" "$http_user_agent".
func appendLine(dst []byte, rc *fasthttp.RequestCtx, s *scope, stamp []byte, parsed bool) []byte {
	header := &rc.Request.Header
	dst = append(dst, s.address()...)
	dst = append(dst, " - "...)
	dst = appendField(dst, s.user)
	dst = append(dst, stamp...)
	if parsed {
		dst = appendLogEscaped(dst, header.Method())
		dst = append(dst, ' ')
		dst = appendLogEscaped(dst, s.target(header))
		dst = append(dst, ' ')
		dst = appendLogEscaped(dst, header.Protocol())
	} else {
		dst = append(dst, '-')
	}
	dst = append(dst, `" `...)
	dst = strconv.AppendInt(dst, int64(s.status), 10)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, s.sent, 10)
	dst = append(dst, ` "`...)
	dst = appendField(dst, header.Peek(fasthttp.HeaderReferer))
	dst = append(dst, `" "`...)
	dst = appendField(dst, header.UserAgent())
	return append(dst, "\"\n"...)
}

// bodyBytes returns how long the response's body is: 0 for HEAD, and for a
// stream the length that it was declared with.
func bodyBytes(rc *fasthttp.RequestCtx) int {
	switch {
	case rc.IsHead():
		return 0
	case rc.Response.IsBodyStream():
		return max(0, rc.Response.Header.ContentLength())
	}
	return len(rc.Response.Body())
}

// appendField appends a value, or nginx's dash for none.
func appendField(dst, value []byte) []byte {
	if len(value) == 0 {
		return append(dst, '-')
	}
	return appendLogEscaped(dst, value)
}

// appendLogEscaped escapes as nginx does in its logs: quotes, backslashes,
// control bytes and all from 0x7f become \xXX.
func appendLogEscaped(dst, value []byte) []byte {
	const digits = "0123456789ABCDEF"
	plain := 0 // where the bytes begin that are not copied yet
	for i, c := range value {
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			dst = append(dst, value[plain:i]...)
			dst = append(dst, '\\', 'x', digits[c>>4], digits[c&15])
			plain = i + 1
		}
	}
	return append(dst, value[plain:]...)
}

// run writes until Close.
func (a *accessLog) run() {
	defer close(a.ended)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var spare []byte
	for {
		stopping := false
		select {
		case <-a.full:
		case <-tick.C:
		case <-a.stop:
			stopping = true
		}
		spare = a.write(spare)
		if stopping {
			return
		}
	}
}

// write takes what has been added, leaves spare in its place, and writes it
// out. It returns the buffer for the next time.
func (a *accessLog) write(spare []byte) []byte {
	a.mu.Lock()
	lines, dropped := a.lines, a.dropped
	a.lines, a.dropped = spare[:0], 0
	a.mu.Unlock()
	if dropped > 0 {
		a.log.Error("access log lines dropped: its reader is too slow", "lines", dropped)
	}
	if len(lines) == 0 {
		return lines
	}
	n, err := a.out.Write(lines)
	a.lost.Add(uint64(bytes.Count(lines[n:], []byte{'\n'})))
	if err != nil && !a.failed {
		a.log.Error("access log cannot be written", "error", err)
	}
	a.failed = err != nil
	if cap(lines) > 4*accessLogChunk {
		return nil // a flood's buffer is not kept
	}
	return lines
}

// close writes what was added before, and ends the goroutine. It waits for
// out, but not for one that is stuck. Lines added later are dropped.
func (a *accessLog) close() {
	a.mu.Lock()
	first, stop := !a.closed, a.stop
	a.closed = true
	a.mu.Unlock()
	if stop == nil {
		return
	}
	if first {
		close(stop)
	}
	select {
	case <-a.ended:
	case <-time.After(accessLogPatience):
		a.log.Error("access log given up: its reader is stuck")
	}
}
