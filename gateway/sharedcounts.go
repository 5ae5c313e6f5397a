package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zerohop/gateway/memcached"
)

// sharedCounts counts failed logins in memcached, for all processes.
type sharedCounts struct{ client *memcached.Client }

// Add is throttle.Counter's. A count does not go below 0.
func (c sharedCounts) Add(ctx context.Context, key string, delta int, life time.Duration) (int, error) {
	change := c.client.Increment
	size := uint64(max(delta, -delta))
	if delta < 0 {
		change = c.client.Decrement
	}
	n, err := change(ctx, key, size)
	if !errors.Is(err, memcached.ErrMiss) {
		return int(min(n, 1<<31)), err
	}
	if delta <= 0 {
		return 0, nil
	}
	switch err = c.client.Add(ctx, key, fmt.Append(nil, delta), life); {
	case errors.Is(err, memcached.ErrExists): // somebody was faster
		n, err = change(ctx, key, size)
		return int(min(n, 1<<31)), err
	case err != nil:
		return 0, err
	}
	return delta, nil
}
