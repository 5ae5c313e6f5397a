package gateway

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestFailures(t *testing.T) {
	var counted failures
	now := time.Unix(1_800_000_000, 0)
	f := func(from string, right, want bool) {
		t.Helper()
		addr, _ := netip.ParseAddr(from) // the zero one for a socket file
		if got := counted.admit(addr, now, right); got != want {
			t.Errorf("%s, right = %v: got %v, want %v", from, right, got, want)
		}
	}
	fail := func(from string) {
		t.Helper()
		for range maxFailures {
			f(from, false, true)
		}
		f(from, false, false)
		f(from, true, false)
	}
	f("192.0.2.1", true, true)
	fail("192.0.2.1")
	// Nobody else is held up, but for neighbours in an IPv6 network.
	f("192.0.2.2", true, true)
	fail("2001:db8:1:2::3")
	f("2001:db8:1:2:ffff::4", true, false)
	f("2001:db8:1:3::3", true, true)
	fail("")
	now = now.Add(time.Minute)
	f("192.0.2.1", true, true)
	f("", true, true)
}

func TestFailuresAreBounded(t *testing.T) {
	var counted failures
	now := time.Unix(1_800_000_000, 0)
	at := func(i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("10.%d.%d.1", i/256, i%256)) }
	for i := range maxFailing {
		counted.admit(at(i), now, false)
	}
	// Those after them share one count.
	for i := range maxFailures {
		if !counted.admit(at(maxFailing+i), now, false) {
			t.Errorf("address %d was not admitted", i)
		}
	}
	if counted.admit(at(2*maxFailing), now, true) {
		t.Error("an address too many was admitted")
	}
	if !counted.admit(at(0), now, true) {
		t.Error("an address that is known was not admitted")
	}
	// A socket file's clients are not among those.
	if !counted.admit(netip.Addr{}, now, false) || !counted.admit(netip.Addr{}, now, true) {
		t.Error("the clients of a socket file were not admitted")
	}
	if got := len(counted.counts); got > maxFailing+2 {
		t.Errorf("got %d counts", got)
	}
}
