package memcached

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// piped is a server at the other end of pipes, which the test itself plays, in
// virtual time.
type piped struct {
	*server
	t     *testing.T
	calls sync.WaitGroup
	conns chan net.Conn // as they are dialled
}

func newPiped(t *testing.T, lanes int) *piped {
	p := &piped{server: newServer("piped:1", time.Second, lanes+1), t: t, conns: make(chan net.Conn, 100)}
	p.lanes.most = lanes
	p.dial = func(time.Time) (net.Conn, error) {
		here, there := net.Pipe()
		p.conns <- there
		return here, nil
	}
	return p
}

// end waits for the calls, and looks whether anything is left.
func (p *piped) end() {
	p.t.Helper()
	p.calls.Wait()
	if got := p.stats(); got.Busy != 0 {
		p.t.Errorf("%d connections are busy", got.Busy)
	}
	p.close()
	if p.lanes.aboard != 0 || p.lanes.line.oldest != nil {
		p.t.Errorf("%d riders are left", p.lanes.aboard)
	}
}

// get reads a key within a time, and wants its value, which is the key, or an
// error exactly then.
func (p *piped) get(key string, within time.Duration, want error) {
	p.t.Helper()
	p.ask(verbGet, key, within, want)
}

func (p *piped) ask(verb verb, key string, within time.Duration, want error) {
	p.t.Helper()
	p.calls.Go(func() {
		began := time.Now()
		r, err := p.until(began.Add(within), &request{verb: verb, key: key}, false)
		switch {
		case !errors.Is(err, want):
			p.t.Errorf("%s: got error %v, want %v", key, err, want)
		case err == nil && verb != verbTouch && string(r.value) != key:
			p.t.Errorf("%s: got %q", key, r.value)
		case (errors.Is(want, errBusy) || errors.Is(want, errLate)) && time.Since(began) != within:
			p.t.Errorf("%s: took %v, want %v", key, time.Since(began), within)
		}
	})
	synctest.Wait() // so that calls come in order
}

// peer is the server's end of one connection.
type peer struct {
	net.Conn
	t *testing.T
}

func (p *piped) accept() *peer {
	return &peer{<-p.conns, p.t}
}

// wants wants one write with the questions for these keys.
func (p *peer) wants(keys ...string) {
	p.t.Helper()
	p.reads("gets " + strings.Join(keys, " ") + "\r\n")
}

// reads wants one write.
func (p *peer) reads(want string) {
	p.t.Helper()
	buf := make([]byte, 64<<10)
	n, err := p.Read(buf)
	if got := string(buf[:n]); err != nil || got != want {
		p.t.Fatalf("got %q and error %v, want %q", got, err, want)
	}
}

// answers answers with the values of these keys.
func (p *peer) answers(keys ...string) {
	p.t.Helper()
	p.writes(values(keys...))
}

func (p *peer) writes(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p, text); err != nil {
		p.t.Fatal(err)
	}
	synctest.Wait()
}

// serve answers what is asked, in the background, until the connection ends.
func (p *peer) serve() {
	go func() {
		for r := bufio.NewReader(p); ; {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = io.WriteString(p, values(strings.Fields(line)[1:]...))
		}
	}()
}

func values(keys ...string) (text string) {
	for _, key := range keys {
		text += fmt.Sprintf("VALUE %s 0 %d 1\r\n%[1]s\r\n", key, len(key))
	}
	return text + "END\r\n"
}

// shared runs a test with a server that the test plays.
func shared(t *testing.T, test func(p *piped)) {
	synctest.Test(t, func(t *testing.T) {
		p := newPiped(t, 1)
		test(p)
		p.end()
	})
}

