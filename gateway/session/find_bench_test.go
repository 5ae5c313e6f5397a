package session

import (
	"context"
	"testing"
	"time"

	"zerohop/gateway/memcached/memcachedtest"
)

// BenchmarkFind is what a session costs a request.
func BenchmarkFind(b *testing.B) {
	f := func(name string, config func() Config) {
		b.Run(name, func(b *testing.B) {
			s := start(b, config(), time.Now)
			_, cookies := login(b, s, alice)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Find(context.Background(), cookies, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	f("memory", memoryConfig)
	f("memcached/tcp", func() Config { return memcachedConfig(memcachedtest.Start(b).Address()) })
	f("memcached/unix", func() Config { return memcachedConfig(memcachedtest.StartUnix(b).Address()) })
}
