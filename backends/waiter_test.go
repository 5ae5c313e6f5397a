package backends

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"
)

// busyGroup is a group of servers, each with room for one request, and what
// the requests were given to.
type busyGroup struct {
	*Group
	release map[*member]chan struct{}

	notes sync.Mutex
	// started are the names of the requests, in the order in which they began.
	started []string
	ended   map[string]error
}

func (b *busyGroup) noteStarted(name string) {
	b.notes.Lock()
	defer b.notes.Unlock()
	b.started = append(b.started, name)
}

func (b *busyGroup) noteEnded(name string, err error) {
	b.notes.Lock()
	defer b.notes.Unlock()
	b.ended[name] = err
}

// newBusyGroup returns a group whose servers answer when the test says so, for
// synctest bubbles.
func newBusyGroup(t *testing.T, cfg Config) *busyGroup {
	b := &busyGroup{release: map[*member]chan struct{}{}, ended: map[string]error{}}
	g, fakes := newFakeGroup(t, cfg)
	b.Group = g
	for i, m := range g.members {
		c := make(chan struct{})
		b.release[m] = c
		if s := fakes[i]; s != nil {
			s.answer = func(rc *fasthttp.RequestCtx) error {
				b.noteStarted(string(rc.Request.Header.Peek("Name")))
				<-c
				return nil
			}
		}
	}
	return b
}

// ask sends a request, and waits until it has come as far as it can.
func (b *busyGroup) ask(in *fakeInbound, name string, h Handler) {
	rc := newRequest("GET")
	rc.Request.Header.Set("Name", name)
	go func() { b.noteEnded(name, b.Serve(in, rc, h)) }()
	synctest.Wait()
}

// free has member i answer one request.
func (b *busyGroup) free(i int) {
	b.release[b.members[i]] <- struct{}{}
	synctest.Wait()
}

func (b *busyGroup) wantStarted(t *testing.T, want ...string) {
	t.Helper()
	b.notes.Lock()
	defer b.notes.Unlock()
	if !slices.Equal(b.started, want) {
		t.Errorf("got %v begun, want %v", b.started, want)
	}
}

// queueing is a group of n servers with room for one request each, and a queue.
func queueing(n, queue int) Config {
	cfg := servers(n)
	cfg.Balance, cfg.Queue, cfg.Wait = balanceSmoothWRR, queue, time.Second
	for i := range cfg.Members {
		cfg.Members[i].MaxInFlight = 1
	}
	return cfg
}

func TestGroupQueueIsFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBusyGroup(t, queueing(2, 3))
		for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
			b.ask(newInbound(), name, nil)
		}
		b.wantStarted(t, "a", "b")
		if !errors.Is(b.ended["f"], ErrFull) {
			t.Errorf("got %v, want %v", b.ended["f"], ErrFull)
		}
		if st := b.Stats(); st.Waiting != 3 || st.Queue != 3 || st.Refused != 1 {
			t.Errorf("got %+v", st)
		}
		b.free(1)
		b.wantStarted(t, "a", "b", "c")
		b.free(1)
		b.free(0)
		b.wantStarted(t, "a", "b", "c", "d", "e")
		b.free(0)
		b.free(1)
		if got := inFlight(b.Group); got != 0 {
			t.Errorf("got %d in flight, want none", got)
		}
	})
}

func TestWaitInTheGroupsQueueEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBusyGroup(t, queueing(1, 1))
		b.ask(newInbound(), "a", nil)
		began := time.Now()
		err := b.Serve(newInbound(), newRequest("GET"), nil)
		if !errors.Is(err, ErrFull) || time.Since(began) != time.Second {
			t.Errorf("got %v after %v, want %v after 1s", err, time.Since(began), ErrFull)
		}
		if st := b.Stats(); st.QueueTimeouts != 1 || st.Waiting != 0 {
			t.Errorf("got %+v, want one that waited too long", st)
		}
		b.free(0)
	})
}

// deadlineInbound is a request with a deadline, as one with a handler is.
type deadlineInbound struct {
	*fakeInbound
	deadline time.Time
}

func (in deadlineInbound) Deadline() (time.Time, bool) { return in.deadline, true }

func TestDeadlineEndsTheWaitInTheGroupsQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBusyGroup(t, queueing(1, 1))
		b.ask(newInbound(), "a", nil)
		in := deadlineInbound{newInbound(), time.Now().Add(100 * time.Millisecond)}
		err := b.Serve(in, newRequest("GET"), nil)
		if !errors.Is(err, context.DeadlineExceeded) || time.Now() != in.deadline {
			t.Errorf("got %v, want the deadline's", err)
		}
		b.free(0)
	})
}

