package backends

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/valyala/fasthttp"

	"zerohop/backends/upstream"
)

// fakeServer is a server that answers as the test says; without a function it
// answers 200. It counts what it was asked.
type fakeServer struct {
	answer func(rc *fasthttp.RequestCtx) error

	mu     sync.Mutex
	asked  int
	closed bool
}

func (s *fakeServer) Exchange(_ context.Context, rc *fasthttp.RequestCtx, _ upstream.Inbound, unwanted upstream.Statuses) (*upstream.Stream, error) {
	s.mu.Lock()
	s.asked++
	s.mu.Unlock()
	if s.answer == nil {
		return nil, nil
	}
	if err := s.answer(rc); err != nil {
		return nil, err
	}
	if status := rc.Response.StatusCode(); unwanted.Has(status) {
		rc.Response.Reset()
		return nil, &upstream.Error{Op: upstream.OpStatus, Sent: true, Status: status, Err: errors.New("unwanted")}
	}
	return nil, nil
}

func (s *fakeServer) Stats() upstream.Stats { return upstream.Stats{Connections: 1} }

func (s *fakeServer) Close() { s.closed = true }

// newFakeGroup returns a group all of whose members without workers are fake
// servers.
func newFakeGroup(t testing.TB, cfg Config) (*Group, []*fakeServer) {
	t.Helper()
	cfg.Members = append([]MemberConfig(nil), cfg.Members...)
	for i := range cfg.Members {
		if m := &cfg.Members[i]; m.Workers == 0 {
			m.URL = fmt.Sprintf("http://127.0.0.1:%d", 8000+i)
		}
	}
	if faults := cfg.Validate(); faults != nil {
		t.Fatal(faults)
	}
	g := newGroup("fake", cfg, Options{})
	servers := make([]*fakeServer, len(g.members))
	for i, m := range g.members {
		if m.workers == 0 {
			servers[i] = &fakeServer{}
			m.server = servers[i]
		}
	}
	return g, servers
}

// fakeInbound is a request as a listener knows it, and its context.
type fakeInbound struct {
	context.Context
	ip   []byte
	rest io.Reader

	mu      sync.Mutex
	left    bool
	running upstream.Aborter
}

func newInbound() *fakeInbound { return &fakeInbound{Context: context.Background()} }

func (in *fakeInbound) Value(key any) any {
	if key == any(upstream.InboundKey) {
		return in
	}
	return nil
}

func (in *fakeInbound) AppendForwarded(dst []byte) []byte { return dst }
func (in *fakeInbound) Body() upstream.Body               { return upstream.Body{Rest: in.rest} }
func (in *fakeInbound) Outlive()                          {}
func (in *fakeInbound) Ended(int64, error)                {}
func (in *fakeInbound) Hijack(func(net.Conn))             {}

func (in *fakeInbound) Reserved([]byte) bool { return false }

func (in *fakeInbound) BalanceKey(source, name string) ([]byte, bool) {
	if source == "client" && name == "ip" {
		return in.ip, in.ip != nil
	}
	return nil, false
}

func (in *fakeInbound) Running(a upstream.Aborter) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.running = a
	return !in.left
}

// leave has the client leave.
func (in *fakeInbound) leave() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.left = true
	if in.running != nil {
		in.running.Abort()
	}
}

var _ upstream.Inbound = (*fakeInbound)(nil)

// newRequest returns a request by a method.
func newRequest(method string) *fasthttp.RequestCtx {
	rc := new(fasthttp.RequestCtx)
	rc.Request.Header.SetMethod(method)
	return rc
}

// servers returns the configuration of a group with n servers.
func servers(n int) Config {
	cfg := Pool(1, 0)
	cfg.Members = nil
	for range n {
		cfg.Members = append(cfg.Members, MemberConfig{Weight: 1})
	}
	return cfg
}
