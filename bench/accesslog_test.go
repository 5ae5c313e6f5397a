package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const logLine = `127.0.0.1 - user0001 [04/Mar/2026:05:06:07 +0000] "GET /getuser HTTP/1.1" %d 13 "-" "-"` + "\n"

// openLog returns a log in a folder of the test, and a function that writes to
// it as a gateway does.
func openLog(t *testing.T) (*accessLog, func(string)) {
	t.Helper()
	log, err := newAccessLog(filepath.Join(t.TempDir(), "access.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(log.Close)
	w, err := log.writer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return log, func(text string) {
		t.Helper()
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCombinedStatus(t *testing.T) {
	f := func(line string, want int) {
		t.Helper()
		got, ok := combinedStatus([]byte(line))
		if got != want || ok != (want != 0) {
			t.Errorf("%q: got %d, %t, want %d", line, got, ok, want)
		}
	}
	f(fmt.Sprintf(strings.TrimSpace(logLine), 200), 200)
	f(`::1 - - [04/Mar/2026:05:06:07 +0000] "GET /a\x22b HTTP/1.1" 404 0 "-" "-" more`, 404)
	f(`::1 - - [04/Mar/2026:05:06:07 +0000] "" 400 0`, 400)
	f(`::1 - - [04/Mar/2026:05:06:07 +0000] "GET / HTTP/1.1" abc 0`, 0)
	f(`::1 - - [04/Mar/2026:05:06:07 +0000] "GET / HTTP/1.1" 20 0`, 0)
	f(`::1 - - [04/Mar/2026:05:06:07 +0000] "GET / HTTP/1.1`, 0)
	f("serving on http://127.0.0.1:8080", 0)
	f("", 0)
}

func TestAccessLogCountsLinesAcrossWrites(t *testing.T) {
	log, write := openLog(t)
	write("serving on 127.0.0.1\n" + fmt.Sprintf(logLine, 200) + fmt.Sprintf(logLine, 503)[:40])
	counts := make(statuses)
	if err := log.read(counts); err != nil {
		t.Fatal(err)
	}
	if counts[200] != 1 || counts.total() != 1 {
		t.Errorf("got %v, want one 200", counts)
	}
	write(fmt.Sprintf(logLine, 503)[40:])
	counts, err := log.collect(t.Context(), 1)
	if err != nil || counts[503] != 1 || counts.total() != 1 {
		t.Errorf("got %v and error %v, want one 503", counts, err)
	}
}

func TestAccessLogIsEmptiedWhenCollected(t *testing.T) {
	log, write := openLog(t)
	for range 3 {
		write(fmt.Sprintf(logLine, 200))
		counts, err := log.collect(t.Context(), 1)
		if err != nil || counts.total() != 1 {
			t.Fatalf("got %v and error %v, want one line", counts, err)
		}
		if info, err := os.Stat(log.file.Name()); err != nil || info.Size() != 0 {
			t.Fatalf("got size %d, error %v, want an empty file", info.Size(), err)
		}
	}
}

func TestAccessLogKeepsAnUnfinishedLine(t *testing.T) {
	log, write := openLog(t)
	write(fmt.Sprintf(logLine, 200) + fmt.Sprintf(logLine, 401)[:10])
	if _, err := log.collect(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	write(fmt.Sprintf(logLine, 401)[10:])
	counts, err := log.collect(t.Context(), 1)
	if err != nil || counts[401] != 1 {
		t.Errorf("got %v and error %v, want one 401", counts, err)
	}
}

func TestAccessLogMissesLines(t *testing.T) {
	log, write := openLog(t)
	log.patience = 10 * time.Millisecond
	write(fmt.Sprintf(logLine, 200))
	fault, err := logFault(t.Context(), &peer{log: log}, 2, 64)
	if err != nil || !strings.Contains(fault, "1 lines for 2 requests") {
		t.Errorf("got fault %q, error %v, want the missing line named", fault, err)
	}
}

// Lines that a peer says it has dropped are not missed, those of this round.
func TestAccessLogOfOneWhoDropsLines(t *testing.T) {
	log, write := openLog(t)
	log.patience = 10 * time.Millisecond
	var dropped int64
	p := &peer{log: log, kind: kind{dropped: func(context.Context, *peer) (int64, error) { return dropped, nil }}}
	f := func(lines, requests int, all int64, want string) {
		t.Helper()
		dropped = all
		write(strings.Repeat(fmt.Sprintf(logLine, 200), lines))
		fault, err := logFault(t.Context(), p, int64(requests), 64)
		if err != nil || fault != want {
			t.Errorf("got fault %q, error %v; want %q", fault, err, want)
		}
	}
	f(28, 30, 2, "")
	f(27, 30, 5, "")
	f(29, 30, 5, "access log is short: 29 lines for 30 requests")
	f(26, 30, 9, "the access log lacks 4 lines of 30")
}

func TestAccessLogStopsWaitingWithItsContext(t *testing.T) {
	log, _ := openLog(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := log.collect(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v from collect, want the context's", err)
	}
	if err := log.drain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v from drain, want the context's", err)
	}
}

func TestStatusesFault(t *testing.T) {
	f := func(s statuses, want string) {
		t.Helper()
		if got := s.fault(2, statusLeft); got != want {
			t.Errorf("%v: got %q, want %q", s, got, want)
		}
	}
	f(statuses{200: 5, 204: 1}, "")
	f(statuses{200: 5, 499: 2}, "")
	f(statuses{200: 5, 499: 3}, "3 × status 499")
	if got, want := (statuses{200: 5, 400: 2}).fault(2, 400)+(statuses{400: 2}).fault(2, statusLeft), "2 × status 400"; got != want {
		t.Errorf("got %q, want %q of those that log no 400 for clients that left", got, want)
	}
	f(statuses{200: 5, 503: 1, 302: 2}, "2 × status 302, 1 × status 503")
}
