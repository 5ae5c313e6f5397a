package main

import (
	"strings"
	"testing"
)

// Each number of lanes is a peer of its own, and compared with none.
func TestLanesPlan(t *testing.T) {
	c := &lanesCommand{Counts: []int{1, 3}, Clients: 64, Database: "tcp"}
	p := c.plan()
	var keys, pairs []string
	for _, k := range p.kinds {
		keys = append(keys, k.key)
	}
	for _, c := range p.comparisons {
		pairs = append(pairs, c.one.name+" / "+c.other.name)
	}
	if got, want := strings.Join(keys, " "), "lanes-1 lanes-3 lanes-off"; got != want {
		t.Errorf("got peers %s, want %s", got, want)
	}
	const want = "zerohop, 1 lane / zerohop, lanes off; zerohop, 3 lanes / zerohop, lanes off"
	if got := strings.Join(pairs, "; "); got != want {
		t.Errorf("got comparisons %s, want %s", got, want)
	}
}
