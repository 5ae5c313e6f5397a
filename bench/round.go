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

// playRound loads one peer once. What goes wrong under the load makes the
// round void; an error is a wrong answer, a fault of the bench, or of ctx.
//
// A crowd goes first: the end of a round cuts requests short, and a peer that
// closes a connection to the database for that opens it again here, not in the
// next round.
func (a *arena) playRound(ctx context.Context, turn int, p *peer) (round, error) {
	r := round{Turn: turn, Peer: p.name}
	if err := examineCrowd(ctx, p.url, a.wrk.connections); err != nil {
		return r, fmt.Errorf("%s, before turn %d: %w", p.name, turn+1, err)
	}
	before, err := readClocks(p, a.db)
	if err != nil {
		return r, err
	}
	// The turn's number as the seed: all peers are asked for the same users.
	l, err := a.wrk.run(ctx, p.url, turn)
	if err != nil {
		return r, err
	}
	after, err := readClocks(p, a.db)
	if err != nil {
		return r, err
	}
	used := after.since(before)
	r.Figures, r.Others = newFigures(l, used.gateway, used.database), used.others
	if r.Void, err = a.roundFault(ctx, p, l, r.Figures); r.Void == "" || err != nil {
		return r, err
	}
	return r, p.log.drain(ctx) // so that the next round finds its own lines only
}

// roundFault says what makes a round void, or is "".
func (a *arena) roundFault(ctx context.Context, p *peer, l load, f figures) (string, error) {
	if fault := l.fault(); fault != "" {
		return fault, nil
	}
	if fault := f.fault(); fault != "" {
		return fault, nil
	}
	crowd := int64(a.wrk.connections * crowdQuestions)
	return logFault(ctx, p.log, l.Requests+crowd, int64(a.wrk.connections))
}

// logFault says what the access log has against a round of so many requests,
// or "".
func logFault(ctx context.Context, log *accessLog, requests, leaving int64) (string, error) {
	counts, err := log.collect(ctx, requests)
	switch {
	case errors.Is(err, errLinesMissing):
		return err.Error(), nil
	case err != nil:
		return "", err
	}
	return counts.fault(leaving), nil
}

// play plays turns, one round a peer in each.
func (a *arena) play(ctx context.Context, turns int, say progress) ([]round, error) {
	var rounds []round
	for turn := range turns {
		for _, i := range order(turn, len(a.peers)) {
			r, err := a.playRound(ctx, turn, a.peers[i])
			if err != nil {
				return rounds, a.peers[i].explain(err)
			}
			rounds = append(rounds, r)
			say("turn %d of %d: %s: %s", turn+1, turns, r.Peer, r.summary())
		}
	}
	return rounds, nil
}

func (r round) summary() string {
	if r.Void != "" {
		return "void: " + r.Void
	}
	return fmt.Sprintf("%s requests/s, p99 %.2f ms", thousands(r.Figures.Rate), r.Figures.P99/1e3)
}
