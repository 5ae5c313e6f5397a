package upstream

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// peer is a server on loopback that says exactly what a test wants.
type peer struct {
	net.Listener
	t     *testing.T
	conns sync.WaitGroup

	mu       sync.Mutex
	requests []string // heads and bodies, as they came
	accepted int
}

// newPeer starts a server that has talk run for each connection, which is
// closed behind it.
func newPeer(t *testing.T, talk func(*peerConn)) *peer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{Listener: l, t: t}
	p.serve(talk)
	return p
}

func (p *peer) serve(talk func(*peerConn)) {
	p.conns.Go(func() {
		for {
			c, err := p.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.accepted++
			p.mu.Unlock()
			p.conns.Go(func() {
				defer c.Close()
				talk(&peerConn{c, bufio.NewReader(c), p})
			})
		}
	})
	p.t.Cleanup(func() {
		p.Close()
		p.conns.Wait()
	})
}

// answering returns a server that gives each request the next of the answers,
// and closes behind the last.
func answering(t *testing.T, answers ...string) *peer {
	return newPeer(t, func(c *peerConn) {
		for _, answer := range answers {
			if _, ok := c.request(); !ok {
				return
			}
			c.say(answer)
		}
	})
}

// always returns a server that gives each request the same answer.
func always(t *testing.T, answer string) *peer {
	return newPeer(t, func(c *peerConn) {
		for {
			if _, ok := c.request(); !ok {
				return
			}
			c.say(answer)
		}
	})
}

// heard returns the requests so far, and the number of connections.
func (p *peer) heard() (requests []string, connections int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.requests...), p.accepted
}

type peerConn struct {
	net.Conn
	in *bufio.Reader
	p  *peer
}

// head reads the head of a request.
func (c *peerConn) head() (*http.Request, bool) {
	r, err := http.ReadRequest(c.in)
	return r, err == nil
}

// request reads and notes a whole request, and returns its body.
func (c *peerConn) request() (body string, ok bool) {
	var raw bytes.Buffer
	tee := bufio.NewReader(io.TeeReader(oneByOne{c.in}, &raw))
	r, err := http.ReadRequest(tee)
	if err != nil {
		return "", false
	}
	b, err := io.ReadAll(r.Body)
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	c.p.requests = append(c.p.requests, raw.String())
	return string(b), err == nil
}

// oneByOne keeps a reader above it from taking what it does not need.
type oneByOne struct{ io.Reader }

func (o oneByOne) Read(b []byte) (int, error) { return o.Reader.Read(b[:min(len(b), 1)]) }

func (c *peerConn) say(text string) { io.WriteString(c.Conn, text) }

// ended waits for the other side to close.
func (c *peerConn) ended() { io.Copy(io.Discard, c.in) }

// testConfig is that of a server that is well.
func testConfig(address string) Config {
	return Config{
		Network: "tcp", Address: address, Host: "default.test",
		ConnectTimeout: 10 * time.Second, FirstByteTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second,
		SendTimeout: 10 * time.Second, TunnelTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		Idle: 4, HeaderBytes: 8 << 10,
	}
}

func newTestClient(t *testing.T, cfg Config) *Client {
	t.Helper()
	c := New(cfg)
	t.Cleanup(func() {
		c.Close()
		if got := c.Stats(); got.Connections != 0 {
			t.Errorf("got %d connections after Close", got.Connections)
		}
	})
	return c
}

func (p *peer) client() *Client { return newTestClient(p.t, testConfig(p.Addr().String())) }

// listener is the Inbound of a test.
type listener struct {
	body      Body
	forwarded string
	hijacked  func(net.Conn)
	append    func([]byte) []byte // in place of forwarded

	mu       sync.Mutex
	aborter  Aborter
	left     bool
	outlives bool
	ended    int
	sent     int64
	err      error
}

func (l *listener) AppendForwarded(dst []byte) []byte {
	if l.append != nil {
		return l.append(dst)
	}
	return append(dst, l.forwarded...)
}

func (l *listener) Running(a Aborter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.aborter = a
	return !l.left
}

// leave is the client's departure.
func (l *listener) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = true
	if l.aborter != nil {
		l.aborter.Abort()
	}
}

func (l *listener) Body() Body { return l.body }

func (l *listener) Outlive() { l.outlives = true }

func (l *listener) Ended(sent int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended++
	l.sent, l.err = sent, err
}

// outcome returns how what went on behind the handler has ended.
func (l *listener) outcome() (ended int, sent int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended, l.sent, l.err
}

func (l *listener) Hijack(h func(net.Conn)) { l.hijacked = h }

func (l *listener) Reserved(name []byte) bool                { return string(name) == "X-Auth-User" }
func (l *listener) BalanceKey(string, string) ([]byte, bool) { return nil, false }

// call is a request on its way, as the server in front would have read it.
type call struct {
	rc *fasthttp.RequestCtx
	in *listener
}

// newCall reads a request; what follows its head is a body that is here.
func newCall(t testing.TB, raw string) *call {
	t.Helper()
	rc := new(fasthttp.RequestCtx)
	r := bufio.NewReaderSize(strings.NewReader(raw), 64<<10)
	if err := rc.Request.Header.Read(r); err != nil {
		t.Fatal(err)
	}
	rc.Response.SkipBody = rc.IsHead()
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return &call{rc, &listener{body: Body{Buffered: body, Length: int64(len(body))}}}
}

func (c *call) to(cl *Client) (*Stream, error) {
	return cl.Exchange(context.Background(), c.rc, c.in, nil)
}

// written returns the response as the client gets it, without the date, and
// why it was cut off.
func (c *call) written() (string, error) {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	err := c.rc.Response.Write(w)
	if flushErr := w.Flush(); err == nil {
		err = flushErr
	}
	head, body, _ := strings.Cut(b.String(), "\r\n\r\n")
	var lines []string
	for line := range strings.SplitSeq(head, "\r\n") {
		if !strings.HasPrefix(line, "Date: ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n") + "\n\n" + body, err
}

// get is a plain request.
const get = "GET /path?query HTTP/1.1\r\nHost: client.test\r\n\r\n"
