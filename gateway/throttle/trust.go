package throttle

import "time"

const (
	// trusted is how long an address stays a trusted one of a user's after a
	// login from it.
	trusted = 24 * time.Hour
	// maxTrust is how many of them one half of the memory holds.
	maxTrust = 10_000
)

// trust is the memory of where users have logged in. It has two halves; when
// one is full it takes the place of the other, which is forgotten. Its zero
// value is ready for use.
type trust struct{ young, old map[key]time.Time }

// add notes a login.
func (m *trust) add(pair *key, now time.Time) {
	if m.young == nil || len(m.young) >= maxTrust {
		m.young, m.old = map[key]time.Time{}, m.young
	}
	m.young[*pair] = now.Add(trusted)
}

// has reports whether there was a login lately.
func (m *trust) has(pair *key, now time.Time) bool {
	until, ok := m.young[*pair]
	if !ok {
		until, ok = m.old[*pair]
	}
	return ok && now.Before(until)
}
