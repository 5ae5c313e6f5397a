package throttle_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"zerohop/gateway/throttle"
)

// Somebody guesses a password: the sixth guess within a minute has to wait.
func Example() {
	var cfg throttle.Config
	cfg.SetDefaults()
	now := func() time.Time { return time.Unix(1_700_000_040, 0) }
	t := throttle.New(cfg, throttle.Options{Now: now})
	ctx, from := context.Background(), netip.MustParseAddr("192.0.2.1")
	for _, password := range []string{"123456", "password", "qwerty", "letmein", "dragon", "monkey"} {
		attempt, err := t.Begin(ctx, "bob", from, []byte(password))
		if refused, ok := errors.AsType[*throttle.Error](err); ok {
			fmt.Println("429, Retry-After", refused.RetryAfter.Seconds())
			continue
		}
		attempt.Fail(ctx)
	}
	// Output: 429, Retry-After 72
}
