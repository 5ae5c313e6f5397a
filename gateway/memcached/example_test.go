package memcached_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zerohop/gateway/memcached"
)

// A counter that several processes share, and that is over by itself.
func Example() {
	var config memcached.Config
	config.SetDefaults()
	config.Servers = []string{"127.0.0.1:11211", "unix:/run/memcached.sock"}
	client, err := memcached.New(config) // asks no server yet
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	count := func(ctx context.Context, key string) (uint64, error) {
		switch err := client.Add(ctx, key, []byte("1"), time.Minute); {
		case err == nil:
			return 1, nil
		case !errors.Is(err, memcached.ErrExists):
			return 0, err // memcached.ErrUnavailable, within the timeout
		}
		return client.Increment(ctx, key, 1)
	}
	_, err = count(context.Background(), "a key with spaces")
	fmt.Println(errors.Is(err, memcached.ErrKey))
	// Output: true
}
