package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	offer  = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
	accept = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Own: 1\r\n\r\n"
)

// tunnelled returns a tunnel's call, and the client's end of the connection.
func tunnelled(t *testing.T, c *Client) (*call, *Stream, net.Conn, chan struct{}) {
	t.Helper()
	call := newCall(t, offer)
	stream, err := call.to(c)
	if err != nil || stream == nil || !call.in.outlives || call.in.hijacked == nil {
		t.Fatalf("got %v, %v, want a tunnel", stream, err)
	}
	client, front := connected(t)
	over := make(chan struct{})
	go func() {
		defer close(over)
		call.in.hijacked(front)
		front.Close()
	}()
	t.Cleanup(func() { client.Close(); <-over })
	return call, stream, client, over
}

// connected returns both ends of a connection.
func connected(t *testing.T) (client, front net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if front, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, front
}

func TestTunnel(t *testing.T) {
	p := newPeer(t, func(c *peerConn) {
		c.head()
		c.say(accept + "early ")
		io.Copy(c.Conn, c.in)
		c.say("last")
	})
	c := p.client()
	call, stream, client, over := tunnelled(t, c)
	var ends []error
	stream.OnEnd(func(err error) { ends = append(ends, err) })
	r := bufio.NewReader(client)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != 101 || resp.Header.Get("Upgrade") != "echo" || resp.Header.Get("Connection") != "Upgrade" || resp.Header.Get("X-Own") != "1" {
		t.Fatalf("got %+v, %v", resp, err)
	}
	io.WriteString(client, "echo ")
	client.(*net.TCPConn).CloseWrite()
	got, err := io.ReadAll(r)
	if string(got) != "early echo last" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	<-over
	if ended, sent, err := call.in.outcome(); ended != 1 || sent != int64(len(got)) || err != nil || len(ends) != 1 || ends[0] != nil {
		t.Errorf("ended %d times with %d, %v, %v", ended, sent, err, ends)
	}
	if got := c.Stats(); got.Tunnels != 1 || got.Connections != 0 {
		t.Errorf("got %+v", got)
	}
}

// The server may be the first to say that it has no more.
func TestTunnelHalfClosedByServer(t *testing.T) {
	got := make(chan string, 1)
	p := newPeer(t, func(c *peerConn) {
		c.head()
		c.say(accept)
		c.Conn.(*net.TCPConn).CloseWrite()
		rest, _ := io.ReadAll(c.in)
		got <- string(rest)
	})
	_, _, client, over := tunnelled(t, p.client())
	if rest, err := io.ReadAll(client); err != nil || !strings.HasSuffix(string(rest), "\r\n\r\n") {
		t.Errorf("got %q, %v", rest, err)
	}
	io.WriteString(client, "still here")
	client.Close()
	if rest := <-got; rest != "still here" {
		t.Errorf("the server got %q", rest)
	}
	<-over
}

func TestCloseEndsTunnels(t *testing.T) {
	p := newPeer(t, func(c *peerConn) {
		c.head()
		c.say(accept)
		c.ended()
	})
	c := p.client()
	call, _, client, over := tunnelled(t, c)
	if _, err := http.ReadResponse(bufio.NewReader(client), nil); err != nil {
		t.Fatal(err)
	}
	c.Close()
	<-over
	if ended, _, err := call.in.outcome(); ended != 1 || !errors.Is(err, ErrClosed) {
		t.Errorf("ended %d times with %v, want %v", ended, err, ErrClosed)
	}
	// One that begins behind it ends at once.
	c = p.client()
	call = newCall(t, offer)
	if _, err := call.to(c); err != nil {
		t.Fatal(err)
	}
	c.Close()
	front, _ := net.Pipe()
	call.in.hijacked(front)
	front.Close()
	if ended, _, err := call.in.outcome(); ended != 1 || !errors.Is(err, ErrClosed) {
		t.Errorf("ended %d times with %v, want %v", ended, err, ErrClosed)
	}
}

// A tunnel lives as long as something comes from either side within the time.
func TestTunnelTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(testConfig("nowhere"))
		far := pipe(c)
		go func() {
			http.ReadRequest(bufio.NewReader(far))
			io.WriteString(far, accept)
			for range 10 {
				time.Sleep(9 * time.Second)
				io.WriteString(far, "x")
			}
		}()
		call := newCall(t, offer)
		if _, err := call.to(c); err != nil {
			t.Fatal(err)
		}
		client, front := net.Pipe()
		go io.Copy(io.Discard, client)
		start := time.Now()
		call.in.hijacked(front)
		ended, sent, err := call.in.outcome()
		if took := time.Since(start); took != 100*time.Second || ended != 1 || sent != 10 || !errors.Is(err, ErrTunnelTimeout) {
			t.Errorf("ended %d times with %d bytes, %v after %v", ended, sent, err, took)
		}
		front.Close()
		client.Close()
		far.Close()
		c.Close()
	})
}

// A refused upgrade is an answer as any other.
func TestRefusedUpgrade(t *testing.T) {
	p := answering(t, "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")
	call := newCall(t, offer)
	stream, err := call.to(p.client())
	if got, _ := call.written(); err != nil || stream != nil || !strings.HasPrefix(got, "HTTP/1.1 403 No\n") {
		t.Errorf("got %q, %v, %v", got, stream, err)
	}
}

// A server that breaks a tunnel may have been brought to it by what the client
// has said there.
func TestTunnelReset(t *testing.T) {
	p := newPeer(t, func(c *peerConn) {
		c.head()
		c.say(accept)
		c.in.ReadByte()
		c.Conn.(*net.TCPConn).SetLinger(0)
	})
	call, _, client, over := tunnelled(t, p.client())
	io.WriteString(client, "a bad frame")
	<-over
	_, _, err := call.in.outcome()
	var failure *Error
	if !errors.As(err, &failure) || failure.Op != OpTunnel || !failure.Blameless() {
		t.Errorf("got %v", err)
	}
}

// A panic in either direction ends both, and the exchange.
func TestTunnelPanics(t *testing.T) {
	f := func(what string, front *panickingConn) {
		t.Helper()
		p := newPeer(t, func(c *peerConn) {
			c.head()
			c.say(accept)
			c.ended()
		})
		c := p.client()
		call := newCall(t, offer)
		if _, err := call.to(c); err != nil {
			t.Fatal(err)
		}
		_, front.Conn = connected(t)
		defer front.Close()
		defer func() {
			if got := fmt.Sprint(recover()); !strings.HasPrefix(got, what) {
				t.Errorf("%s: got %s", what, got)
			}
			if ended, _, err := call.in.outcome(); ended != 1 || err == nil || c.Stats().Connections != 0 {
				t.Errorf("%s: ended %d times with %v, %+v", what, ended, err, c.Stats())
			}
		}()
		call.in.hijacked(front)
	}
	f("read", &panickingConn{reads: true})
	f("write", &panickingConn{})
}

type panickingConn struct {
	net.Conn
	reads bool
}

func (c *panickingConn) Read(b []byte) (int, error) {
	if c.reads {
		panic("read")
	}
	return c.Conn.Read(b)
}

func (c *panickingConn) Write(b []byte) (int, error) {
	if !c.reads {
		panic("write")
	}
	return c.Conn.Write(b)
}
