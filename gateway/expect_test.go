package gateway

import (
	"strings"
	"testing"
	"time"
)

// What is let in before its body is sent is asked about once, logged as it came,
// and leaves nothing behind when the body never comes.
func TestExpectedBody(t *testing.T) {
	behind := startBehind(t)
	s := startProxySite(t, behind, "")
	const head = "POST /x/../slow?a HTTP/1.1\r\nHost: h.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n" + bobsPassword + "\r\n"
	f := func(body string) *client {
		t.Helper()
		c := s.dial()
		c.send(head)
		if line, err := c.in.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
			t.Fatalf("got %q, %v, want 100", line, err)
		}
		_, _ = c.in.ReadString('\n')
		c.send(body)
		return c
	}
	before := s.verifierPasses("staff")
	if got := f("hello").receive("POST"); got.StatusCode != 200 || got.body != `["bob"] ["staff"] 5 <nil>` {
		t.Errorf("got %d %s, want the upload passed on", got.StatusCode, got.body)
	}
	if got := s.verifierPasses("staff") - before; got != 1 {
		t.Errorf("the verifier was asked %d times, want once", got)
	}
	f("").Close()
	for began := time.Now(); s.scopes.inUse.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Since(began) > 5*time.Second {
			t.Fatalf("got %d scopes in use", s.scopes.inUse.Load())
		}
	}
	c := s.dial()
	c.send(strings.Replace(head, bobsPassword, "", 1))
	if got := c.receive("POST"); got.StatusCode != 401 || !got.Close {
		t.Errorf("got %d, close %t, want 401 in place of 100", got.StatusCode, got.Close)
	}
	if log := s.flushed(); strings.Count(log, `"POST /x/../slow?a HTTP/1.1" 200 `) != 1 {
		t.Errorf("got the log %s, want the target as it came", log)
	}
}

// verifierPasses returns how many requests a verifier has let in.
func (s site) verifierPasses(name string) uint64 {
	s.t.Helper()
	v := s.table.Load().verifiers.byName[name]
	if v == nil {
		s.t.Fatalf("no verifier %s", name)
	}
	return v.passed.Load()
}
