package gateway

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"zerohop/backends"
)

// memberColumns head the table of members: those of nginx's old health-check
// module by their names there, in their order, and some of ours in front.
var memberColumns = []string{
	"Group", "State", "Weight", "In flight",
	"Index", "Name", "Last action", "Time of concurrent values", "Last response down", "Last health status", "Is down",
}

// memberTable shows the members of all groups to people, one a line. The
// columns stand apart by two blanks and more; no cell has two in a row.
func (s *Server) memberTable() []byte {
	var text bytes.Buffer
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(memberColumns, "\t"))
	for _, g := range groupStats(s.table.Load().groups) {
		for i, m := range g.Members {
			fmt.Fprintln(w, strings.Join(memberRow(g.Name, i, m), "\t"))
		}
	}
	if err := w.Flush(); err != nil {
		panic(fmt.Sprint("bug: members cannot be shown: ", err))
	}
	return text.Bytes()
}

// memberRow returns the cells of one member, "-" where there is nothing to say.
func memberRow(group string, i int, m backends.MemberStats) []string {
	weight := strconv.Itoa(m.Weight)
	if m.EffectiveWeight != m.Weight {
		weight = fmt.Sprintf("%d/%d", m.EffectiveWeight, m.Weight)
	}
	if m.Backup {
		weight += " backup"
	}
	lastDown, health := "-", "-"
	if m.Checks > 0 {
		lastDown, health = digit(!m.LastCheckOK), "OK"
		if !m.LastCheckOK {
			health = m.LastCheckError
		}
	}
	return []string{
		cell(group), m.State, weight, strconv.Itoa(m.Busy),
		strconv.Itoa(i), cell(m.Name), clock(m.LastCheck), clock(m.LastCheckSince), lastDown, cell(health), digit(!isUp(m)),
	}
}

func digit(condition bool) string {
	if condition {
		return "1"
	}
	return "0"
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// cell returns text as it may stand in a table: in one line, with single
// blanks.
func cell(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	if len(words) == 0 {
		return "-"
	}
	return strings.Join(words, " ")
}
