package throttle

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"
)

// sharedKey is the name of a count in the shared Counter, of one stretch of time.
func (t *Throttle) sharedKey(k *key, number int64) string {
	return "throttle" + base64.RawURLEncoding.EncodeToString(k[:18]) + strconv.FormatInt(number, 36)
}

// enterShared counts a flight in the shared counter, and returns how long it
// would have to wait. Where that fails the local counts have to do.
func (t *Throttle) enterShared(ctx context.Context, f *flight) time.Duration {
	now := t.now()
	var wait time.Duration
	for c := range f.counted() {
		got, err := t.sharedCounts(ctx, &c.key, f.number)
		if err != nil {
			t.notify(fmt.Errorf("count failed logins: %w", err))
			f.shared = false
			return 0
		}
		wait = max(wait, t.window.wait(got, c.most, now))
	}
	if wait > 0 {
		t.uncountShared(ctx, f)
	}
	return wait
}

// sharedCounts adds one to a key, and returns its counts without that.
func (t *Throttle) sharedCounts(ctx context.Context, k *key, number int64) (counts, error) {
	now, err := t.shared.Add(ctx, t.sharedKey(k, number), 1, 2*t.cfg.Window)
	if err != nil {
		return counts{}, err
	}
	earlier, err := t.shared.Add(ctx, t.sharedKey(k, number-1), 0, t.cfg.Window)
	return counts{now - 1, earlier}, err
}

// uncountShared takes back what a flight was counted for.
func (t *Throttle) uncountShared(ctx context.Context, f *flight) {
	for c := range f.counted() {
		t.addShared(ctx, &c.key, f.number, -1)
	}
}

// forgetShared makes the failures of a flight's user undone.
func (t *Throttle) forgetShared(ctx context.Context, f *flight) {
	for _, number := range []int64{f.number, f.number - 1} {
		t.addShared(ctx, &f.counts[0].key, number, -maxFailures-1)
	}
}

func (t *Throttle) addShared(ctx context.Context, k *key, number int64, delta int) {
	if _, err := t.shared.Add(ctx, t.sharedKey(k, number), delta, 2*t.cfg.Window); err != nil {
		t.notify(fmt.Errorf("count failed logins: %w", err))
	}
}
