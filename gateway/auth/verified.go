package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// maxVerified is how many passwords one half of the memory holds.
const maxVerified = 10_000

// verified remembers for a while which password a hash has turned out to be of,
// so that it is not computed for every request. What it keeps is an HMAC over
// the user, the password and the hash, with a key of this process: it is of no
// use to whoever reads the memory later, and a hash that has changed is not in
// it.
//
// It has two halves; when one is full, it takes the place of the other.
type verified struct {
	life   time.Duration // 0: nothing is remembered
	now    func() time.Time
	secret []byte

	mu         sync.Mutex
	young, old map[tag]time.Time
}

type tag [sha256.Size]byte

func newVerified(life time.Duration, now func() time.Time) *verified {
	v := &verified{life: life, now: now, secret: make([]byte, sha256.Size), young: map[tag]time.Time{}}
	_, _ = rand.Read(v.secret) // which never fails
	return v
}

// tag returns what a password is remembered under.
func (v *verified) tag(user, password []byte, hash string) tag {
	if v.life == 0 {
		return tag{}
	}
	mac := hmac.New(sha256.New, v.secret)
	for _, part := range [][]byte{user, password, []byte(hash)} {
		var size [8]byte
		binary.LittleEndian.PutUint64(size[:], uint64(len(part)))
		mac.Write(size[:])
		mac.Write(part)
	}
	return tag(mac.Sum(nil))
}

func (v *verified) has(t tag) bool {
	if v.life == 0 {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	until, ok := v.young[t]
	if !ok {
		until, ok = v.old[t]
	}
	return ok && v.now().Before(until)
}

func (v *verified) add(t tag) {
	if v.life == 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.young) >= maxVerified {
		v.young, v.old = map[tag]time.Time{}, v.young
	}
	v.young[t] = v.now().Add(v.life)
}
