package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// report is what a run found.
type report struct {
	subject *subject
	Command string        `json:"command"`
	Quick   bool          `json:"quick"` // too short for more than a look
	Machine machine       `json:"machine"`
	Seconds int           `json:"seconds_per_round"`
	Turns   int           `json:"rounds_per_peer"` // in each scene
	Scenes  []sceneResult `json:"scenes"`
}

// newReport returns a report to which scenes are added.
func newReport(p plan, command string, m machine) report {
	return report{subject: p.subject, Command: command, Quick: p.quick, Machine: m, Seconds: p.pace.Seconds, Turns: p.pace.Rounds}
}

// void returns how many rounds do not count, and how many there are.
func (r report) void() (void, all int) {
	for _, sc := range r.Scenes {
		void += len(sc.void())
		all += len(sc.Rounds)
	}
	return void, all
}

// fault is errVoid when there are rounds that do not count.
func (r report) fault() error {
	if void, all := r.void(); void > 0 {
		return fmt.Errorf("%w: %d of %d; the report names them", errVoid, void, all)
	}
	return nil
}

// others is how many cores programs of others kept busy in the worst round.
func (r report) others() float64 {
	var most float64
	for _, sc := range r.Scenes {
		for _, round := range sc.Rounds {
			most = max(most, round.Others)
		}
	}
	return most
}

// JSON returns the report with every round.
func (r report) JSON() []byte {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		panic("bug: " + err.Error())
	}
	return append(text, '\n')
}

// sceneResult is what the peers did in one scene.
type sceneResult struct {
	scene
	metrics []metric
	Peers   []peerResult `json:"peers"`
	Ratios  []peerRatios `json:"ratios"`
	Rounds  []round      `json:"rounds"`
}

// peerResult is what one peer did: the medians of its rounds that count.
type peerResult struct {
	Key     string  `json:"key"` // as on the command line
	Name    string  `json:"name"`
	Rounds  int     `json:"rounds"` // how many count; with none there are no medians
	Medians figures `json:"medians"`
}

// peerRatios are the figures of one peer divided by those of another, turn by
// turn.
type peerRatios struct {
	Name   string            `json:"name"`
	Turns  int               `json:"turns"` // in how many turns both rounds count
	Spread map[string]spread `json:"spread"`
}

// newSceneResult works the rounds of a scene out.
func newSceneResult(p plan, sc scene, rounds []round) sceneResult {
	s := sceneResult{scene: sc, metrics: p.subject.metrics, Rounds: rounds}
	for _, k := range p.kinds {
		valid := validFigures(rounds, k.name)
		result := peerResult{Key: k.key, Name: k.name, Rounds: len(valid)}
		if len(valid) > 0 {
			result.Medians = medians(slices.Collect(maps.Values(valid)), s.metrics)
		}
		s.Peers = append(s.Peers, result)
	}
	for _, c := range p.comparisons {
		s.Ratios = append(s.Ratios, newRatios(rounds, c.one.name, c.other.name, s.metrics))
	}
	return s
}

// validFigures returns a peer's figures by turn, without void rounds.
func validFigures(rounds []round, name string) map[int]figures {
	byTurn := make(map[int]figures)
	for _, r := range rounds {
		if r.Peer == name && r.Void == "" {
			byTurn[r.Turn] = r.Figures
		}
	}
	return byTurn
}

// newRatios divides, in each turn in which both rounds count, the figures of
// one peer by those of another.
func newRatios(rounds []round, one, other string, counting []metric) peerRatios {
	ones, others := validFigures(rounds, one), validFigures(rounds, other)
	ratios := peerRatios{Name: one + " / " + other, Spread: make(map[string]spread)}
	values := make(map[string][]float64)
	for turn, a := range ones {
		b, ok := others[turn]
		if !ok {
			continue
		}
		ratios.Turns++
		for _, m := range counting {
			values[m.name] = append(values[m.name], *m.of(&a) / *m.of(&b))
		}
	}
	for name, v := range values {
		ratios.Spread[name] = newSpread(v)
	}
	return ratios
}

// void returns the rounds that do not count.
func (s sceneResult) void() []round {
	var void []round
	for _, round := range s.Rounds {
		if round.Void != "" {
			void = append(void, round)
		}
	}
	return void
}
