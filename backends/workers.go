package backends

import (
	"container/list"
	"context"
	"fmt"
	"sync"

	"github.com/valyala/fasthttp"
)

// workers is an in-process pool: a bound on how many handlers run at once,
// with a bounded queue in front, first come first served. A request that finds
// a worker free pays for two short locks and no hand-off to another goroutine.
type workers struct {
	slots, queue int

	mu      sync.Mutex
	busy    int
	waiting list.List // of chan error: nil is a worker, an error a refusal
	refused uint64
	closed  bool
}

func newWorkers(slots, queue int) *workers {
	return &workers{slots: slots, queue: queue}
}

func (w *workers) serve(ctx context.Context, rc *fasthttp.RequestCtx, h Handler) error {
	turn, err := w.enter()
	if err != nil {
		return err
	}
	if turn != nil {
		if err := w.await(ctx, turn); err != nil {
			return err
		}
	}
	defer w.leave()
	return h(ctx, rc)
}

// enter takes a worker. Where all are busy it takes a place in the queue, and
// returns it.
func (w *workers) enter() (turn *list.Element, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return nil, ErrClosed
	case w.busy < w.slots:
		w.busy++
		return nil, nil
	case w.waiting.Len() < w.queue:
		return w.waiting.PushBack(make(chan error, 1)), nil
	}
	w.refused++
	return nil, ErrFull
}

// await waits for a worker until ctx ends.
func (w *workers) await(ctx context.Context, turn *list.Element) error {
	granted := turn.Value.(chan error)
	select {
	case err := <-granted:
		return err
	case <-ctx.Done():
	}
	w.mu.Lock()
	w.waiting.Remove(turn) // nothing, where it has just been taken out
	w.mu.Unlock()
	select {
	case err := <-granted:
		if err == nil {
			w.leave()
		}
	default:
	}
	return fmt.Errorf("wait for a worker: %w", context.Cause(ctx))
}

// leave gives the worker to whoever has waited longest.
func (w *workers) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if first := w.waiting.Front(); first != nil {
		w.waiting.Remove(first).(chan error) <- nil
		return
	}
	w.busy--
}

func (w *workers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for w.waiting.Len() > 0 {
		w.waiting.Remove(w.waiting.Front()).(chan error) <- ErrClosed
	}
}
