package throttle

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
)

// many has n requests begin with the same password while the first tries it,
// and returns how many have tried it, once they all have ended as end says.
func many(t *testing.T, th *Throttle, n int, end func(a Attempt, turn int) error) (tried int) {
	t.Helper()
	first, err := th.Begin(t.Context(), "bob", address("192.0.2.1"), []byte("same"))
	if err != nil {
		t.Fatal(err)
	}
	turns := make(chan int, 1)
	turns <- 1
	for range n - 1 {
		go func() {
			a, err := th.Begin(context.Background(), "bob", address("192.0.2.1"), []byte("same"))
			if errors.Is(err, ErrFailed) {
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			turn := <-turns
			turns <- turn + 1
			if err := end(a, turn); err != nil {
				t.Error(err)
			}
		}()
	}
	synctest.Wait() // they all have joined
	if err := end(first, 0); err != nil {
		t.Error(err)
	}
	synctest.Wait()
	if len(th.flights) != 0 {
		t.Errorf("%d attempts are still under way", len(th.flights))
	}
	return <-turns
}

// A wrong password that comes a hundred times at once is tried and counted
// once.
func TestSameWrongPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th, _ := newThrottle(nil)
		fail := func(a Attempt, _ int) error {
			a.Fail(context.Background())
			return nil
		}
		for i := range 5 {
			if tried := many(t, th, 100, fail); tried != 1 {
				t.Errorf("%d. hundred: %d were tried, want one", i+1, tried)
			}
		}
		if wait := guess(t, th, "bob", "192.0.2.1", "same", false); wait == 0 {
			t.Error("the sixth guess is let through")
		}
	})
}

// A right one is everybody's own to look at, and counts nothing.
func TestSameRightPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th, _ := newThrottle(nil)
		pass := func(a Attempt, _ int) error {
			a.Pass(context.Background())
			return nil
		}
		for range 20 {
			if tried := many(t, th, 100, pass); tried != 100 {
				t.Errorf("%d were let in, want 100", tried)
			}
		}
	})
}

// Where the first cannot tell, the next one tries, alone.
func TestSamePasswordCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th, _ := newThrottle(nil)
		tried := many(t, th, 100, func(a Attempt, turn int) error {
			if th.flights[a.tag].requests != 100-turn {
				return fmt.Errorf("%d are under way at turn %d", th.flights[a.tag].requests, turn)
			}
			if turn < 3 {
				a.Cancel(context.Background())
			} else {
				a.Fail(context.Background())
			}
			return nil
		})
		if tried != 4 {
			t.Errorf("%d were tried, want 4", tried)
		}
	})
}

// Overlapping requests are no chain of free guesses: what begins once the
// password is known to be wrong is another guess.
func TestOverlappingGuesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th, _ := newThrottle(nil)
		let := 0
		for range 1000 {
			a, err := th.Begin(t.Context(), "bob", address("192.0.2.1"), []byte("same"))
			if err != nil {
				continue
			}
			let++
			go func() {
				if _, err := th.Begin(context.Background(), "bob", address("192.0.2.1"), []byte("same")); !errors.Is(err, ErrFailed) {
					t.Errorf("got %v, want ErrFailed", err)
				}
			}()
			synctest.Wait()
			a.Fail(t.Context())
		}
		if let != 5 {
			t.Errorf("%d guesses were let through, want 5", let)
		}
	})
}

// Who leaves while he waits takes nobody's turn.
func TestLeaveWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th, _ := newThrottle(nil)
		ctx, leave := context.WithCancel(t.Context())
		first, err := th.Begin(t.Context(), "bob", address("192.0.2.1"), []byte("same"))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if _, err := th.Begin(ctx, "bob", address("192.0.2.1"), []byte("same")); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want Canceled", err)
			}
		}()
		synctest.Wait()
		leave()
		synctest.Wait()
		first.Cancel(t.Context())
		if len(th.flights) != 0 {
			t.Errorf("%d attempts are still under way", len(th.flights))
		}
	})
}
