package probe

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestAnswer(t *testing.T) {
	// f judges what a member sends, in one piece and byte by byte; want is part
	// of the error, or empty for a healthy member.
	f := func(cfg Config, sent, want string) {
		t.Helper()
		cfg.Statuses = append(cfg.Statuses, 200)
		for _, from := range []io.Reader{strings.NewReader(sent), iotest.OneByteReader(strings.NewReader(sent))} {
			err := cfg.newAnswer(from).judge()
			switch {
			case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("%.80q: got %v, want %q", sent, err, want)
			case err != nil && !errors.Is(err, ErrUnexpected) && !errors.Is(err, io.ErrUnexpectedEOF):
				t.Errorf("%.80q: got %v, which is neither unexpected nor an early end", sent, err)
			}
		}
	}
	alive := "ALIVE"
	empty := ""

	status := Config{Path: "/"}
	f(status, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "")
	f(status, "HTTP/1.0 200 OK\r\n\r\n", "")
	f(status, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "")
	f(status, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "")
	f(status, "HTTP/1.1 204 No Content\r\n\r\n", "status 204")
	f(status, "HTTP/1.1 302 Found\r\nLocation: /login\r\n\r\n", "status 302")
	f(status, "HTTP/1.1 503 Service Unavailable\r\n\r\n", "status 503")
	f(status, "HTTP/1.1 101 Switching Protocols\r\n\r\n", "status 101")
	f(status, strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 6)+"HTTP/1.1 200 OK\r\n\r\n", "interim")
	f(status, "", "before its end")
	f(status, "HTT", "before its end")
	f(status, "HTTP/1.1 200 OK\r\nContent-", "before its end")
	f(status, "HTTP/1.1 abc\r\n\r\n", "malformed")
	f(status, "HTTP/1.1 000 \r\n\r\n", "malformed")
	f(status, "HTTP/1.1 2000 OK\r\n\r\n", "malformed")
	f(status, "HTTP/2.0 200 OK\r\n\r\n", "malformed")
	f(status, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "malformed")
	f(status, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", maxHead)+"\r\n\r\n", "head of more than")
	f(status, "SSH-2.0-OpenSSH\r\n", "not HTTP")
	f(status, "\r\n", "not HTTP")

	f(Config{Path: "/", Statuses: []int{204, 404}}, "HTTP/1.1 404 Not Found\r\n\r\n", "")

	body := Config{Path: "/", Body: &alive}
	f(body, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nALIVE", "")
	f(body, "HTTP/1.0 200 OK\r\n\r\nALIVE", "")
	f(body, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nAL\r\n3\r\nIVE\r\n0\r\n\r\n", "")
	f(body, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nDEAD", `body "DEAD"`)
	f(body, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", `body ""`)
	f(body, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nALIVE\n", `body "ALIVE\n"`)
	f(body, "HTTP/1.0 200 OK\r\n\r\nALIVE and well", "more than 5 bytes")
	f(body, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n", "more than 5 bytes")
	f(body, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "malformed")
	f(body, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nALI", "before its end")
	f(body, "HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\nALIVE", "status 500")
	f(Config{Path: "/", Body: &empty}, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "")
	f(Config{Path: "/", Body: &empty}, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "body")

	// Bytes sent as they stand: HTTP is judged as HTTP, all else by the body.
	pong := "+PONG\r\n"
	raw := Config{Send: "x", Body: &pong}
	f(raw, "+PONG\r\n", "")
	f(raw, "+PONG\r\nand so on", "")
	f(raw, "+PANG\r\n", `begins with "+PA"`)
	f(raw, "-ERR\r\n", `begins with "-"`)
	f(raw, "+PON", "before its end")
	f(raw, "", "before its end")
	f(raw, "HTTP/1.0 200 OK\r\n\r\n+PONG\r\n", "")
	f(raw, "HTTP/1.0 404 Not Found\r\n\r\n+PONG\r\n", "status 404")
	f(Config{Send: "x"}, "HTTP/1.0 200 OK\r\n\r\n", "")
	f(Config{Send: "x"}, "+PONG\r\n", "no body to compare")
	f(Config{Send: "x"}, "", "before its end")
}

// TestAnswerIsReadNoFurtherThanNeeded: the connection gives no end, and must
// not be asked for one.
func TestAnswerIsReadNoFurtherThanNeeded(t *testing.T) {
	want := "+PONG\r\n"
	f := func(cfg Config, sent string) {
		t.Helper()
		cfg.Statuses = []int{200}
		from := io.MultiReader(strings.NewReader(sent), iotest.ErrReader(errors.New("read too far")))
		if err := cfg.newAnswer(from).judge(); err != nil {
			t.Errorf("%q: got %v", sent, err)
		}
	}
	f(Config{Path: "/"}, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
	f(Config{Path: "/", Body: &want}, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n+PONG\r\n")
	f(Config{Path: "/", Body: &want}, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n+PONG\r\n\r\n0\r\n")
	f(Config{Send: "PING\r\n", Body: &want}, "+PONG\r\n")
}

func FuzzAnswer(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", true)
	f.Add("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nok\r\n0\r\n\r\n", "ok", true)
	f.Add("HTTP/1.0 200 OK\n\nok", "ok", false)
	f.Add("+PONG\r\n", "+PONG\r\n", false)
	f.Fuzz(func(t *testing.T, sent, body string, path bool) {
		cfg := Config{Send: "x", Statuses: []int{200}, Body: &body}
		if path {
			cfg = Config{Path: "/", Statuses: []int{200}, Body: &body}
		}
		whole := cfg.newAnswer(strings.NewReader(sent)).judge()
		dripped := cfg.newAnswer(iotest.OneByteReader(strings.NewReader(sent))).judge()
		if (whole == nil) != (dripped == nil) {
			t.Errorf("in one piece got %v, byte by byte %v", whole, dripped)
		}
		if whole != nil && len(whole.Error()) > 300 {
			t.Errorf("an error of %d bytes", len(whole.Error()))
		}
		if whole == nil && !strings.HasPrefix(sent, httpMark) && (path || !strings.HasPrefix(sent, body)) {
			t.Errorf("%q counts as healthy", sent)
		}
		if whole == nil && strings.HasPrefix(sent, httpMark) && !strings.Contains(sent, "200") {
			t.Errorf("%q counts as healthy without the status", sent)
		}
	})
}
