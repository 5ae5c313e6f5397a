package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// stage is where a scene is played: the peers that run, and the load for them.
// Close ends them.
type stage struct {
	subject *subject
	scene   scene
	source  source
	wrk     *wrk
	peers   []*peer
}

// examine has every peer answer what it is asked, alone and in a crowd.
func (s *stage) examine(ctx context.Context, say progress) error {
	for _, p := range s.peers {
		say("comparing the answers of %s", p.name)
		if err := examine(ctx, p.url, s.subject.questions(s.scene)); err != nil {
			return fmt.Errorf("%s: %w", p.name, p.explain(err))
		}
		if err := s.examineCrowd(ctx, p); err != nil {
			return fmt.Errorf("%s, with %d clients: %w", p.name, s.wrk.connections, p.explain(err))
		}
	}
	return s.drainLogs(ctx)
}

// examineCrowd has as many clients as wrk will have ask p.
func (s *stage) examineCrowd(ctx context.Context, p *peer) error {
	return examineCrowd(ctx, p.url, s.wrk.connections, func() question { return s.subject.random(s.scene) })
}

// drainLogs forgets the lines that have been written so far.
func (s *stage) drainLogs(ctx context.Context) error {
	faults := make(chan error, len(s.peers))
	for _, p := range s.peers {
		go func() { faults <- p.forgetLog(ctx) }()
	}
	var all []error
	for range s.peers {
		all = append(all, <-faults)
	}
	return errors.Join(all...)
}

// play plays turns, one round a peer in each.
func (s *stage) play(ctx context.Context, turns int, say progress) ([]round, error) {
	var rounds []round
	for turn := range turns {
		for _, i := range order(turn, len(s.peers)) {
			r, err := s.playRound(ctx, turn, s.peers[i])
			if err != nil {
				return rounds, s.peers[i].explain(err)
			}
			rounds = append(rounds, r)
			say("turn %d of %d: %s: %s", turn+1, turns, r.Peer, r.summary())
		}
	}
	return rounds, nil
}

// playRound loads one peer once. What goes wrong under the load makes the
// round void; an error is a wrong answer, a fault of the bench, or of ctx.
//
// A crowd goes first: the end of a round cuts requests short, and a peer that
// closes a connection to the database for that opens it again here, not in the
// next round.
func (s *stage) playRound(ctx context.Context, turn int, p *peer) (round, error) {
	r := round{Turn: turn, Peer: p.name}
	if err := s.examineCrowd(ctx, p); err != nil {
		return r, fmt.Errorf("%s, before turn %d: %w", p.name, turn+1, err)
	}
	before, err := readClocks(p, s.source)
	if err != nil {
		return r, err
	}
	// The turn's number as the seed: all peers are asked for the same users.
	l, connections, err := s.load(ctx, p, turn)
	if err != nil {
		return r, err
	}
	after, err := readClocks(p, s.source)
	if err != nil {
		return r, err
	}
	used := after.since(before)
	r.Figures, r.Others = newFigures(l, used.gateway, used.source, connections), used.others
	if r.Void, err = s.roundFault(ctx, p, l, r.Figures); r.Void == "" || err != nil {
		return r, err
	}
	return r, p.forgetLog(ctx) // so that the next round finds its own lines only
}

// load has wrk ask p, and counts p's connections to what is behind it half-way
// through.
func (s *stage) load(ctx context.Context, p *peer, seed int) (l load, connections int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	counted := make(chan error, 1)
	go func() {
		err := pause(ctx, time.Duration(s.wrk.seconds)*time.Second/2)
		if err == nil {
			connections, err = s.source.connections(ctx, p.key)
		}
		counted <- err
	}()
	l, err = s.wrk.run(ctx, p.url, seed)
	if err != nil {
		cancel() // there is nothing to wait for
	}
	if fault := <-counted; err == nil {
		err = fault
	}
	return l, connections, err
}

// roundFault says what makes a round void, or is "".
func (s *stage) roundFault(ctx context.Context, p *peer, l load, f figures) (string, error) {
	if fault := l.fault(); fault != "" {
		return fault, nil
	}
	if fault := f.fault(s.subject.metrics); fault != "" {
		return fault, nil
	}
	clients := s.wrk.connections
	crowd := int64(clients * crowdQuestions(clients))
	return logFault(ctx, p, l.Requests+crowd, int64(clients))
}

// Close ends the peers.
func (s *stage) Close() {
	for _, p := range s.peers {
		p.Close()
	}
}
