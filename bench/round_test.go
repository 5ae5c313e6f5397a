package main

import (
	"fmt"
	"testing"
)

func TestOrderAlternates(t *testing.T) {
	f := func(turn, n int, want string) {
		t.Helper()
		if got := fmt.Sprint(order(turn, n)); got != want {
			t.Errorf("turn %d of %d peers: got %s, want %s", turn, n, got, want)
		}
	}
	f(0, 2, "[0 1]")
	f(1, 2, "[1 0]")
	f(2, 2, "[0 1]")
	f(0, 3, "[0 1 2]")
	f(1, 3, "[2 1 0]")
}

func TestRoundSummary(t *testing.T) {
	r := round{Figures: figures{Rate: 23456, P99: 1234}}
	if got, want := r.summary(), "23,456 requests/s, p99 1.23 ms"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r.Void = "1 × timeout"
	if got, want := r.summary(), "void: 1 × timeout"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
