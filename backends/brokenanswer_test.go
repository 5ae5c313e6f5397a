package backends

import (
	"bytes"
	"io"
	"testing"

	"github.com/valyala/fasthttp"
)

// An answer that breaks when its head is with the client is no failure of the
// member: a client that reads slowly could be the reason, at each in turn.
func TestBrokenAnswerIsNoFailure(t *testing.T) {
	s := startHTTP(t, func(rc *fasthttp.RequestCtx) {
		half := bytes.NewReader(bytes.Repeat([]byte("x"), 1<<20))
		rc.SetBodyStream(half, 2<<20) // which ends too early
	})
	cfg := servers(1)
	cfg.Members[0].URL = s.url
	g := startGroup(t, cfg)
	rc := newGet()
	if err := g.Serve(newInbound(), rc, nil); err != nil {
		t.Fatal(err)
	}
	stream := rc.Response.BodyStream()
	if stream == nil {
		t.Fatal("got a complete answer, want a stream")
	}
	if _, err := io.Copy(io.Discard, stream); err == nil {
		t.Error("got a whole answer, want a broken one")
	}
	rc.Response.CloseBodyStream()
	if got := g.Stats().Members[0]; got.Failures != 0 || got.State != StateUp || inFlight(g) != 0 {
		t.Errorf("got %+v, want no failure", got)
	}
}
