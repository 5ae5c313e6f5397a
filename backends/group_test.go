package backends

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"
)

func newTestGroup(t *testing.T, slots, queue int) *Group {
	t.Helper()
	g, err := NewGroup("local", Pool(slots, queue), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// nothing is a handler that does nothing.
func nothing(context.Context, *fasthttp.RequestCtx) error { return nil }

func TestServeRunsTheHandler(t *testing.T) {
	g := newTestGroup(t, 1, 0)
	failure := errors.New("failure")
	f := func(want error) {
		t.Helper()
		rc := new(fasthttp.RequestCtx)
		ran := false
		got := g.Serve(context.Background(), rc, func(_ context.Context, r *fasthttp.RequestCtx) error {
			ran = r == rc
			return want
		})
		if !errors.Is(got, want) || !ran {
			t.Errorf("got %v, ran %v, want %v", got, ran, want)
		}
	}
	f(nil)
	f(failure)
	f(nil)
}

func TestWorkersAreBounded(t *testing.T) {
	g := newTestGroup(t, 3, 100)
	var running, most atomic.Int32
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			err := g.Serve(context.Background(), nil, func(context.Context, *fasthttp.RequestCtx) error {
				n := running.Add(1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				time.Sleep(100 * time.Microsecond)
				running.Add(-1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := most.Load(); got > 3 {
		t.Errorf("got %d at once, want at most 3", got)
	}
}

func TestFullGroupRefusesAtOnce(t *testing.T) {
	g := newTestGroup(t, 1, 0)
	err := g.Serve(context.Background(), nil, func(ctx context.Context, rc *fasthttp.RequestCtx) error {
		return g.Serve(ctx, rc, func(context.Context, *fasthttp.RequestCtx) error {
			t.Error("the second handler ran")
			return nil
		})
	})
	if !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want %v", err, ErrFull)
	}
	if err := g.Serve(context.Background(), nil, nothing); err != nil {
		t.Errorf("after it got %v, want nil", err)
	}
}

func TestQueueIsFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newTestGroup(t, 1, 3)
		release := make(chan struct{})
		var order []int
		for i := range 4 {
			go g.Serve(context.Background(), nil, func(context.Context, *fasthttp.RequestCtx) error {
				order = append(order, i)
				<-release
				return nil
			})
			synctest.Wait()
		}
		err := g.Serve(context.Background(), nil, nothing)
		if !errors.Is(err, ErrFull) {
			t.Errorf("got %v, want %v", err, ErrFull)
		}
		close(release)
		synctest.Wait()
		for i, got := range order {
			if got != i {
				t.Fatalf("got order %v", order)
			}
		}
	})
}

func TestDeadlineEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newTestGroup(t, 1, 1)
		release := make(chan struct{})
		go g.Serve(context.Background(), nil, func(context.Context, *fasthttp.RequestCtx) error {
			<-release
			return nil
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		began := time.Now()
		err := g.Serve(ctx, nil, nothing)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		close(release)
		synctest.Wait()
		// Neither the place in the queue nor the worker is lost.
		if err := g.Serve(context.Background(), nil, nothing); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseRefusesWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newTestGroup(t, 1, 1)
		release := make(chan struct{})
		var running, waiting error = errors.New("unfinished"), nil
		go func() {
			running = g.Serve(context.Background(), nil, func(context.Context, *fasthttp.RequestCtx) error {
				<-release
				return nil
			})
		}()
		synctest.Wait()
		go func() { waiting = g.Serve(context.Background(), nil, nothing) }()
		synctest.Wait()
		g.Close()
		close(release)
		synctest.Wait()
		if running != nil || !errors.Is(waiting, ErrClosed) {
			t.Errorf("got %v and %v, want nil and %v", running, waiting, ErrClosed)
		}
		if err := g.Serve(context.Background(), nil, nothing); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want %v", err, ErrClosed)
		}
	})
}

func TestPanicFreesTheWorker(t *testing.T) {
	g := newTestGroup(t, 1, 0)
	func() {
		defer func() { recover() }()
		g.Serve(context.Background(), nil, func(context.Context, *fasthttp.RequestCtx) error { panic("handler") })
	}()
	if err := g.Serve(context.Background(), nil, nothing); err != nil {
		t.Error(err)
	}
}

func TestServeDoesNotAllocate(t *testing.T) {
	g := newTestGroup(t, 4, 4)
	if got := testing.AllocsPerRun(1000, func() { g.Serve(context.Background(), nil, nothing) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func BenchmarkGroupOfWorkers(b *testing.B) {
	g, err := NewGroup("local", Pool(1000, 0), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			g.Serve(context.Background(), nil, nothing)
		}
	})
}
