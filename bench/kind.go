package main

import (
	"context"
	"slices"
)

// kind is what can be compared: a program of this module, or a chain of
// programs of others.
type kind struct {
	key  string // on the command line; also its account in MariaDB
	name string // as in the report
	pkg  string // its main package in this module, or "" for programs of others
	left int    // the status that it logs when a client has left; 0 for statusLeft
	// dropped returns how many lines its log has lacked since the start; nil for
	// a log that has all.
	dropped func(ctx context.Context, p *peer) (int64, error)
	// find looks up the programs of others that it is made of; nil for none.
	find func(s *search, into *tools)
	// launch starts its processes, which p owns even after an error. It returns
	// before the last of them answers.
	launch func(ctx context.Context, p *peer, s site) error
}

// site is what a peer is told: where to serve, and from what.
type site struct {
	tools   tools
	binary  string // of the kind's package
	address string // HOST:PORT
	login   login  // to the database
	max     int    // connections to what is behind

	upstream string // HOST:PORT of the server that is behind
	answer   string // of a handler of the peer's own
	path     string // of the URL that is asked
	first    question
}

// allKinds are the peers of GET /getuser, in the order of the report. The
// first is the one that the others are compared with. lanes is how many lanes
// it has, nil for its own default.
func allKinds(lanes *int) []kind {
	return []kind{zerohop(lanes), zerohopLanesOff(), netHTTP(), oldChain()}
}

// pickKinds returns those of kinds whose keys are named, in their own order.
func pickKinds(kinds []kind, keys []string) []kind {
	return slices.DeleteFunc(slices.Clone(kinds), func(k kind) bool { return !slices.Contains(keys, k.key) })
}
