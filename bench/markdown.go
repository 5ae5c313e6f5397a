package main

import (
	"fmt"
	"strings"
)

// noticeableOthers is how many busy cores of others a reader should know of.
const noticeableOthers = 0.1

// Markdown returns the report for a reader.
func (r report) Markdown() string { return r.markdown(nil) }

// markdown returns the report with pictures, which are files beside it.
func (r report) markdown(pictures []picture) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", r.subject.title)
	if r.Quick {
		b.WriteString("**A quick run**: it shows that everything works, and roughly how it compares; its rounds are too few and too short for more.\n\n")
	}
	for _, p := range pictures {
		fmt.Fprintf(&b, "![%s](%s)\n\n", p.title, p.file)
	}
	for _, sc := range r.Scenes {
		sc.write(&b)
	}
	r.writeTargets(&b)
	r.writeMethod(&b)
	return b.String()
}

// writeMethod says how the figures came about.
func (r report) writeMethod(b *strings.Builder) {
	fmt.Fprintf(b, "Medians of interleaved rounds of %d s, %d for each peer; a ratio is that of the two rounds of one turn, as "+
		"median (lowest–highest). More requests/s is better, less of everything else is. %s\n\n", r.Seconds, r.Turns, r.subject.method)
	if others := r.others(); others >= noticeableOthers {
		fmt.Fprintf(b, "The machine was not idle: other programs kept up to %.2f of its %d cores busy during a round.\n\n",
			others, r.Machine.Cores)
	}
	fmt.Fprintf(b, "%s\n\n`%s`\n", r.Machine, r.Command)
}

// writeTargets says what ratios were to be, and what they are.
func (r report) writeTargets(b *strings.Builder) {
	var rows [][]string
	for _, t := range r.subject.targets {
		if measured := r.measured(t); measured != "" {
			rows = append(rows, []string{t.ratio + ", " + sizeName(t.answer), fmt.Sprintf("%.2f", t.least), measured})
		}
	}
	if len(rows) == 0 {
		return
	}
	b.WriteString("## Targets\n\n")
	writeTableHead(b, []string{rateMetric, "at least", "measured"})
	for _, row := range rows {
		writeRow(b, row)
	}
	b.WriteByte('\n')
}

// measured returns the ratio of a target, or "" where nobody has asked for it.
func (r report) measured(t target) string {
	for _, sc := range r.Scenes {
		for _, ratios := range sc.Ratios {
			if sc.Answer == t.answer && ratios.Name == t.ratio {
				return ratios.cells(gatewayMetrics()[:1])[1]
			}
		}
	}
	return ""
}

// write writes the scene: one table with a line for each peer and each ratio,
// and what went wrong.
func (s sceneResult) write(b *strings.Builder) {
	fmt.Fprintf(b, "## %s\n\n", s.scene)
	head := []string{fmt.Sprintf("up to %d connections each", s.Max)}
	for _, m := range s.metrics {
		head = append(head, m.name)
	}
	writeTableHead(b, head)
	for _, p := range s.Peers {
		writeRow(b, p.cells(s.metrics))
	}
	for _, ratios := range s.Ratios {
		writeRow(b, ratios.cells(s.metrics))
	}
	b.WriteByte('\n')
	for _, round := range s.void() {
		fmt.Fprintf(b, "**Void:** turn %d, %s: %s.\n\n", round.Turn+1, round.Peer, round.Void)
	}
}

func (p peerResult) cells(metrics []metric) []string {
	cells := []string{p.Name}
	for _, m := range metrics {
		cell := "void"
		if p.Rounds > 0 {
			cell = m.format(*m.of(&p.Medians))
		}
		cells = append(cells, cell)
	}
	return cells
}

func (p peerRatios) cells(metrics []metric) []string {
	cells := []string{p.Name}
	for _, m := range metrics {
		s, cell := p.Spread[m.name], "void"
		switch {
		case p.Turns == 1:
			cell = fmt.Sprintf("%.2f", s.Median)
		case p.Turns > 1:
			cell = fmt.Sprintf("%.2f (%.2f–%.2f)", s.Median, s.Min, s.Max)
		}
		cells = append(cells, cell)
	}
	return cells
}

// writeTableHead writes a table's first two lines: the first column is text,
// the others are numbers.
func writeTableHead(b *strings.Builder, head []string) {
	writeRow(b, head)
	b.WriteString("|---|" + strings.Repeat("--:|", len(head)-1) + "\n")
}

func writeRow(b *strings.Builder, cells []string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}