// Those who come while the lane is busy go together, however their answers are
// cut.
func TestSharedWrite(t *testing.T) {
	shared(t, func(p *piped) {
		for _, key := range []string{"a", "b", "c", "d"} {
			p.get(key, time.Second, nil)
		}
		server := p.accept()
		server.wants("a")
		server.answers("a")
		server.wants("b", "c", "d")
		text := values("d", "b", "c") // in any order
		server.writes(text[:40])
		server.writes(text[40:45])
		server.writes(text[45:])
		p.calls.Wait()
		if got := p.stats(); got.Shared != 4 || got.Batches != 2 || got.Idle != 1 || got.Retries != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

// Those who ask alike share a command, and a key is asked for once; others do
// not.
func TestSharedCommand(t *testing.T) {
	shared(t, func(p *piped) {
		p.get("a", time.Second, nil)
		for _, key := range []string{"a", "none", "b", "a"} {
			want := error(nil)
			if key == "none" {
				want = ErrMiss
			}
			p.get(key, time.Second, want)
		}
		p.ask(verbTouch, "a", time.Second, nil)
		p.ask(verbTouch, "none", time.Second, ErrMiss)
		p.ask(verbGetAndTouch, "a", time.Second, nil)
		p.get("c", time.Second, nil)
		server := p.accept()
		server.wants("a")
		server.answers("a")
		server.reads("gets a none b\r\ntouch a 0\r\ntouch none 0\r\ngat 0 a\r\ngets c\r\n")
		server.writes(values("a", "b") + "TOUCHED\r\nNOT_FOUND\r\n" + values("a") + values("c"))
	})
}

// A command is never longer than memcached takes it.
func TestLongCommands(t *testing.T) {
	shared(t, func(p *piped) {
		var keys []string
		for i := range 7 {
			keys = append(keys, fmt.Sprintf("%0*d", maxKey, i))
			p.get(keys[i], time.Second, nil)
		}
		server := p.accept()
		server.wants(keys[0])
		server.answers(keys[0])
		server.reads("gets " + strings.Join(keys[1:5], " ") + "\r\ngets " + strings.Join(keys[5:], " ") + "\r\n")
		server.writes(values(keys[1:5]...) + values(keys[5:]...))
	})
}

func TestBatchBound(t *testing.T) {
	shared(t, func(p *piped) {
		keys := make([]string, maxBatch+2)
		for i := range keys {
			keys[i] = fmt.Sprintf("key%03d", i)
			p.get(keys[i], time.Second, nil)
		}
		server := p.accept()
		for _, batch := range [][]string{keys[:1], keys[1 : maxBatch+1], keys[maxBatch+1:]} {
			server.wants(batch...)
			server.answers(batch...)
		}
	})
}

// A caller whose time is up is gone at that moment, wherever its question is,
// and its answer is nobody's.
func TestLeavingRider(t *testing.T) {
	shared(t, func(p *piped) {
		p.get("leader", time.Second, nil)
		p.get("early", 10*time.Millisecond, errBusy)
		p.get("late", 30*time.Millisecond, errLate)
		p.get("patient", time.Second, nil)
		server := p.accept()
		server.wants("leader")
		time.Sleep(20 * time.Millisecond)
		server.answers("leader")
		server.wants("late", "patient")
		time.Sleep(20 * time.Millisecond)
		server.answers("late", "patient")
		p.get("next", time.Second, nil)
		server.wants("next")
		server.answers("next")
	})
}

// A leader whose time is up leaves the others to one of them.
func TestLeaderLeaves(t *testing.T) {
	shared(t, func(p *piped) {
		p.get("a", time.Second, nil)
		server := p.accept()
		server.wants("a")
		p.get("b", 10*time.Millisecond, errLate)
		p.get("c", 20*time.Millisecond, errLate)
		p.get("d", 30*time.Millisecond, nil)
		server.answers("a")
		server.wants("b", "c", "d")
		time.Sleep(25 * time.Millisecond)
		server.answers("b", "c", "d")
		p.get("e", time.Second, nil)
		server.wants("e")
		server.answers("e")
	})
}

// With nobody left who waits, the connection is given up, and the next call has
// another one.
func TestAllLeave(t *testing.T) {
	shared(t, func(p *piped) {
		p.get("a", 5*time.Millisecond, errLate)
		p.get("b", 10*time.Millisecond, errLate)
		old := p.accept()
		old.wants("a")
		time.Sleep(7 * time.Millisecond)
		second := p.accept()
		second.wants("b") // it leads, and has its own time for that
		p.get("c", time.Second, nil)
		time.Sleep(7 * time.Millisecond)
		third := p.accept()
		third.wants("c")
		third.answers("c")
		if _, err := old.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("got error %v of a connection that was given up, want %v", err, io.EOF)
		}
	})
}

// When a connection breaks, the answers that were read stand, and the rest is
// asked for once more on a new one, and not twice.
func TestBrokenConnection(t *testing.T) {
	shared(t, func(p *piped) {
		p.get("a", time.Second, nil)
		p.ask(verbTouch, "b", time.Second, nil)
		for _, key := range []string{"c", "d", "e"} {
			p.get(key, time.Second, nil)
		}
		first := p.accept()
		first.wants("a")
		first.answers("a")
		first.reads("touch b 0\r\ngets c d e\r\n")
		first.writes("TOUCHED\r\n" + values("c", "d")[:30])
		first.Close()
		p.accept().serve()
		p.calls.Wait()
		if got := p.stats(); got.Retries != 3 || got.Failures != 0 || got.Shared != 8 {
			t.Errorf("got %+v, want 3 retries", got)
		}
	})
	shared(t, func(p *piped) {
		p.get("a", time.Second, nil)
		p.get("b", time.Second, io.EOF)
		first := p.accept()
		first.wants("a")
		first.answers("a")
		first.wants("b")
		first.Close()
		second := p.accept()
		second.wants("b")
		second.Close()
		p.calls.Wait()
		if got := p.stats(); got.Retries != 1 || got.Failures != 1 || len(p.conns) != 0 {
			t.Errorf("got %+v, want one retry", got)
		}
	})
}

// An answer that cannot be to the question ends the connection before somebody
// takes the next one for his.
func TestForeignAnswerInBatch(t *testing.T) {
	f := func(answer string, want error) {
		t.Helper()
		shared(t, func(p *piped) {
			p.get("a", time.Second, nil)
			p.get("b", time.Second, want)
			p.get("c", time.Second, nil)
			first := p.accept()
			first.wants("a")
			first.answers("a")
			first.wants("b", "c")
			first.writes(answer)
			second := p.accept()
			second.wants("c")
			second.answers("c")
		})
	}
	f(values("x"), errOtherKey)
	f(values("c", "c"), errSurplus)
	f("SERVER_ERROR out of memory\r\n"+values("b"), ErrUnavailable)
	f("TOUCHED\r\n"+values("b"), ErrUnavailable)
	f("VALUE b 0 9999999 1\r\n", errBadSize)
}

// What stands behind the last answer may be it as well.
func TestSurplusInBatch(t *testing.T) {
	shared(t, func(p *piped) {
		p.get("a", time.Second, errSurplus)
		server := p.accept()
		server.wants("a")
		server.writes("END\r\n" + values("a"))
	})
}

// A server that cannot be reached is so for all who wait.
func TestRefusedForAll(t *testing.T) {
	shared(t, func(p *piped) {
		dials, refuse := 0, make(chan struct{})
		p.dial = func(time.Time) (net.Conn, error) {
			dials++
			<-refuse
			return nil, &dialError{syscall.ECONNREFUSED}
		}
		for range 5 {
			p.get("a", time.Second, syscall.ECONNREFUSED)
		}
		close(refuse)
		p.calls.Wait()
		if dials != 1 {
			t.Errorf("dialled %d times, want once", dials)
		}
		p.get("a", time.Second, errDown)
	})
}

// Who asks again because a connection was closed does so on one that was
// dialled later, though another lane has one to offer.
func TestSecondTryIsOnNewConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPiped(t, 2)
		p.get("a", time.Second, nil)
		p.get("b", time.Second, nil)
		one, other := p.accept(), p.accept()
		one.wants("a")
		other.wants("b")
		one.answers("a") // and is put back
		p.get("c", time.Second, nil)
		one.wants("c")
		one.Close()
		synctest.Wait()
		third := p.accept()
		third.wants("c")
		p.get("d", time.Second, nil) // waits for whichever lane comes first
		other.answers("b")
		fourth := p.accept()
		fourth.wants("d")
		fourth.answers("d")
		third.answers("c")
		p.end()
	})
}

