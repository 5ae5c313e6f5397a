package probe

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestLoopback checks three members over real sockets: one that answers, one
// whose process is stopped (the kernel still accepts), one that is gone.
func TestLoopback(t *testing.T) {
	listen := func() net.Listener {
		t.Helper()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	target := func(l net.Listener) Target {
		return Target{Host: l.Addr().String(), Dial: func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
		}}
	}
	alive, stopped, gone := listen(), listen(), listen()
	gone.Close()
	served := make(chan struct{})
	go func() {
		defer close(served)
		answerAlive(alive)
	}()
	t.Cleanup(func() {
		alive.Close()
		<-served
	})

	want := "ALIVE"
	type reported struct {
		member int
		Result
	}
	results := make(chan reported, 100)
	p := New(Config{
		Path: "/health", Body: &want, Every: 20 * time.Millisecond, Timeout: 100 * time.Millisecond, Fails: 2, Passes: 2,
	}, []Target{target(alive), target(stopped), target(gone)}, func(i int, r Result) {
		select {
		case results <- reported{i, r}:
		default:
		}
	})
	p.Start()
	defer p.Close()
	seen := make([]int, 3)
	for deadline := time.After(20 * time.Second); min(seen[0], seen[1], seen[2]) < 3; {
		select {
		case r := <-results:
			if seen[r.member]++; seen[r.member] < 3 {
				continue
			}
			if wantUp := r.member == 0; r.Up != wantUp || r.OK != wantUp {
				t.Errorf("member %d: got %+v after %d checks", r.member, r.Result, seen[r.member])
			}
		case <-deadline:
			t.Fatalf("got only %v checks", seen)
		}
	}
}

// answerAlive answers a request for /health on each connection of l, until l is
// closed.
func answerAlive(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		if line, _ := bufio.NewReader(conn).ReadString('\n'); strings.HasPrefix(line, "GET /health ") {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nALIVE")
		}
		conn.Close()
	}
}
