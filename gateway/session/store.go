package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zerohop/gateway/memcached"
)

// store keeps sealed values by key. All of it fails with memcached's errors,
// whichever store it is: ErrMiss, ErrExists, ErrConflict, ErrUnavailable.
// What it returns must not be changed, nor what it was given.
type store interface {
	// GetAndTouch reads a value, which lives for ttl from now on.
	GetAndTouch(ctx context.Context, key string, ttl time.Duration) ([]byte, error)
	Get(ctx context.Context, key string) (memcached.Item, error)
	Add(ctx context.Context, key string, value []byte, ttl time.Duration) error
	CompareAndSwap(ctx context.Context, key string, value []byte, ttl time.Duration, cas uint64) error
	Delete(ctx context.Context, key string) error
	Close()
}

// storeFailure makes an error of the store one of this package.
func storeFailure(what string, err error) error {
	if errors.Is(err, memcached.ErrMiss) {
		return ErrNone
	}
	return fmt.Errorf("%s session: %w: %w", what, ErrUnavailable, err)
}
