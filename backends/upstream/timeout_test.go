package upstream

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestTimeouts gives where the server falls silent, and which time that is
// measured by: it has passed, by an eighth and a second at most.
func TestTimeouts(t *testing.T) {
	f := func(name, request, answer string, want error, timeout time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			cfg := testConfig("nowhere")
			cfg.SendTimeout, cfg.FirstByteTimeout, cfg.ReadTimeout = 2*time.Second, 40*time.Second, 4*time.Second
			c := New(cfg)
			far := pipe(c)
			if want != ErrSendTimeout {
				go func() {
					for r := bufio.NewReader(far); ; {
						if line, err := r.ReadString('\n'); err != nil || line == "\r\n" {
							break
						}
					}
					go io.Copy(io.Discard, far)
					io.WriteString(far, answer)
				}()
			}
			start := time.Now()
			call := newCall(t, request)
			_, err := call.to(c)
			if err == nil {
				_, err = call.written()
			}
			var failure *Error
			if !errors.As(err, &failure) || !failure.Timeout || failure.Stale || !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", name, err, want)
			}
			if took := time.Since(start); took < timeout || took > timeout+min(timeout/8, time.Second) {
				t.Errorf("%s: took %v, want %v", name, took, timeout)
			}
			far.Close()
			c.Close()
		})
	}
	post := "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20000\r\n\r\n" + strings.Repeat("x", 20000)
	f("send", post, "", ErrSendTimeout, 2*time.Second)
	f("first byte", get, "", ErrFirstByteTimeout, 40*time.Second)
	f("first byte of a post", post, "", ErrFirstByteTimeout, 40*time.Second)
	f("head", get, "HTTP/1.1 200 OK\r\n", ErrReadTimeout, 4*time.Second)
	f("small body", get, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", ErrReadTimeout, 4*time.Second)
	f("stream", get, "HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\nx", ErrReadTimeout, 4*time.Second)
	f("chunks", get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ErrReadTimeout, 4*time.Second)
	f("trailer", get, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", ErrReadTimeout, 4*time.Second)
}

// What moves lives, however long it takes in all.
func TestSlowIsNotSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig("nowhere")
		cfg.ReadTimeout = 4 * time.Second
		c := New(cfg)
		far := pipe(c)
		go func() {
			go io.Copy(io.Discard, far)
			for _, b := range []byte("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome text") {
				time.Sleep(3 * time.Second)
				far.Write([]byte{b})
			}
		}()
		call := newCall(t, get)
		if _, err := call.to(c); err != nil {
			t.Error(err)
		}
		if got := string(call.rc.Response.Body()); got != "some text" {
			t.Errorf("got %q", got)
		}
		c.Close()
		far.Close()
	})
}
