package session

import (
	"container/list"
	"sync"
	"time"

	"zerohop/gateway/memcached"
)

// memory is a store in this process, bounded by number and bytes. When it is
// full the session that was unused for longest makes room, as in memcached:
// refusing the new one would let whoever can begin sessions keep all others out.
//
// Every value lives for the same time after its last use, so that the order of
// use is that of expiry too: what has expired is at the back, and goes first.
type memory struct {
	max      int
	maxBytes int64
	now      func() time.Time

	mu      sync.Mutex
	entries map[string]*list.Element // of *entry
	recent  *list.List               // the one used last is in front
	bytes   int64
	version uint64
	evicted uint64
}

type entry struct {
	key     string
	value   []byte
	expires time.Time
	version uint64
}

// entryBytes is what an entry takes besides its key and value, about.
const entryBytes = 250

func (e *entry) size() int64 { return int64(len(e.key) + len(e.value) + entryBytes) }

func newMemory(max int, maxBytes int64, now func() time.Time) *memory {
	return &memory{max: max, maxBytes: maxBytes, now: now, entries: map[string]*list.Element{}, recent: list.New()}
}

func (m *memory) GetAndTouch(key string, ttl time.Duration) ([]byte, error) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.findLocked(key, now)
	if e == nil {
		return nil, memcached.ErrMiss
	}
	e.expires = now.Add(ttl)
	m.recent.MoveToFront(m.entries[key])
	return e.value, nil
}

func (m *memory) Get(key string) (memcached.Item, error) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.findLocked(key, now)
	if e == nil {
		return memcached.Item{}, memcached.ErrMiss
	}
	return memcached.Item{Value: e.value, CAS: e.version}, nil
}

func (m *memory) Add(key string, value []byte, ttl time.Duration) error {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.findLocked(key, now) != nil {
		return memcached.ErrExists
	}
	m.putLocked(key, value, now, ttl)
	return nil
}

func (m *memory) CompareAndSwap(key string, value []byte, ttl time.Duration, cas uint64) error {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.findLocked(key, now)
	switch {
	case e == nil:
		return memcached.ErrMiss
	case e.version != cas:
		return memcached.ErrConflict
	}
	m.removeLocked(m.entries[key])
	m.putLocked(key, value, now, ttl)
	return nil
}

func (m *memory) Delete(key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	element, ok := m.entries[key]
	if !ok {
		return memcached.ErrMiss
	}
	m.removeLocked(element)
	return nil
}

// Close leaves the sessions alone: there is nothing to close.
func (m *memory) Close() {}

// stats returns how many sessions there are, how large they are together, and
// how many had to make room before their time.
func (m *memory) stats() (entries int, bytes int64, evicted uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries), m.bytes, m.evicted
}

// findLocked returns an entry that has not expired, or nil.
func (m *memory) findLocked(key string, now time.Time) *entry {
	element, ok := m.entries[key]
	if !ok {
		return nil
	}
	e := element.Value.(*entry)
	if !now.Before(e.expires) {
		m.removeLocked(element)
		return nil
	}
	return e
}

func (m *memory) putLocked(key string, value []byte, now time.Time, ttl time.Duration) {
	m.version++
	e := &entry{key: key, value: value, expires: now.Add(ttl), version: m.version}
	for m.recent.Len() > 0 {
		last := m.recent.Back()
		expired := !now.Before(last.Value.(*entry).expires)
		if !expired && len(m.entries) < m.max && m.bytes+e.size() <= m.maxBytes {
			break
		}
		if !expired {
			m.evicted++
		}
		m.removeLocked(last)
	}
	m.entries[key] = m.recent.PushFront(e)
	m.bytes += e.size()
}

func (m *memory) removeLocked(element *list.Element) {
	e := m.recent.Remove(element).(*entry)
	delete(m.entries, e.key)
	m.bytes -= e.size()
}
