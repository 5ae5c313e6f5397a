package gateway

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

func TestAccessLogLine(t *testing.T) {
	ts := startServer(t, testLimits(), newTestRoute(t, "/", say("hello")))
	ts.do("GET /a?b=c HTTP/1.1\r\nHost: h.test\r\nReferer: http://r.test/\r\nUser-Agent: Mozilla/5.0 (X11)\r\n\r\n")
	ts.do("HEAD / HTTP/1.0\r\n\r\n")
	ts.do("GET /\"\\\xff HTTP/1.1\r\nHost: h.test\r\nUser-Agent: \"\\\xe9\r\n\r\n")
	ts.do("GET / HTTP/1.1\r\nHost: h.test\r\nX Y: z\r\n\r\n")
	ts.do("broken\r\n\r\n")
	const head = `^127\.0\.0\.1 - - \[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] `
	want := []string{
		`"GET /a\?b=c HTTP/1\.1" 200 5 "http://r\.test/" "Mozilla/5\.0 \(X11\)"$`,
		`"HEAD / HTTP/1\.0" 200 0 "-" "-"$`,
		`"GET /\\x22\\x5C\\xFF HTTP/1\.1" 200 5 "-" "\\x22\\x5C\\xE9"$`,
		`"GET / HTTP/1\.1" 400 \d\d+ "-" "-"$`,
		`"-" 400 \d\d+ "-" "-"$`,
	}
	lines := strings.Split(strings.TrimSuffix(ts.flushed(), "\n"), "\n")
	if len(lines) != len(want) {
		t.Fatalf("got %d lines, want %d: %q", len(lines), len(want), lines)
	}
	for i, line := range lines {
		if !regexp.MustCompile(head + want[i]).MatchString(line) {
			t.Errorf("got %s, want %s%s", line, head, want[i])
		}
	}
}

func newTestAccessLog(out io.Writer) (*accessLog, *safeBuffer) {
	var log safeBuffer
	return &accessLog{out: out, log: slog.New(slog.NewTextHandler(&log, nil))}, &log
}

// addLine adds the line of an empty request.
func addLine(a *accessLog) {
	a.add(&fasthttp.RequestCtx{}, &scope{start: time.Now(), client: &conn{ip: []byte("192.0.2.1")}}, true)
}

func TestAccessLogIsCompleteAfterClose(t *testing.T) {
	var out safeBuffer
	a, _ := newTestAccessLog(&out)
	a.start()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 2000 {
				addLine(a)
			}
		})
	}
	group.Wait()
	a.close()
	a.close()
	if got := strings.Count(out.String(), "\n"); got != 16000 {
		t.Errorf("got %d lines, want 16000", got)
	}
	addLine(a)
	a.start()
	if got := strings.Count(out.String(), "\n"); got != 16000 {
		t.Errorf("got %d lines after close, want no more", got)
	}
}

func TestAccessLogIsWrittenWithinASecond(t *testing.T) {
	r, w := net.Pipe()
	a, _ := newTestAccessLog(w)
	a.start()
	addLine(a)
	_ = r.SetReadDeadline(time.Now().Add(5 * time.Second))
	buf := make([]byte, 100)
	if n, err := r.Read(buf); err != nil || !strings.HasPrefix(string(buf[:n]), "192.0.2.1 ") {
		t.Errorf("got %q %v, want the line", buf[:n], err)
	}
	a.close()
}

// stuck is a reader that takes nothing until it is released.
type stuck struct{ release chan struct{} }

func (s stuck) Write(p []byte) (int, error) {
	<-s.release
	return len(p), nil
}

// A reader that is stuck costs lines, not memory, and not a request's time.
func TestAccessLogDropsWhenReaderIsStuck(t *testing.T) {
	out := stuck{make(chan struct{})}
	a, log := newTestAccessLog(out)
	a.start()
	size := len("192.0.2.1 - - [22/Nov/2026:22:16:00 +0000] \"GET / HTTP/1.1\" 200 0 \"-\" \"-\"\n")
	for range 3 * accessLogBound / size {
		addLine(a)
	}
	a.mu.Lock()
	held, dropped := len(a.lines), a.dropped
	a.mu.Unlock()
	if held > accessLogBound+1000 || dropped == 0 {
		t.Errorf("got %d bytes held and %d lines dropped, want at most %d bytes", held, dropped, accessLogBound)
	}
	close(out.release)
	a.close()
	if got := a.lost.Load(); got != uint64(dropped) {
		t.Errorf("got %d lines counted as lost, want %d", got, dropped)
	}
	if want := fmt.Sprintf("lines=%d", dropped); !strings.Contains(log.String(), want) {
		t.Errorf("got the log %s, want %s", log.String(), want)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("pipe is gone") }

func TestAccessLogReportsABrokenReaderOnce(t *testing.T) {
	a, log := newTestAccessLog(broken{})
	a.start()
	for range 3 {
		addLine(a)
		select {
		case a.full <- struct{}{}:
		case <-time.After(5 * time.Second):
			t.Fatal("the writer is gone")
		}
	}
	a.close()
	if got := strings.Count(log.String(), "pipe is gone"); got != 1 {
		t.Errorf("got %d reports, want 1: %s", got, log.String())
	}
	if got := a.lost.Load(); got != 3 {
		t.Errorf("got %d lines counted as lost, want 3", got)
	}
}

func TestAccessLogAddDoesNotAllocate(t *testing.T) {
	a, _ := newTestAccessLog(io.Discard)
	a.lines = make([]byte, 0, 1<<20)
	var rc fasthttp.RequestCtx
	rc.Request.SetRequestURI("/getuser")
	rc.Request.Header.SetUserAgent("curl")
	s := &scope{start: time.Now(), client: &conn{ip: []byte("192.0.2.1")}}
	a.add(&rc, s, true)
	if got := testing.AllocsPerRun(1000, func() { a.add(&rc, s, true) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}
