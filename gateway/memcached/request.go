package memcached

import (
	"errors"
	"math"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

type verb uint8

const (
	verbGet verb = iota
	verbGetAndTouch
	verbTouch
	verbSet
	verbAdd
	verbSwap
	verbDelete
	verbIncrement
	verbDecrement
)

// repeatable reports whether a request may be sent again when nobody knows
// what became of the first one. A Set is not: by then somebody else may have
// stored a newer value.
func (v verb) repeatable() bool {
	return v == verbGet || v == verbGetAndTouch || v == verbTouch || v == verbDelete
}

// writes reports whether a request leaves something behind that its sender
// has to know of.
func (v verb) writes() bool { return v != verbGet && v != verbGetAndTouch && v != verbTouch }

// request is what is asked of a server.
type request struct {
	verb   verb
	key    string
	value  []byte
	expiry int32
	cas    uint64
	delta  uint64
}

// reply is what a server says to it, as far as the verb has something to say.
type reply struct {
	value  []byte
	cas    uint64
	number uint64
}

// errOtherKey: the answer belongs to a question that somebody else asked.
var errOtherKey = errors.New("the server answered with another key")

// send asks the server of c.
func (r *request) send(c *memcache.Client) (reply, error) {
	switch r.verb {
	case verbGet:
		return r.read(c.Get(r.key))
	case verbGetAndTouch:
		return r.read(c.GetAndTouch(r.key, r.expiry))
	case verbTouch:
		return reply{}, c.Touch(r.key, r.expiry)
	case verbSet:
		return reply{}, c.Set(r.item())
	case verbAdd:
		return reply{}, c.Add(r.item())
	case verbSwap:
		return reply{}, c.CompareAndSwap(r.item())
	case verbDelete:
		return reply{}, c.Delete(r.key)
	case verbIncrement:
		n, err := c.Increment(r.key, r.delta)
		return reply{number: n}, err
	case verbDecrement:
		n, err := c.Decrement(r.key, r.delta)
		return reply{number: n}, err
	}
	panic("bug: a request without a verb")
}

func (r *request) item() *memcache.Item {
	return &memcache.Item{Key: r.key, Value: r.value, Expiration: r.expiry, CasID: r.cas}
}

func (r *request) read(item *memcache.Item, err error) (reply, error) {
	switch {
	case err != nil:
		return reply{}, err
	case item.Key != r.key:
		return reply{}, errOtherKey
	}
	return reply{value: item.Value, cas: item.CasID}, nil
}

// longest is what memcached takes for a number of seconds; more is a date.
const longest = 30 * 24 * time.Hour

// expiry returns a time to live as memcached wants it: in seconds, or as the
// date when it is over. 0 is for good, and never meant by what is left of less
// than a second.
func expiry(ttl time.Duration) int32 {
	switch {
	case ttl == 0:
		return 0
	case ttl < 0:
		return -1
	case ttl <= longest:
		return int32((ttl + time.Second - 1) / time.Second)
	}
	return int32(min(time.Now().Add(ttl).Unix(), math.MaxInt32))
}