// Close waits for those aboard, who get their answers; whoever comes later is
// told.
func TestCloseWaitsForRiders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPiped(t, 1)
		p.get("a", time.Second, nil)
		p.get("b", time.Second, nil)
		p.calls.Go(p.close)
		synctest.Wait()
		p.get("c", time.Second, ErrClosed)
		server := p.accept()
		server.wants("a")
		time.Sleep(time.Millisecond)
		server.answers("a")
		server.wants("b")
		server.answers("b")
		p.end()
		if _, err := server.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("got error %v, want %v", err, io.EOF)
		}
	})
}

// With too many aboard a read has a connection of its own.
func TestTooManyRiders(t *testing.T) {
	shared(t, func(p *piped) {
		p.lanes.aboard = maxRiders
		p.get("a", time.Second, nil)
		server := p.accept()
		server.wants("a")
		server.answers("a")
		p.calls.Wait()
		if got := p.stats(); got.Shared != 0 || got.Idle != 1 {
			t.Errorf("got %+v", got)
		}
		p.lanes.aboard = 0
	})
}

// A connection is found closed, and on the next one the server reads nothing:
// nobody's call ends before its own time, though all ride once more behind
// leaders whose time is up.
func TestClosedThenStuck(t *testing.T) {
	shared(t, func(p *piped) {
		dial, dials := p.dial, 0
		p.dial = func(deadline time.Time) (net.Conn, error) {
			if dials++; dials > 1 {
				time.Sleep(time.Millisecond) // so that the others queue behind the leader
			}
			return dial(deadline)
		}
		p.get("x", time.Second, nil)
		server := p.accept()
		server.wants("x")
		server.answers("x")
		for i := range 10 {
			p.calls.Go(func() {
				began, within := time.Now(), time.Duration(10+i)*time.Millisecond
				_, err := p.until(began.Add(within), &request{verb: verbGet, key: "a"}, false)
				if took := time.Since(began); !errors.Is(err, ErrUnavailable) || took != within {
					t.Errorf("got %v after %v, want %v after %v", err, took, ErrUnavailable, within)
				}
			})
			synctest.Wait()
		}
		server.wants("a")
		_ = server.Close()
		p.calls.Wait()
	})
}

// Nobody waits for a stuck server longer than his own time, and soon nobody
// asks it any more.
func TestStuckServer(t *testing.T) {
	shared(t, func(p *piped) {
		began := time.Now()
		for i := range 10 {
			p.get("a", time.Duration(10+i)*time.Millisecond, ErrUnavailable)
		}
		p.accept().wants("a")
		p.calls.Wait()
		if got, want := time.Since(began), 19*time.Millisecond; got != want {
			t.Errorf("took %v, want %v", got, want)
		}
		p.get("b", time.Second, errDown)
	})
}
