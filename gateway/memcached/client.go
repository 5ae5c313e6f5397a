package memcached

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

// What a call may fail with. Any other error means that the key or the value
// could not be sent at all.
var (
	// ErrMiss: the server has no value under the key.
	ErrMiss = errors.New("no such value")
	// ErrExists: there was a value under the key already, so none was added.
	ErrExists = errors.New("there is a value already")
	// ErrConflict: the value is another one than the one that was read.
	ErrConflict = errors.New("the value has changed")
	// ErrUnavailable: the key's server gave no answer in time, or none that
	// makes sense.
	ErrUnavailable = errors.New("memcached server unavailable")
	// ErrUncertain comes with ErrUnavailable, of a write that was sent: the
	// server may have carried it out, or may still do so.
	ErrUncertain = errors.New("the write may have been carried out")
	// ErrKey: the key is empty, has more than 250 bytes, or spaces or control
	// characters.
	ErrKey = errors.New("not a key that memcached takes")
	// ErrTooLarge: the value has more than MaxValue bytes.
	ErrTooLarge = errors.New("the value is too large")
	// ErrClosed: the client has been closed.
	ErrClosed = errors.New("memcached client closed")
)

const (
	// MaxValue is how many bytes a value may have: a server's own bound is
	// 1 MiB, with what it keeps beside the value.
	MaxValue = 1<<20 - 1<<10

	maxKey = 250 // bytes
)

// Client keeps values in the servers of its Config. It may be used by several
// goroutines at once.
//
// Of a call's context it is the Patience that counts. That it ends does not
// end the call, which takes milliseconds: Config.Timeout at most.
type Client struct {
	servers ring
}

// New makes a client, without asking any server. It fails where Validate finds
// a fault.
func New(c Config) (*Client, error) {
	if faults := c.Validate(); len(faults) > 0 {
		return nil, fmt.Errorf("set memcached up: %w", faults[0])
	}
	client := &Client{}
	for _, address := range c.Servers {
		client.servers = append(client.servers, newServer(address, c.Timeout, c.Connections))
	}
	return client, nil
}

// Item is a value with its version, for CompareAndSwap.
type Item struct {
	Value []byte
	CAS   uint64
}

// Get reads a value and its version. It fails with ErrMiss or ErrUnavailable.
func (c *Client) Get(ctx context.Context, key string) (Item, error) {
	r, err := c.call(ctx, request{verb: verbGet, key: key})
	return Item{r.value, r.cas}, err
}

// GetAndTouch reads a value, and gives it ttl to live from now on. It fails
// with ErrMiss or ErrUnavailable.
//
// A ttl counts in whole seconds and is rounded up; 0 is for good.
func (c *Client) GetAndTouch(ctx context.Context, key string, ttl time.Duration) ([]byte, error) {
	r, err := c.call(ctx, request{verb: verbGetAndTouch, key: key, expiry: expiry(ttl)})
	return r.value, err
}

// Touch gives a value ttl to live from now on. It fails with ErrMiss or
// ErrUnavailable.
func (c *Client) Touch(ctx context.Context, key string, ttl time.Duration) error {
	_, err := c.call(ctx, request{verb: verbTouch, key: key, expiry: expiry(ttl)})
	return err
}

// Set stores a value, whatever there was. It fails with ErrUnavailable, also
// when a server has no room.
func (c *Client) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	_, err := c.call(ctx, request{verb: verbSet, key: key, value: value, expiry: expiry(ttl)})
	return err
}

// Add stores a value where there was none. It fails with ErrExists or
// ErrUnavailable.
func (c *Client) Add(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	_, err := c.call(ctx, request{verb: verbAdd, key: key, value: value, expiry: expiry(ttl)})
	return err
}

// CompareAndSwap replaces the value that Get returned with this version. It
// fails with ErrConflict, ErrMiss or ErrUnavailable.
func (c *Client) CompareAndSwap(ctx context.Context, key string, value []byte, ttl time.Duration, cas uint64) error {
	_, err := c.call(ctx, request{verb: verbSwap, key: key, value: value, expiry: expiry(ttl), cas: cas})
	return err
}

// Delete removes a value. It fails with ErrMiss or ErrUnavailable. A second
// try may miss what the first one removed; both mean that it is gone.
func (c *Client) Delete(ctx context.Context, key string) error {
	_, err := c.call(ctx, request{verb: verbDelete, key: key})
	return err
}

// Increment adds to a value, which is a decimal number, and returns the sum. It
// fails with ErrMiss or ErrUnavailable, also when the value is no number.
func (c *Client) Increment(ctx context.Context, key string, delta uint64) (uint64, error) {
	r, err := c.call(ctx, request{verb: verbIncrement, key: key, delta: delta})
	return r.number, err
}

// Decrement takes from such a value, which does not go below 0. It fails as
// Increment does.
func (c *Client) Decrement(ctx context.Context, key string, delta uint64) (uint64, error) {
	r, err := c.call(ctx, request{verb: verbDecrement, key: key, delta: delta})
	return r.number, err
}

// Find is Get for a value that others have stored, who choose their servers
// differently: it asks one after the other. It also returns what deletes the
// value where it was found, which fails with ErrUnavailable. With a server
// down Find can fail with ErrUnavailable, and never with ErrMiss.
func (c *Client) Find(ctx context.Context, key string) (item Item, remove func() error, err error) {
	missed, patience := ErrMiss, patienceOf(ctx)
	for _, s := range c.servers {
		r, err := s.call(patience, request{verb: verbGet, key: key})
		if err == nil {
			return Item{r.value, r.cas}, func() error { return s.remove(patience, key) }, nil
		}
		if !errors.Is(err, ErrMiss) {
			missed = err
		}
	}
	return Item{}, nil, missed
}

func (s *server) remove(p *Patience, key string) error {
	if _, err := s.call(p, request{verb: verbDelete, key: key}); err != nil && !errors.Is(err, ErrMiss) {
		return err
	}
	return nil
}

func (c *Client) call(ctx context.Context, r request) (reply, error) {
	return c.servers.pick(r.key).call(patienceOf(ctx), r)
}

// Stats returns how the servers are, in the order of the Config.
func (c *Client) Stats() []Stats {
	stats := make([]Stats, len(c.servers))
	for i, s := range c.servers {
		stats[i] = s.stats()
	}
	return stats
}

// Close closes the connections, and waits for the calls under way: their
// timeout at most. Calls fail with ErrClosed from then on.
func (c *Client) Close() {
	for _, s := range c.servers {
		s.close()
	}
}

// check returns why a request cannot be sent, or nil.
func (r *request) check() error {
	if len(r.key) == 0 || len(r.key) > maxKey {
		return fmt.Errorf("%w: it has %d bytes", ErrKey, len(r.key))
	}
	for i := range len(r.key) {
		if r.key[i] <= ' ' || r.key[i] == 0x7f {
			return fmt.Errorf("%w: byte %d is %#02x", ErrKey, i, r.key[i])
		}
	}
	if len(r.value) > MaxValue {
		return fmt.Errorf("%w: it has %d bytes", ErrTooLarge, len(r.value))
	}
	return nil
}

// outcome translates what gomemcache returns for an answer; the rest is
// failures.
func outcome(verb verb, err error) (result error, answered bool) {
	switch {
	case err == nil:
		return nil, true
	case errors.Is(err, memcache.ErrCacheMiss):
		return ErrMiss, true
	case errors.Is(err, memcache.ErrCASConflict):
		return ErrConflict, true
	case errors.Is(err, memcache.ErrNotStored) && verb == verbAdd:
		return ErrExists, true
	}
	return err, false
}
