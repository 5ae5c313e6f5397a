package memcached

import (
	"bufio"

	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// fake answers every request on every connection with the same bytes.
type fake struct {
	address string
	asked   chan string // the first line of each request
}

// newFake starts one; with pause it waits between the pieces of its answer, and
// with hangUp it closes the connection behind it.
func newFake(t testing.TB, pause time.Duration, hangUp bool, answer ...string) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{address: l.Addr().String(), asked: make(chan string, 100)}
	done := make(chan struct{})
	serve := func(nc net.Conn) {
		defer nc.Close()
		r := bufio.NewReader(nc)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			f.asked <- line
			if words := strings.Fields(line); words[0] == "set" || words[0] == "add" || words[0] == "cas" {
				_, _ = r.ReadString('\n')
			}
			for _, piece := range answer {
				if _, err := nc.Write([]byte(piece)); err != nil {
					return
				}
				select {
				case <-time.After(pause):
				case <-done:
					return
				}
			}
			if hangUp {
				return
			}
		}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go serve(nc)
		}
	}()
	t.Cleanup(func() {
		close(done)
		l.Close()
		<-ended
	})
	return f
}

const wholeAnswer = "VALUE key 0 5 7\r\nvalue\r\nEND\r\n"

func TestAnswers(t *testing.T) {
	f := func(answer string, want error, value string) {
		t.Helper()
		server := newFake(t, 0, false, answer)
		config := testConfig(server.address)
		config.Timeout = 100 * time.Millisecond
		c := newClient(t, config)
		for range 2 { // the second may find what the first has left
			item, err := c.Get(t.Context(), "key")
			check(t, err, want)
			if got := string(item.Value); got != value {
				t.Errorf("%.60q: got %q, want %q", answer, got, value)
			}
		}
	}
	f(wholeAnswer, nil, "value")
	f("END\r\n", ErrMiss, "")
	f("VALUE other 0 5 7\r\nvalue\r\nEND\r\n", errOtherKey, "")
	f("VALUE key 0 5 7\r\nvalue\r\nVALUE key 0 5 7\r\nworse\r\nEND\r\n", errSurplus, "")
	f("VALUE key 0 4294967295 7\r\nvalue\r\n", errBadSize, "")
	f("VALUE key 0 99999999999999999999 7\r\n", errBadSize, "")
	f("VALUE key 0 -1 7\r\n\r\n", errBadSize, "")
	f("VALUE key\r\n", errBadSize, "")
	f("VALUE key 0 6 7\r\nvalue\r\nEND\r\n", ErrUnavailable, "")
	f("VALUE key 0 5 x\r\nvalue\r\nEND\r\n", ErrUnavailable, "")
	f("\n", errLineEnd, "")
	f("\r\n", ErrUnavailable, "")
	f("HTTP/1.1 400 Bad Request\r\n\r\n", ErrUnavailable, "")
	f("SERVER_ERROR out of memory\r\n", ErrUnavailable, "")
	f(strings.Repeat("x", 5000), errLongLine, "")
}

// What stands behind an answer is not taken for the next one.
func TestSurplusAnswer(t *testing.T) {
	server := newFake(t, 0, false, "NOT_STORED\r\nSTORED\r\n")
	c := newClient(t, testConfig(server.address))
	for range 3 {
		if err := c.Add(t.Context(), "key", nil, 0); err == nil {
			t.Error("an answer that nobody gave was taken for ours")
		}
	}
}

func TestIncrementOfGarbage(t *testing.T) {
	for _, answer := range []string{"\n", "\r\n", "x\r\n", "CLIENT_ERROR \n", "CLIENT_ERROR \r\n", "-1\r\n", "CLIENT_ERROR\r\n"} {
		c := newClient(t, testConfig(newFake(t, 0, false, answer).address))
		_, err := c.Increment(t.Context(), "key", 1)
		check(t, err, ErrUnavailable)
	}
}

// An answer that comes in drops has the time of one call, and not of one drop.
func TestSlowAnswer(t *testing.T) {
	var pieces []string
	for _, b := range []byte(wholeAnswer) {
		pieces = append(pieces, string(b))
	}
	config := testConfig(newFake(t, 40*time.Millisecond, false, pieces...).address)
	config.Timeout = 100 * time.Millisecond
	started := time.Now()
	_, err := newClient(t, config).Get(t.Context(), "key")
	check(t, err, ErrUnavailable)
	if got, want := time.Since(started), config.Timeout+slack; got > want {
		t.Errorf("took %v, want %v at most", got, want)
	}
	config = testConfig(newFake(t, 0, false, pieces...).address)
	item, err := newClient(t, config).Get(t.Context(), "key")
	check(t, err, nil)
	if got, want := string(item.Value), "value"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A connection that ends within an answer is not one that was closed while
// nobody used it: on a new one nothing is asked twice.
func TestHalfAnswer(t *testing.T) {
	server := newFake(t, 0, true, wholeAnswer[:len(wholeAnswer)-3])
	c := newClient(t, testConfig(server.address))
	_, err := c.Get(t.Context(), "key")
	check(t, err, ErrUnavailable)
	if got := len(server.asked); got != 1 {
		t.Errorf("asked %d times, want once", got)
	}
}

// A server that closes after each answer costs a read a second try, and a
// write no doubt.
func TestServerThatHangsUp(t *testing.T) {
	server := newFake(t, 0, true, "STORED\r\n")
	c := newClient(t, testConfig(server.address))
	for range 5 {
		check(t, c.Set(t.Context(), "key", []byte("value"), 0), nil)
		check(t, eventually(func() error {
			c.servers[0].mu.Lock()
			defer c.servers[0].mu.Unlock()
			if idle := c.servers[0].idle; len(idle) > 0 && idle[0].silent() {
				return errors.New("the connection is open")
			}
			return nil
		}), nil)
	}
	if got := len(server.asked); got != 5 {
		t.Errorf("asked %d times, want 5", got)
	}
}

// However an answer is cut into pieces, the watch sees the same; and what it
// lets pass gomemcache neither fails to bound nor panics at.
func FuzzWatch(f *testing.F) {
	f.Add([]byte(wholeAnswer), uint8(1))
	f.Add([]byte("END\r\n"), uint8(3))
	f.Add([]byte("VALUE k 0 4294967295\r\n"), uint8(5))
	f.Add([]byte("STORED\r\nSTORED\r\n"), uint8(200))
	f.Add([]byte("VALUE a 0 0\r\n\r\nVALUE a 0 0\r\n\r\nEND\r\n"), uint8(7))
	f.Fuzz(func(t *testing.T, answer []byte, size uint8) {
		var whole, pieces watch
		_ = whole.see(answer)
		for piece := range slices.Chunk(answer, int(size)+1) {
			_ = pieces.see(piece)
		}
		if whole.complete() != pieces.complete() || !errors.Is(pieces.fault, whole.fault) {
			t.Errorf("got %v and %v in one piece, %v and %v in several",
				whole.complete(), whole.fault, pieces.complete(), pieces.fault)
		}
		if whole.left > 1<<20+2 || cap(whole.line) > 2*maxReplyLine {
			t.Errorf("%d bytes to come, a line of %d", whole.left, cap(whole.line))
		}
	})
}
