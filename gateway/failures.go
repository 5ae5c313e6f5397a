package gateway

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// maxFailures is how many wrong passwords an address may send in a minute.
	maxFailures = 10
	// maxFailing is how many addresses are told apart; those after them count
	// as one, so that an attack from everywhere fills no memory.
	maxFailing = 4096
)

// failures counts wrong passwords by address in the current minute, and stops
// whoever guesses. An IPv6 client counts with its network of 64 bits, all of
// which it has for itself. Others are not held up by a client that is stopped.
// The zero value is ready. It may be used by any number of goroutines.
type failures struct {
	mu     sync.Mutex
	minute int64
	// counts are by network; that of socket files is the zero one.
	counts map[netip.Prefix]int
}

// everybodyElse is whom those count as that are not told apart.
var everybodyElse = netip.PrefixFrom(netip.IPv4Unspecified(), 0)

// admit counts an attempt and reports whether its outcome may be told: not any
// more after maxFailures wrong ones, even where this one is right.
func (f *failures) admit(from netip.Addr, now time.Time, right bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if minute := now.Unix() / 60; minute != f.minute || f.counts == nil {
		f.minute, f.counts = minute, map[netip.Prefix]int{}
	}
	network := networkOf(from)
	// Who has come over a socket file is on this machine, and is not locked out
	// by an attack from elsewhere.
	if _, known := f.counts[network]; !known && network.IsValid() && len(f.counts) >= maxFailing {
		network = everybodyElse
	}
	if f.counts[network] >= maxFailures {
		return false
	}
	if !right {
		f.counts[network]++
	}
	return true
}

// networkOf returns the network that belongs to one client.
func networkOf(from netip.Addr) netip.Prefix {
	bits := from.BitLen()
	if from.Is6() {
		bits = 64
	}
	network, _ := from.Prefix(bits) // the zero one for a socket file
	return network
}
