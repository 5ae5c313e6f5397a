package main

import (
	"context"
	"errors"
	"fmt"
)

// round is one load on one peer. Void is empty, or says why its figures count
// for nothing.
type round struct {
	Turn    int     `json:"turn"` // the rounds of one turn are compared with each other
	Peer    string  `json:"peer"`
	Figures figures `json:"figures"`
	Others  float64 `json:"others_cores"` // how many cores other programs kept busy meanwhile
	Void    string  `json:"void,omitempty"`
}

// order returns which peers, of n, go in a turn, first to last: A B, then
// B A, then A B again.
func order(turn, n int) []int {
	peers := make([]int, n)
	for i := range peers {
		peers[i] = i
		if turn%2 == 1 {
			peers[i] = n - 1 - i
		}
	}
	return peers
}

// leastLines is how many requests there are at least for each line that a peer
// has dropped: of those that are left its answers can be judged.
const leastLines = 10

// logFault says what the access log has against a round of so many requests,
// or "".
func logFault(ctx context.Context, p *peer, requests, leaving int64) (string, error) {
	lacking, err := p.newlyDropped(ctx)
	switch {
	case err != nil:
		return "", err
	case lacking > requests/leastLines:
		return fmt.Sprintf("the access log lacks %d lines of %d", lacking, requests), nil
	}
	counts, err := p.log.collect(ctx, requests-lacking)
	switch {
	case errors.Is(err, errLinesMissing):
		return err.Error(), nil
	case err != nil:
		return "", err
	}
	left := statusLeft
	if p.left != 0 {
		left = p.left
	}
	return counts.fault(leaving, left), nil
}

func (r round) summary() string {
	if r.Void != "" {
		return "void: " + r.Void
	}
	return fmt.Sprintf("%s requests/s, p99 %.2f ms", thousands(r.Figures.Rate), r.Figures.P99/1e3)
}
