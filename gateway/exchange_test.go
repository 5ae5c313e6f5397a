package gateway

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"zerohop/sqlapi"
)

const getUser = "GET /getuser?x=1 HTTP/1.1\r\nHost: h.test:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\nAuthorization: Basic Ym9iOnNlY3JldA==\r\n\r\n"

// player is a connection in memory. It sends the same request as often as it
// is told to, each after the answer to the one before, and drops the answers.
type player struct {
	request []byte
	rounds  chan int // how many requests come next; closed at the end
	left    int
	done    chan struct{} // one for each number of rounds
	begun   bool
}

func (p *player) Read(b []byte) (int, error) {
	if p.left == 0 {
		if p.begun {
			p.done <- struct{}{}
		}
		var more bool
		if p.left, more = <-p.rounds; !more {
			return 0, io.EOF
		}
		p.begun = true
	}
	p.left--
	return copy(b, p.request), nil
}

func (p *player) Write(b []byte) (int, error)      { return len(b), nil }
func (p *player) Close() error                     { return nil }
func (p *player) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (p *player) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4711} }
func (p *player) SetDeadline(time.Time) error      { return nil }
func (p *player) SetReadDeadline(time.Time) error  { return nil }
func (p *player) SetWriteDeadline(time.Time) error { return nil }

// play returns a function that has the server answer n requests.
func play(t testing.TB, request string, routes ...*route) func(n int) {
	t.Helper()
	table := &table{}
	if err := table.addRoutes(routes); err != nil {
		t.Fatal(err)
	}
	s := newServer(&Config{Limits: testLimits()}, table, Options{AccessLog: io.Discard})
	s.access.start()
	p := &player{request: []byte(request), rounds: make(chan int), done: make(chan struct{})}
	s.public.take(p)
	t.Cleanup(func() {
		close(p.rounds)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(n int) {
		p.rounds <- n
		<-p.done
	}
}

// lookUp answers as an endpoint does: with what it reads from the scope.
func lookUp(ctx context.Context, rc *fasthttp.RequestCtx) error {
	looker := ctx.Value(sqlapi.LookupKey).(sqlapi.Lookuper)
	user, _ := looker.Lookup(sqlapi.SourceAuth, "user")
	rc.SetContentType("application/json")
	rc.Response.AppendBody(user)
	return nil
}

// A request costs no allocation from its first byte to the last of the answer:
// fasthttp reuses its request and response, the scope is pooled, the line of
// the access log goes into a buffer that is there.
func TestExchangeDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("under the race detector pools forget; run without -race")
	}
	rt := newTestRoute(t, "GET /getuser", lookUp)
	rt.basic = true
	run := play(t, getUser, rt, newTestRoute(t, "/", say("")))
	run(10_000)
	// One in a hundred is for the garbage collector, which empties pools.
	const rounds = 1000
	if got := testing.AllocsPerRun(10, func() { run(rounds) }) / rounds; got > 0.01 {
		t.Errorf("got %v allocations a request, want 0", got)
	}
}

func BenchmarkExchange(b *testing.B) {
	rt := newTestRoute(b, "GET /getuser", lookUp)
	rt.basic = true
	run := play(b, getUser, rt, newTestRoute(b, "/", say("")))
	b.ReportAllocs()
	b.ResetTimer()
	run(b.N)
}

// The same without a gateway, for comparison.
func BenchmarkBareFasthttp(b *testing.B) {
	s := &fasthttp.Server{Handler: func(rc *fasthttp.RequestCtx) {
		rc.SetContentType("application/json")
		rc.Response.AppendBodyString("bob")
	}}
	p := &player{request: []byte(getUser), rounds: make(chan int), done: make(chan struct{})}
	ended := make(chan error, 1)
	go func() { ended <- s.ServeConn(p) }()
	b.ReportAllocs()
	b.ResetTimer()
	p.rounds <- b.N
	<-p.done
	b.StopTimer()
	close(p.rounds)
	if err := <-ended; err != nil {
		b.Error(err)
	}
}
