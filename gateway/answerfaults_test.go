package gateway

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// answerFault is what an upstream sends in answer to a request, and what its
// client gets: a status, or cut for an answer that is seen to end too early.
type answerFault struct{ name, raw, want string }

// answerFaults are cases of one kind. With stays the upstream does not end the
// connection behind the answer.
type answerFaults struct {
	class  string
	method string // GET without it
	stays  bool
	more   string // of the group's configuration
	cases  []answerFault
}

// Whatever an upstream sends, its client gets one answer to the request, which
// the upstream sees once, and the next request on the same connection gets its
// own.
func TestAnswerFaults(t *testing.T) {
	for _, class := range allAnswerFaults() {
		t.Run(class.class, func(t *testing.T) {
			for _, c := range class.cases {
				t.Run(c.name, func(t *testing.T) { c.play(t, class) })
			}
		})
	}
}

func (c answerFault) play(t *testing.T, class answerFaults) {
	rec := startRecorder(t, func(r *http.Request, body string) (string, bool) {
		if r.RequestURI == "/first" {
			return c.raw, !class.stays
		}
		return echoRequest(r, body)
	})
	rec.deaf = true
	ts := startText(t, proxyTo(rec, class.more))
	method := class.method
	if method == "" {
		method = http.MethodGet
	}
	client := ts.dial()
	got := exchangeFirst(client, method)
	if !slices.Contains(strings.Split(c.want, "|"), got) {
		t.Errorf("got %q, want %q, for %.300q", got, c.want, c.raw)
	}
	if err := client.sayNext(ts); err != nil {
		t.Errorf("the next request: %v, behind %.300q", err, c.raw)
	}
	if err := ts.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	rec.wait()
	requests, err := readStreams(rec.take(), false)
	slices.Sort(requests)
	want := []string{method + " /first ", "GET /next "}
	if slices.Sort(want); err != nil || !slices.Equal(requests, want) {
		t.Errorf("got %q and %v at the upstream, want each request once", requests, err)
	}
}

// exchangeFirst sends the first request and returns what came for it.
func exchangeFirst(c *client, method string) string {
	if _, err := io.WriteString(c, request(method+" /first HTTP/1.1")); err != nil {
		return faultName(err)
	}
	got, err := c.tryReceive(method)
	switch {
	case err != nil && got.Response != nil:
		return "cut"
	case err != nil:
		return faultName(err)
	}
	return fmt.Sprint(got.StatusCode)
}

// sayNext sends the next request, on the same connection if that goes on, and
// looks whether the answer is that to it.
func (c *client) sayNext(ts *testServer) error {
	const next = "GET /next HTTP/1.1\r\nHost: h.test\r\nConnection: close\r\n\r\n"
	if _, err := io.WriteString(c, next); err == nil {
		if _, err := c.in.Peek(1); err == nil {
			return c.isNext()
		}
	}
	again := ts.dial()
	again.send(next)
	return again.isNext()
}

func (c *client) isNext() error {
	got, err := c.tryReceive("GET")
	if err != nil {
		return err
	}
	if got.StatusCode != 200 || got.body != "GET /next " {
		return fmt.Errorf("got %d %q, want its own answer", got.StatusCode, got.body)
	}
	return c.ended()
}

// What an upstream sends on a connection that is kept, without having been
// asked, is nobody's answer.
func TestUnsolicitedAnswers(t *testing.T) {
	f := func(name, extra string, ends bool) {
		t.Run(name, func(t *testing.T) {
			answered, sent := make(chan bool), make(chan bool)
			first := true
			rec := startRecorder(t, echoRequest)
			rec.behind = func(w io.Writer) (last bool) {
				if !first {
					return false
				}
				first = false
				<-answered
				_, _ = io.WriteString(w, extra)
				close(sent)
				return ends
			}
			ts := startText(t, proxyTo(rec, ""))
			c := ts.dial()
			if got := exchangeFirst(c, "GET"); got != "200" {
				t.Fatalf("got %s, want 200", got)
			}
			close(answered)
			<-sent
			if err := c.sayNext(ts); err != nil {
				t.Error(err)
			}
		})
	}
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"
	f("an answer", answer, false)
	f("an answer and the end", answer, true)
	f("an answer that times out", "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", true)
	f("half an answer", "HTTP/1.1 200 OK\r\nContent-Len", false)
	f("an interim answer", "HTTP/1.1 103 Early Hints\r\n\r\n", false)
	f("an empty line", "\r\n", false)
	f("a byte", "x", false)
	f("the end", "", true)
}
