package passhash

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// ErrBusy: as many passwords as may be were being verified, for as long as one
// may wait.
var ErrBusy = errors.New("too many passwords to verify")

// Hasher verifies and hashes passwords, a few at a time: each takes a processor
// and up to 256 MiB for as long as it runs. One Hasher is shared by all that
// verify passwords in a process.
type Hasher struct {
	slots chan struct{}
	wait  time.Duration
	runs  atomic.Uint64
}

// NewHasher returns a Hasher that computes most hashes at a time. Others wait
// for their turn, for the given time.
func NewHasher(most int, wait time.Duration) *Hasher {
	return &Hasher{slots: make(chan struct{}, most), wait: wait}
}

// Runs returns how many hashes have been computed.
func (h *Hasher) Runs() uint64 { return h.runs.Load() }

// Verify is the function Verify, in its turn. The error may also be ErrBusy, or
// that of ctx.
func (h *Hasher) Verify(ctx context.Context, password []byte, encoded string) (ok, weak bool, err error) {
	if err := Check(encoded); err != nil {
		return false, false, err
	}
	if err := h.enter(ctx); err != nil {
		return false, false, err
	}
	defer h.leave()
	return Verify(password, encoded)
}

// Hash is the function Hash, in its turn, with the same errors besides.
func (h *Hasher) Hash(ctx context.Context, password []byte) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	return Hash(password)
}

// enter takes a slot. Only who waits for one asks ctx for its Done.
func (h *Hasher) enter(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	default:
	}
	limit := time.NewTimer(h.wait)
	defer limit.Stop()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-limit.C:
		return fmt.Errorf("%w: waited %v", ErrBusy, h.wait)
	case <-ctx.Done():
		return fmt.Errorf("wait to verify a password: %w", ctx.Err())
	}
}

func (h *Hasher) leave() {
	h.runs.Add(1)
	<-h.slots
}
