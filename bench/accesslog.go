package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

var errLinesMissing = errors.New("access log is short")

// A gateway may hold lines back for a while before it writes them: so long
// until they are missed, so long between two looks, and so long without a new
// line until the log counts as quiet.
const (
	logPatience = 4 * time.Second
	logLook     = 50 * time.Millisecond
	logQuiet    = 1500 * time.Millisecond
)

// accessLog is the file that a gateway's standard output goes to: one line a
// request, in the combined format. It is what proves that every request was
// logged and answered with 2xx. Not safe for concurrent use.
type accessLog struct {
	file     *os.File      // for reading; the gateway has an offset of its own
	patience time.Duration // how long lines may be missing
	partial  []byte        // a line whose end has not been read yet
}

// statuses counts answers by status.
type statuses map[int]int64

func newAccessLog(path string) (*accessLog, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open access log: %w", err)
	}
	return &accessLog{file: file, patience: logPatience}, nil
}

// writer opens the file for the gateway to write to. It appends, so that it
// goes on at the new end after the file has been emptied. The caller closes it.
func (l *accessLog) writer() (*os.File, error) {
	file, err := os.OpenFile(l.file.Name(), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, fmt.Errorf("open access log: %w", err)
	}
	return file, nil
}

// Close closes the file.
func (l *accessLog) Close() { _ = l.file.Close() }

// collect reads new lines until there are at least as many requests among
// them, counts them by status, and empties the file. When they do not come,
// the error is errLinesMissing.
func (l *accessLog) collect(ctx context.Context, atLeast int64) (statuses, error) {
	counts := make(statuses)
	for deadline := time.Now().Add(l.patience); ; {
		if err := l.read(counts); err != nil {
			return counts, err
		}
		total := counts.total()
		if total >= atLeast {
			return counts, l.truncate()
		}
		if time.Now().After(deadline) {
			return counts, fmt.Errorf("%w: %d lines for %d requests", errLinesMissing, total, atLeast)
		}
		if err := pause(ctx, logLook); err != nil {
			return counts, err
		}
	}
}

// drain reads and forgets lines until no more come.
func (l *accessLog) drain(ctx context.Context) error {
	counts := make(statuses)
	for last, since := int64(0), time.Now(); time.Since(since) < logQuiet; {
		if err := l.read(counts); err != nil {
			return err
		}
		if total := counts.total(); total > last {
			last, since = total, time.Now()
		}
		if err := pause(ctx, logLook); err != nil {
			return err
		}
	}
	return l.truncate()
}

// read counts the lines that have come since the last read. Lines that are no
// access-log lines do not count.
func (l *accessLog) read(counts statuses) error {
	chunk := make([]byte, 256<<10)
	for {
		n, err := l.file.Read(chunk)
		l.partial = append(l.partial, chunk[:n]...)
		rest := l.partial
		for {
			line, after, whole := bytes.Cut(rest, []byte("\n"))
			if !whole {
				break
			}
			if status, ok := combinedStatus(line); ok {
				counts[status]++
			}
			rest = after
		}
		l.partial = append(l.partial[:0], rest...)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read access log: %w", err)
		}
	}
}

// truncate empties the file, unless its last line is not finished.
func (l *accessLog) truncate() error {
	if len(l.partial) > 0 {
		return nil
	}
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("empty access log: %w", err)
	}
	if _, err := l.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("empty access log: %w", err)
	}
	return nil
}

// combinedStatus returns the status in a line of the combined format, which
// follows the quoted request line. Quotes within that are escaped as \x22.
func combinedStatus(line []byte) (status int, ok bool) {
	_, rest, ok := bytes.Cut(line, []byte(`] "`))
	if !ok {
		return 0, false
	}
	_, rest, ok = bytes.Cut(rest, []byte(`" `))
	if !ok {
		return 0, false
	}
	field, _, _ := bytes.Cut(rest, []byte(" "))
	n, err := strconv.ParseUint(string(field), 10, 16)
	if err != nil || len(field) != 3 {
		return 0, false
	}
	return int(n), true
}

func (s statuses) total() int64 {
	var n int64
	for _, count := range s {
		n += count
	}
	return n
}

// statusLeft is how a request is logged whose client has left.
const statusLeft = 499

// fault names the statuses that are not 2xx, or is "". Up to leaving requests
// may have status left: those under way when the clients left.
func (s statuses) fault(leaving int64, left int) string {
	var b bytes.Buffer
	for status := range 1000 {
		n := s[status]
		if n == 0 || status/100 == 2 || status == left && n <= leaving {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d × status %d", n, status)
	}
	return b.String()
}

// pause waits for d, or less when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
