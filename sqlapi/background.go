package sqlapi

import (
	"context"
	"sync"
)

// background runs the goroutines of a Database. It may be used by any number
// of goroutines at once.
type background struct {
	ctx    context.Context // ends with stop
	cancel context.CancelFunc

	mu      sync.Mutex
	stopped bool
	running sync.WaitGroup // grows under mu, and not once stopped
}

func newBackground() *background {
	b := new(background)
	b.ctx, b.cancel = context.WithCancel(context.Background())
	return b
}

// start runs f in a goroutine, until its context ends. After stop it does
// nothing.
func (b *background) start(f func(ctx context.Context)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.stopped {
		b.running.Go(func() { f(b.ctx) })
	}
}

// stop ends what runs and waits for it.
func (b *background) stop() {
	b.mu.Lock()
	b.stopped = true
	b.mu.Unlock()
	b.cancel()
	b.running.Wait()
}
