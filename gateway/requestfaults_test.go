package gateway

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// requestFault is what a client sends, and the statuses that it gets: 200 for
// what the upstream has answered, and probe for the request behind it. A
// refusal ends the connection, and the probe is not answered.
type requestFault struct{ name, raw, want string }

// requestFaults are cases of one kind. With ends the client sends nothing
// behind them, not the probe either.
type requestFaults struct {
	class string
	ends  bool
	cases []requestFault
}

// probe goes behind every case in the same write. A server that reads less or
// more of the case than was meant does not read it as what it is.
const probe = "GET /probe HTTP/1.1\r\nHost: h.test\r\nConnection: close\r\n\r\n"

// proxyTo is a configuration with one upstream for everything.
func proxyTo(rec *recorder, more string) string {
	return fmt.Sprintf(`
[limits]
body_bytes = "256KiB"

[backends.upstream]
members = [{ url = "http://%s" }]
%s

[[routes]]
match   = "/"
backend = "upstream"
`, rec.listener.Addr(), more)
}

// The upstream sees as many requests as the client has sent, and those that it
// has sent, whatever the bytes are. What is malformed is refused, and nothing
// behind it is served.
func TestRequestFaults(t *testing.T) {
	for _, class := range allRequestFaults() {
		t.Run(class.class, func(t *testing.T) {
			for _, c := range class.cases {
				t.Run(c.name, func(t *testing.T) { c.play(t, class.ends) })
			}
		})
	}
}

func (c requestFault) play(t *testing.T, ends bool) {
	rec := startRecorder(t, echoRequest)
	ts := startText(t, proxyTo(rec, ""))
	raw := c.raw
	if !ends {
		raw += probe
	}
	got, answered := converse(ts.dial(), raw, ends)
	if got != c.want {
		t.Errorf("got %q, want %q, for %.300q", got, c.want, c.raw)
	}
	if err := ts.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	rec.wait()
	served := strings.Count(c.want, "200") + strings.Count(c.want, "probe")
	requests, err := readStreams(rec.take(), served < len(strings.Fields(c.want)) || ends)
	if err != nil {
		t.Fatal(err)
	}
	if len(requests) != served {
		t.Errorf("got %d requests at the upstream, want %d: %q", len(requests), served, requests)
	}
	if !strings.Contains(c.raw, "HEAD") && !slices.Equal(answered, requests) {
		t.Errorf("got the answers to %q, want those to %q", answered, requests)
	}
}

// converse sends bytes, reads answers to their end, and returns what they were
// and the bodies of those that are the upstream's.
func converse(c *client, raw string, ends bool) (statuses string, bodies []string) {
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(c, raw)
		if err == nil && ends {
			err = c.Conn.(*net.TCPConn).CloseWrite()
		}
		sent <- err
	}()
	defer func() { <-sent }() // it fails where the gateway has ended the connection early
	defer c.Close()
	method, _, _ := strings.Cut(raw, " ")
	var all []string
	for {
		if _, err := c.in.Peek(1); err != nil {
			if err != io.EOF {
				all = append(all, faultName(err))
			}
			return strings.Join(all, " "), bodies
		}
		got, err := c.tryReceive(method)
		if err != nil {
			return strings.Join(append(all, faultName(err)), " "), bodies
		}
		method = http.MethodGet
		word := fmt.Sprint(got.StatusCode)
		if got.StatusCode == http.StatusOK {
			bodies = append(bodies, got.body)
			if got.body == "GET /probe " {
				word = "probe"
			}
		}
		all = append(all, word)
	}
}

func faultName(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "cut"
	}
	return err.Error()
}

// What a client says about its connection to the gateway is for the gateway,
// and what it says about where it comes from is not believed.
func TestUpstreamHeaderIsOurs(t *testing.T) {
	f := func(lines, want, without string) {
		t.Helper()
		rec := startRecorder(t, echoRequest)
		ts := startText(t, proxyTo(rec, ""))
		raw := "POST / HTTP/1.1\r\nHost: h.test\r\nContent-Length: 2\r\n" + lines + "\r\nok" + probe
		if got, _ := converse(ts.dial(), raw, false); got != "200 probe" {
			t.Errorf("%q: got %s, want 200 probe", lines, got)
		}
		first, _, _ := strings.Cut(string(slices.Concat(rec.take()...)), "\r\n\r\n")
		head := strings.ToLower(first) + "\r\n"
		for line := range strings.SplitSeq(want, "|") {
			if strings.Count(head, "\r\n"+line+"\r\n") != 1 {
				t.Errorf("%q: got %q, want %q once in it", lines, head, line)
			}
		}
		for text := range strings.SplitSeq(without, "|") {
			if text != "" && strings.Contains(head, text) {
				t.Errorf("%q: got %q, want no %q in it", lines, head, text)
			}
		}
	}
	const framed = "host: h.test|content-length: 2"
	f("", framed+"|x-forwarded-for: 127.0.0.1|x-real-ip: 127.0.0.1|x-forwarded-proto: http|x-forwarded-host: h.test", "")
	f("Connection: Content-Length\r\n", framed, "connection: content-length")
	f("Connection: Host, Content-Length, Keep-Alive\r\n", framed, "connection: host")
	f("Connection: X-Forwarded-For, X-Real-IP\r\n", framed+"|x-forwarded-for: 127.0.0.1|x-real-ip: 127.0.0.1", "connection: x-")
	f("Connection: X-Secret\r\nX-Secret: 1\r\nx-secret: 2\r\n", framed, "x-secret")
	f("Connection: keep-alive\r\nConnection: X-Secret\r\nX-Secret: 1\r\n", framed, "x-secret")
	f("Keep-Alive: timeout=1\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nConnection: TE\r\n", framed, "timeout=1|proxy-connection|te: trailers")
	f("X-Forwarded-For: 192.0.2.1\r\nX-Real-IP: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nForwarded: for=192.0.2.1\r\n",
		framed+"|x-forwarded-for: 127.0.0.1|x-forwarded-proto: http", "192.0.2.1|https")
	f("X_Forwarded_For: 192.0.2.1\r\nX_Real_IP: 192.0.2.1\r\nContent_Length: 9\r\n", framed, "192.0.2.1|content_length")
	f("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nConnection: Upgrade, HTTP2-Settings\r\n", framed, "h2c|http2-settings")
	f("Trailer: X-Secret\r\n", framed, "trailer: x")
}

// However its bytes are changed, a client has the upstream see no more requests
// than the RFC lets anybody read in them, and the upstream is sent nothing that
// can be read in two senses.
func FuzzProxiedRequest(f *testing.F) {
	for _, class := range allRequestFaults() {
		for _, c := range class.cases {
			if len(c.raw) < 4<<10 {
				f.Add([]byte(c.raw + probe))
			}
		}
	}
	rec := startRecorder(f, echoAndClose)
	ts := startText(f, proxyTo(rec, ""))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 64<<10 {
			return
		}
		c := dial(t, ts.Addrs()[0])
		_, _ = converse(c, string(raw), true)
		if err := rec.settle(); err != nil {
			t.Fatal(err)
		}
		want, _ := tolerantRequests(raw)
		got, err := readStreams(rec.take(), true)
		if err != nil {
			t.Fatalf("%v; the client sent %q", err, raw)
		}
		if len(got) > len(want) {
			t.Fatalf("got %q at the upstream, want no more than %q, for %q", got, want, raw)
		}
	})
}
