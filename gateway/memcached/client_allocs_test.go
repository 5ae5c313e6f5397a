//go:build !race

package memcached

import (
	"testing"
	"time"

	"zerohop/gateway/memcached/memcachedtest"
)

// What a read allocates is gomemcache's: the item, its value and its texts.
// Under the race detector pools forget, so that more is counted.
func TestReadAllocations(t *testing.T) {
	c := newClient(t, testConfig(memcachedtest.Start(t).Address()))
	check(t, c.Set(t.Context(), "key", make([]byte, 200), 0), nil)
	got := testing.AllocsPerRun(1000, func() {
		_, err := c.GetAndTouch(t.Context(), "key", time.Minute)
		check(t, err, nil)
	})
	if got > 5 {
		t.Errorf("got %v allocations, want 5 at most", got)
	}
}