// A client that leaves gives its place in the queue to the others, and one
// that has left before gets none.
func TestClientLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBusyGroup(t, queueing(1, 2))
		leaver := newInbound()
		b.ask(newInbound(), "a", nil)
		b.ask(leaver, "b", nil)
		b.ask(newInbound(), "c", nil)
		leaver.leave()
		synctest.Wait()
		if !errors.Is(b.ended["b"], context.Canceled) || b.Stats().Waiting != 1 {
			t.Errorf("got %v and %d waiting, want it cancelled", b.ended["b"], b.Stats().Waiting)
		}
		b.ask(leaver, "d", nil)
		if !errors.Is(b.ended["d"], context.Canceled) || leaver.running != nil {
			t.Errorf("got %v, want it cancelled", b.ended["d"])
		}
		b.free(0)
		b.free(0)
		b.wantStarted(t, "a", "c")
	})
}

// Who waits for a server is passed over by a worker that becomes free.
func TestQueueSkipsWhoCannotBeServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := queueing(1, 3)
		cfg.Members = append(cfg.Members, MemberConfig{Workers: 1, Weight: 1})
		b := newBusyGroup(t, cfg)
		release := make(chan struct{})
		handler := func(name string) Handler {
			return func(context.Context, *fasthttp.RequestCtx) error {
				b.noteStarted(name + " inside")
				<-release
				return nil
			}
		}
		b.ask(newInbound(), "a", nil)
		b.ask(newInbound(), "b", handler("b"))
		b.ask(newInbound(), "c", nil)
		b.ask(newInbound(), "d", handler("d"))
		release <- struct{}{}
		synctest.Wait()
		b.wantStarted(t, "a", "b inside", "d inside")
		b.free(0)
		b.wantStarted(t, "a", "b inside", "d inside", "c")
		b.free(0)
		release <- struct{}{}
	})
}

// A pool's own queue comes first, and has its own longest wait.
func TestPoolsOwnQueueAndWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Pool(1, 1)
		cfg.Members[0].Wait = 50 * time.Millisecond
		cfg.Queue, cfg.Wait = 1, time.Second
		g, _ := newFakeGroup(t, cfg)
		release := make(chan struct{})
		go g.Serve(newInbound(), nil, func(context.Context, *fasthttp.RequestCtx) error {
			<-release
			return nil
		})
		synctest.Wait()
		for _, want := range []time.Duration{50 * time.Millisecond, time.Second} {
			began := time.Now()
			go func() {
				if err := g.Serve(newInbound(), nil, nothing); !errors.Is(err, ErrFull) || time.Since(began) != want {
					t.Errorf("got %v after %v, want %v after %v", err, time.Since(began), ErrFull, want)
				}
			}()
			synctest.Wait()
		}
		time.Sleep(2 * time.Second)
		close(release)
	})
}

func TestCloseRefusesTheGroupsQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBusyGroup(t, queueing(1, 2))
		b.ask(newInbound(), "a", nil)
		b.ask(newInbound(), "b", nil)
		b.Close()
		b.ask(newInbound(), "c", nil)
		for _, name := range []string{"b", "c"} {
			if err := b.ended[name]; !errors.Is(err, ErrClosed) {
				t.Errorf("%s: got %v, want %v", name, err, ErrClosed)
			}
		}
		b.free(0)
		if err := b.ended["a"]; err != nil {
			t.Errorf("got %v, want what ran to end well", err)
		}
	})
}

// A group whose slow route fills its workers leaves another group alone.
func TestGroupsAreIsolated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, quick := newTestGroup(t, 4, 4), newTestGroup(t, 4, 4)
		for range 100 {
			go slow.Serve(context.Background(), nil, func(context.Context, *fasthttp.RequestCtx) error {
				time.Sleep(time.Minute)
				return nil
			})
		}
		synctest.Wait()
		if m := slow.Stats().Members[0]; m.Busy != 4 || m.Waiting != 4 || m.Refused != 92 {
			t.Fatalf("got %+v, want a full pool", m)
		}
		began := time.Now()
		for range 100 {
			if err := quick.Serve(context.Background(), nil, nothing); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("got %v in the clock of the test, want none", took)
		}
		time.Sleep(3 * time.Minute)
	})
}
