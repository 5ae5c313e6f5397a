package session

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zerohop/gateway/memcached/memcachedtest"
)

// Users come and go while one of three servers is killed and started again, in
// two processes: nobody is taken for somebody else, nobody on the other two
// notices, and who is on the lost one is not told that he has no session until
// it is back and has forgotten him.
func TestLostServerUnderLoad(t *testing.T) {
	var (
		servers   []*memcachedtest.Server
		addresses []string
	)
	for range 3 {
		server := memcachedtest.Start(t)
		servers, addresses = append(servers, server), append(addresses, server.Address())
	}
	c := memcachedConfig(addresses...)
	processes := []*Sessions{start(t, c, time.Now), start(t, c, time.Now)}
	lost := start(t, memcachedConfig(addresses[0]), time.Now)
	type user struct {
		name   string
		cookie []byte
		onLost bool
	}
	var users []user
	for i := range 30 {
		name := fmt.Sprintf("user%d", i)
		session, cookie := login(t, processes[i%2], Content{User: name})
		_, err := lost.read(t.Context(), session.id)
		users = append(users, user{name, cookie, err == nil})
	}
	var (
		wg                sync.WaitGroup
		stop, back        atomic.Bool
		found, unanswered atomic.Int64
	)
	for i := range 4 {
		wg.Go(func() {
			for n := i; !stop.Load(); n++ {
				u := users[n%len(users)]
				session, err := processes[n/len(users)%2].Find(t.Context(), u.cookie, false)
				switch {
				case err == nil && session.User != u.name:
					t.Errorf("%s is taken for %s", u.name, session.User)
				case err == nil:
					found.Add(1)
				case !u.onLost:
					t.Errorf("%s is on another server: %v", u.name, err)
				case errors.Is(err, ErrUnavailable):
					unanswered.Add(1)
				case !back.Load():
					t.Errorf("%s was told that there is no session: %v", u.name, err)
				}
			}
		})
	}
	await := func(count *atomic.Int64) {
		t.Helper()
		goal := count.Load() + 50
		for deadline := time.Now().Add(10 * time.Second); count.Load() < goal; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Error("nothing happens")
				return
			}
		}
	}
	await(&found)
	servers[0].Kill()
	await(&unanswered)
	await(&found)
	back.Store(true)
	servers[0].Restart()
	await(&found)
	stop.Store(true)
	wg.Wait()
}
