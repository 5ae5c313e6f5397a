package session

import (
	"container/list"
	"context"
	"sync"
	"time"

	"zerohop/gateway/memcached"
)

// memory is a store in this process, bounded by number and bytes. When it is
// full the session that was unused for longest makes room, as in memcached:
// refusing the new one would let whoever can begin sessions keep all others out.
// Sessions of nobody, which anybody can begin, make room first: a flood of them
// logs nobody out, but for the one user whose place the first of them takes
// where users have all places.
//
// Every value lives for the same time after its last use, so that the order of
// use is that of expiry too: what has expired is at the back, and goes first.
type memory struct {
	max      int
	maxBytes int64
	now      func() time.Time

	mu      sync.Mutex
	entries map[string]*list.Element // of *entry
	// nobodys and users are all entries; those used last are in front.
	nobodys *list.List
	users   *list.List
	bytes   int64
	version uint64
	evicted uint64
}

type entry struct {
	key     string
	value   []byte
	expires time.Time
	version uint64
	list    *list.List // that it is in
}

// entryBytes is what an entry takes besides its key and value, about.
const entryBytes = 250

func (e *entry) size() int64 { return int64(len(e.key) + len(e.value) + entryBytes) }

func newMemory(max int, maxBytes int64, now func() time.Time) *memory {
	return &memory{max: max, maxBytes: maxBytes, now: now, entries: map[string]*list.Element{}, nobodys: list.New(), users: list.New()}
}

func (m *memory) GetAndTouch(_ context.Context, key string, ttl time.Duration) ([]byte, error) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.findLocked(key, now)
	if e == nil {
		return nil, memcached.ErrMiss
	}
	e.expires = now.Add(ttl)
	e.list.MoveToFront(m.entries[key])
	return e.value, nil
}

func (m *memory) Get(_ context.Context, key string) (memcached.Item, error) {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.findLocked(key, now)
	if e == nil {
		return memcached.Item{}, memcached.ErrMiss
	}
	return memcached.Item{Value: e.value, CAS: e.version}, nil
}

func (m *memory) Add(_ context.Context, key string, value []byte, ttl time.Duration) error {
	return m.add(key, value, ttl, m.users)
}

// AddNobodys is Add for a session that no user has.
func (m *memory) AddNobodys(_ context.Context, key string, value []byte, ttl time.Duration) error {
	return m.add(key, value, ttl, m.nobodys)
}

func (m *memory) add(key string, value []byte, ttl time.Duration, to *list.List) error {
	now := m.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.findLocked(key, now) != nil {
		return memcached.ErrExists
	}
	m.putLocked(&entry{key: key, value: value, expires: now.Add(ttl), list: to}, now)
	return nil
}

func (m *memory) CompareAndSwap(_ context.Context, key string, value []byte, ttl time.Duration, cas uint64) error {
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
	m.putLocked(&entry{key: key, value: value, expires: now.Add(ttl), list: e.list}, now)
	return nil
}

func (m *memory) Delete(_ context.Context, key string) error {
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

// putLocked enters an entry, once there is room for it.
func (m *memory) putLocked(e *entry, now time.Time) {
	for _, of := range []*list.List{m.nobodys, m.users} {
		for last := of.Back(); last != nil && !now.Before(last.Value.(*entry).expires); last = of.Back() {
			m.removeLocked(last)
		}
	}
	for len(m.entries) > 0 && (len(m.entries) >= m.max || m.bytes+e.size() > m.maxBytes) {
		last := m.nobodys.Back()
		if last == nil {
			last = m.users.Back()
		}
		m.removeLocked(last)
		m.evicted++
	}
	m.version++
	e.version = m.version
	m.entries[e.key] = e.list.PushFront(e)
	m.bytes += e.size()
}

func (m *memory) removeLocked(element *list.Element) {
	e := element.Value.(*entry)
	e.list.Remove(element)
	delete(m.entries, e.key)
	m.bytes -= e.size()
}
