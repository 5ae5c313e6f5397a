package passhash

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestHasherBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(2, time.Second)
		for range 2 {
			if err := h.enter(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		if _, _, err := h.Verify(t.Context(), []byte("x"), Dummy); !errors.Is(err, ErrBusy) || time.Since(began) != time.Second {
			t.Errorf("got %v after %v, want %v after a second", err, time.Since(began), ErrBusy)
		}
		if _, err := h.Hash(t.Context(), []byte("x")); !errors.Is(err, ErrBusy) {
			t.Errorf("got %v, want %v", err, ErrBusy)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, _, err := h.Verify(ctx, []byte("x"), Dummy); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		// One that is refused anyway waits for nothing.
		if _, _, err := h.Verify(t.Context(), []byte("x"), "$1$x"); !errors.Is(err, ErrUnknown) {
			t.Errorf("got %v, want %v", err, ErrUnknown)
		}
		go func() {
			time.Sleep(time.Millisecond)
			h.leave()
		}()
		const cheap = "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"
		if ok, _, err := h.Verify(t.Context(), []byte("x"), cheap); ok || err != nil {
			t.Errorf("got %t, %v", ok, err)
		}
		h.leave()
		if got := h.Runs(); got != 3 {
			t.Errorf("got %d runs, want 3", got)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	for b.Loop() {
		_, _, _ = Verify([]byte("secret"), Dummy)
	}
}
