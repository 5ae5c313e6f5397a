package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// report is what a run found.
type report struct {
	Command     string       `json:"command"`
	Machine     machine      `json:"machine"`
	Connections int          `json:"connections"`
	Max         int          `json:"max"`
	Database    string       `json:"database"`
	Seconds     int          `json:"seconds_per_round"`
	Turns       int          `json:"rounds_per_peer"`
	Peers       []peerResult `json:"peers"`
	Ratios      []peerRatios `json:"ratios"`
	Rounds      []round      `json:"rounds"`
}

// peerResult is what one peer did: the medians of its rounds that count.
type peerResult struct {
	Name    string  `json:"name"`
	Rounds  int     `json:"rounds"` // how many count; with none there are no medians
	Medians figures `json:"medians"`
}

// peerRatios are the figures of the first peer divided by those of another,
// turn by turn.
type peerRatios struct {
	Name   string            `json:"name"`
	Turns  int               `json:"turns"` // in how many turns both rounds count
	Spread map[string]spread `json:"spread"`
}

// newReport works the rounds out. The first kind is compared with each other
// one.
func newReport(c *getuserCommand, command string, m machine, kinds []kind, rounds []round) report {
	r := report{
		Command: command, Machine: m, Connections: c.Connections, Max: c.Max, Database: c.Database,
		Seconds: c.Seconds, Turns: c.Rounds, Rounds: rounds,
	}
	byPeer := make([][]figures, len(kinds))
	for i, k := range kinds {
		byTurn := validFigures(rounds, k.name)
		for turn := range c.Rounds {
			if f, ok := byTurn[turn]; ok {
				byPeer[i] = append(byPeer[i], f)
			}
		}
		result := peerResult{Name: k.name, Rounds: len(byPeer[i])}
		if result.Rounds > 0 {
			result.Medians = medians(byPeer[i])
		}
		r.Peers = append(r.Peers, result)
		if i > 0 {
			r.Ratios = append(r.Ratios, newRatios(rounds, kinds[0].name, k.name))
		}
	}
	return r
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
func newRatios(rounds []round, one, other string) peerRatios {
	ones, others := validFigures(rounds, one), validFigures(rounds, other)
	ratios := peerRatios{Name: one + " / " + other, Spread: make(map[string]spread)}
	values := make(map[string][]float64)
	for turn, a := range ones {
		b, ok := others[turn]
		if !ok {
			continue
		}
		ratios.Turns++
		for _, m := range metrics() {
			values[m.name] = append(values[m.name], *m.of(&a) / *m.of(&b))
		}
	}
	for name, v := range values {
		ratios.Spread[name] = newSpread(v)
	}
	return ratios
}

// void returns the rounds that do not count.
func (r report) void() []round {
	var void []round
	for _, round := range r.Rounds {
		if round.Void != "" {
			void = append(void, round)
		}
	}
	return void
}

// noticeableOthers is how many busy cores of others a reader should know of.
const noticeableOthers = 0.1

// others is how many cores programs of others kept busy in the worst round.
func (r report) others() float64 {
	var most float64
	for _, round := range r.Rounds {
		most = max(most, round.Others)
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

// Markdown returns the report for a reader.
func (r report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## GET /getuser: %d clients, MariaDB over %s\n\n", r.Connections, r.Database)
	r.writePeers(&b)
	for _, ratios := range r.Ratios {
		ratios.write(&b)
	}
	fmt.Fprintf(&b, "Medians of interleaved rounds of %d s, %d for each peer; a ratio is made of the two rounds of one turn. "+
		"More requests/s is better, less of everything else is. Each peer may open %d connections to MariaDB, and writes "+
		"an access-log line a request to a file. wrk, gateway and MariaDB share the machine.\n\n",
		r.Seconds, r.Turns, r.Max)
	if others := r.others(); others >= noticeableOthers {
		fmt.Fprintf(&b, "The machine was not idle: other programs kept up to %.2f of its %d cores busy during a round.\n\n",
			others, r.Machine.Cores)
	}
	for _, round := range r.void() {
		fmt.Fprintf(&b, "**Void:** turn %d, %s: %s.\n\n", round.Turn+1, round.Peer, round.Void)
	}
	fmt.Fprintf(&b, "%s\n\n`%s`\n", r.Machine, r.Command)
	return b.String()
}

func (r report) writePeers(b *strings.Builder) {
	head := []string{""}
	for _, m := range metrics() {
		head = append(head, m.name)
	}
	writeTableHead(b, head)
	for _, p := range r.Peers {
		cells := []string{p.Name}
		for _, m := range metrics() {
			if p.Rounds == 0 {
				cells = append(cells, "void")
				continue
			}
			cells = append(cells, m.format(*m.of(&p.Medians)))
		}
		writeRow(b, cells)
	}
	b.WriteByte('\n')
}

func (p peerRatios) write(b *strings.Builder) {
	if p.Turns == 0 {
		fmt.Fprintf(b, "%s: no turn in which both rounds count.\n\n", p.Name)
		return
	}
	writeTableHead(b, []string{p.Name, "median", "min", "max"})
	for _, m := range metrics() {
		s := p.Spread[m.name]
		writeRow(b, []string{m.name, ratio(s.Median), ratio(s.Min), ratio(s.Max)})
	}
	b.WriteByte('\n')
}

func ratio(v float64) string { return fmt.Sprintf("%.2f", v) }

// writeTableHead writes a table's first two lines: the first column is text,
// the others are numbers.
func writeTableHead(b *strings.Builder, head []string) {
	writeRow(b, head)
	b.WriteString("|---|" + strings.Repeat("--:|", len(head)-1) + "\n")
}

func writeRow(b *strings.Builder, cells []string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}
