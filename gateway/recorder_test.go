package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// recorder is an upstream that keeps every byte that it is sent. It answers
// what net/http reads, and is judged later by what a strict reading of the same
// bytes gives: on a connection that is kept, one request too many or too few
// would show in either.
type recorder struct {
	listener net.Listener
	// answer returns what goes back for a request, and whether the connection
	// ends behind it.
	answer func(r *http.Request, body string) (raw string, last bool)
	// behind is called after each answer, with the connection; nil without.
	behind func(w io.Writer) (last bool)
	// deaf: what comes behind the last answer of a connection is not recorded.
	// A request on one whose end the gateway cannot know yet is nobody's fault,
	// and is sent again.
	deaf    bool
	running sync.WaitGroup

	mu      sync.Mutex
	ended   *sync.Cond      // a connection has
	streams []*bytes.Buffer // one for each connection
	open    map[net.Conn]bool
	knocks  map[string]bool // connections of settle, by their address
}

// echoRequest answers with what the request was.
func echoRequest(r *http.Request, body string) (raw string, last bool) {
	text := r.Method + " " + r.RequestURI + " " + body
	if r.Method == http.MethodHead {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(text)), false
	}
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text), false
}

// echoAndClose is echoRequest on a connection that ends.
func echoAndClose(r *http.Request, body string) (raw string, last bool) {
	raw, _ = echoRequest(r, body)
	return strings.Replace(raw, "\r\n", "\r\nConnection: close\r\n", 1), true
}

func startRecorder(t testing.TB, answer func(r *http.Request, body string) (string, bool)) *recorder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rec := &recorder{listener: listener, answer: answer, open: map[net.Conn]bool{}, knocks: map[string]bool{}}
	rec.ended = sync.NewCond(&rec.mu)
	rec.running.Go(rec.accept)
	t.Cleanup(rec.close)
	return rec
}

func (rec *recorder) accept() {
	for {
		c, err := rec.listener.Accept()
		if err != nil {
			return
		}
		stream := &bytes.Buffer{}
		rec.mu.Lock()
		rec.streams, rec.open[c] = append(rec.streams, stream), true
		rec.mu.Unlock()
		rec.running.Go(func() {
			rec.serve(c, stream)
			rec.mu.Lock()
			defer rec.mu.Unlock()
			if stream.Len() == 0 {
				rec.knocks[c.RemoteAddr().String()] = true
			}
			delete(rec.open, c)
			rec.ended.Broadcast()
		})
	}
}

// recording copies what is read into a stream.
type recording struct {
	net.Conn
	rec    *recorder
	stream *bytes.Buffer
}

func (r recording) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.rec.mu.Lock()
	defer r.rec.mu.Unlock()
	r.stream.Write(b[:n])
	return n, err
}

// serve answers until the connection ends, or a request cannot be read; then
// it takes in what is still to come.
func (rec *recorder) serve(c net.Conn, stream *bytes.Buffer) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	in := bufio.NewReader(recording{c, rec, stream})
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			break
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			break
		}
		raw, last := rec.answer(r, string(body))
		if _, err := io.WriteString(c, raw); err != nil || last {
			break
		}
		if rec.behind != nil && rec.behind(c) {
			break
		}
	}
	_ = c.(*net.TCPConn).CloseWrite()
	if rec.deaf {
		_, _ = io.Copy(io.Discard, c)
		return
	}
	_, _ = io.Copy(io.Discard, in)
}

// close ends what is still open and waits for it.
func (rec *recorder) close() {
	rec.listener.Close()
	rec.mu.Lock()
	for c := range rec.open {
		c.Close()
	}
	rec.mu.Unlock()
	rec.running.Wait()
}

// wait returns when the gateway has ended all of its connections.
func (rec *recorder) wait() {
	rec.listener.Close()
	rec.running.Wait()
}

// settle returns when all connections that the gateway has opened so far have
// ended. A connection of its own comes behind them.
func (rec *recorder) settle() error {
	c, err := net.Dial("tcp", rec.listener.Addr().String())
	if err != nil {
		return err
	}
	knock := c.LocalAddr().String()
	c.Close()
	rec.mu.Lock()
	defer rec.mu.Unlock()
	for len(rec.open) > 0 || !rec.knocks[knock] {
		rec.ended.Wait()
	}
	clear(rec.knocks)
	return nil
}

// take returns and forgets what has been recorded, connection by connection.
func (rec *recorder) take() [][]byte {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	var taken [][]byte
	for _, s := range rec.streams {
		taken = append(taken, slices.Clone(s.Bytes()))
	}
	rec.streams = nil
	return taken
}

// readStreams returns all requests of recorded connections. Two readers must
// find the same ones, and nothing may be left over; cutShort says whether the
// last of a connection may be broken off.
func readStreams(streams [][]byte, cutShort bool) ([]string, error) {
	var all []string
	for _, stream := range streams {
		requests, err := strictRequests(stream)
		if err != nil && !(cutShort && errors.Is(err, errCutShort)) {
			return nil, fmt.Errorf("%w in what the upstream was sent: %q", err, stream)
		}
		if again, _ := libraryRequests(stream); !slices.Equal(again, requests) {
			return nil, fmt.Errorf("%w: net/http reads %q in it, strictly it is %q: %q", errMalformed, again, requests, stream)
		}
		all = append(all, requests...)
	}
	return all, nil
}
