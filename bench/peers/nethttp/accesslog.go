package main

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// The log is written when logBuffer bytes have gathered, and at least once in
// logInterval.
const (
	logBuffer   = 64 << 10
	logInterval = time.Second
)

// accessLog writes one line a request in the combined format. Lines are
// gathered and written whole; Close writes what is left. It is safe for
// concurrent use.
type accessLog struct {
	out  io.Writer
	stop chan struct{}
	done chan struct{}

	mu    sync.Mutex
	lines []byte
}

func newAccessLog(out io.Writer) *accessLog {
	l := &accessLog{
		out:   out,
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
		lines: make([]byte, 0, 2*logBuffer),
	}
	go l.flushRegularly()
	return l
}

// Close writes what is left and waits for the flusher to end. Nothing may be
// added any more.
func (l *accessLog) Close() {
	close(l.stop)
	<-l.done
	l.flush()
}

func (l *accessLog) flushRegularly() {
	defer close(l.done)
	tick := time.NewTicker(logInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.flush()
		case <-l.stop:
			return
		}
	}
}

func (l *accessLog) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flushLocked()
}

func (l *accessLog) flushLocked() {
	if len(l.lines) == 0 {
		return
	}
	_, _ = l.out.Write(l.lines) // nobody could be told
	l.lines = l.lines[:0]
}

// add notes one request, who asked, and the answer's status and size in bytes.
func (l *accessLog) add(r *http.Request, user string, status, size int) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = appendCombined(l.lines, now, r, user, status, size)
	if len(l.lines) >= logBuffer {
		l.flushLocked()
	}
}

func appendCombined(b []byte, now time.Time, r *http.Request, user string, status, size int) []byte {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	b = append(b, host...)
	b = append(b, " - "...)
	b = appendEscaped(b, user)
	b = append(b, " ["...)
	b = now.AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, `] "`...)
	b = appendEscaped(b, r.Method)
	b = append(b, ' ')
	b = appendEscaped(b, r.RequestURI)
	b = append(b, ' ')
	b = append(b, r.Proto...)
	b = append(b, `" `...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(size), 10)
	b = append(b, ` "`...)
	b = appendEscaped(b, r.Referer())
	b = append(b, `" "`...)
	b = appendEscaped(b, r.UserAgent())
	return append(b, "\"\n"...)
}

// appendEscaped appends s, or "-" for an empty one, with the bytes that could
// end a field or a line as \xHH, as nginx writes them.
func appendEscaped(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	if s == "" {
		return append(b, '-')
	}
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			b = append(b, '\\', 'x', hex[c>>4], hex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}
