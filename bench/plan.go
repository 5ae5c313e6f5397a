package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Bounds of what may be asked for, so that every run ends in a foreseeable time.
const (
	mostTurns   = 99
	mostSeconds = 60
	mostClients = 1000
	mostThreads = 64
)

// How long what is no round may take: a first build and MariaDB's start once,
// the start of all peers and the comparison of their answers for each scene.
// Each step has a shorter limit of its own.
const (
	setUpTime = 15 * time.Minute
	sceneTime = 5 * time.Minute
)

// usualMax is how many connections a peer may open where no more clients ask
// for more.
const usualMax = 100

// pace is how often and how long the peers are loaded. It is part of every
// command line.
type pace struct {
	Threads int `short:"t" default:"2" help:"Threads of wrk, though never more than clients (${default})."`
	Rounds  int `default:"9" help:"Rounds for each peer (${default})."`
	Seconds int `default:"5" help:"Length of a round (${default})."`
}

func (p pace) validate() error {
	return errors.Join(
		within("threads", p.Threads, 1, mostThreads),
		within("rounds", p.Rounds, 1, mostTurns),
		within("seconds", p.Seconds, 1, mostSeconds),
	)
}

// within is an error when a flag's value is out of range.
func within(flag string, value, least, most int) error {
	if value < least || value > most {
		return fmt.Errorf("--%s %d: must be from %d to %d", flag, value, least, most)
	}
	return nil
}

// some is an error when a flag's list is empty.
func some[T any](flag string, list []T) error {
	if len(list) == 0 {
		return fmt.Errorf("--%s: must name at least one", flag)
	}
	return nil
}

// scene is one crowd of clients, and how the peers reach the database.
type scene struct {
	Clients  int    `json:"clients"`
	Max      int    `json:"max"`                // connections that each peer may open
	Database string `json:"database,omitempty"` // tcp or unix
	Answer   int    `json:"answer_bytes,omitempty"`
}

// newScene returns a scene in which no peer lacks a connection: usualMax of
// them, or one a client.
func newScene(clients int, database string) scene {
	return scene{Clients: clients, Max: max(usualMax, clients), Database: database}
}

// String is the scene's heading.
func (sc scene) String() string {
	return sc.crowd() + ", " + sc.panel()
}

// panel names what the scenes have in common that stand in one panel of a
// picture.
func (sc scene) panel() string {
	if sc.Answer > 0 {
		return "answers of " + sizeName(sc.Answer)
	}
	return "MariaDB over " + networkName(sc.Database)
}

// sizeName writes bytes as people say them.
func sizeName(bytes int) string {
	if bytes%1024 == 0 {
		return fmt.Sprintf("%d kB", bytes/1024)
	}
	return fmt.Sprintf("%d bytes", bytes)
}

// crowd says how many clients there are.
func (sc scene) crowd() string {
	if sc.Clients == 1 {
		return "1 client"
	}
	return fmt.Sprintf("%d clients", sc.Clients)
}

// networkName is how a report calls tcp or unix.
func networkName(database string) string {
	if database == "unix" {
		return "a unix socket"
	}
	return "TCP"
}

// comparison divides what one kind does by what the other does.
type comparison struct{ one, other kind }

// against compares one with each of others.
func against(one kind, others []kind) []comparison {
	all := make([]comparison, len(others))
	for i, other := range others {
		all[i] = comparison{one, other}
	}
	return all
}

// plan is what a command has to run: every kind in every scene.
type plan struct {
	subject     *subject
	pace        pace
	quick       bool // too short for more than a look
	kinds       []kind
	comparisons []comparison
	scenes      []scene
}

// serverConnections is how many connections MariaDB must accept: each peer's,
// and a few for whoever watches.
func (p plan) serverConnections() int {
	most := 0
	for _, sc := range p.scenes {
		most = max(most, sc.Max)
	}
	return len(p.kinds)*most + 20
}

// limit is how long the whole run may take.
func (p plan) limit() time.Duration {
	roundTime := time.Duration(p.pace.Seconds)*time.Second + wrkSlack + logPatience
	rounds := time.Duration(p.pace.Rounds * len(p.kinds))
	return setUpTime + time.Duration(len(p.scenes))*(sceneTime+rounds*roundTime)
}

// run plays all scenes and returns what it found. Void rounds are no error
// here.
func (p plan) run(ctx context.Context, console *console) (report, error) {
	ctx, cancel := context.WithTimeout(ctx, p.limit())
	defer cancel()
	arena, err := openArena(ctx, p, console.progress)
	if err != nil {
		return report{}, err
	}
	defer arena.Close()
	r := newReport(p, console.command(), arena.machine)
	for _, sc := range p.scenes {
		rounds, err := p.playScene(ctx, arena, sc, console.progress)
		if err != nil {
			return report{}, err
		}
		r.Scenes = append(r.Scenes, newSceneResult(p, sc, rounds))
	}
	return r, nil
}

// playScene starts all peers, has them answer and plays all turns.
func (p plan) playScene(ctx context.Context, a *arena, sc scene, say progress) ([]round, error) {
	say("%s", sc)
	stage, err := a.openStage(ctx, p, sc, say)
	if err != nil {
		return nil, err
	}
	defer stage.Close()
	if err := stage.examine(ctx, say); err != nil {
		return nil, err
	}
	return stage.play(ctx, p.pace.Rounds, say)
}
