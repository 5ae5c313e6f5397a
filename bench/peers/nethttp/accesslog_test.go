package main

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func Example_appendCombined() {
	r := httptest.NewRequest("GET", "/getuser?a=1", nil)
	r.RemoteAddr = "192.0.2.7:1234"
	r.Header.Set("User-Agent", "a\"b\\c\n")
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	fmt.Printf("%s", appendCombined(nil, at, r, "bob", 200, 13))
	// Output:
	// 192.0.2.7 - bob [04/Mar/2026:05:06:07 +0000] "GET /getuser?a=1 HTTP/1.1" 200 13 "-" "a\x22b\x5Cc\x0A"
}

func TestAccessLogWritesWholeLines(t *testing.T) {
	var writes countingWriter
	log := newAccessLog(&writes)
	r := httptest.NewRequest("GET", "/getuser", nil)
	const requests = 2000
	for range requests {
		log.add(r, "bob", 200, 13)
	}
	log.Close()
	if got := bytes.Count(writes.all.Bytes(), []byte("\n")); got != requests {
		t.Errorf("got %d lines, want %d", got, requests)
	}
	if writes.torn > 0 {
		t.Errorf("got %d writes that end within a line, want none", writes.torn)
	}
	if writes.calls >= requests/10 {
		t.Errorf("got %d writes for %d lines, want them gathered", writes.calls, requests)
	}
}

// countingWriter notes how often it is written to, and whether a write ended
// within a line.
type countingWriter struct {
	all         bytes.Buffer
	calls, torn int
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.calls++
	if !bytes.HasSuffix(p, []byte("\n")) {
		w.torn++
	}
	return w.all.Write(p)
}
