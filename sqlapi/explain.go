package sqlapi

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"zerohop/sqlapi/wire"
)

// fewRows is how many rows the server may expect to look at for a statement
// that counts as short.
const fewRows = 16

// verdict is what a plan says about its statement.
type verdict struct {
	// short: it takes a handful of index look-ups at most.
	short bool
	// glimpse: the plan is that of these values; with others it may be another.
	glimpse bool
}

// errPlan: the server's explanation cannot be read.
var errPlan = errors.New("unreadable plan")

// explain asks the server for a statement's plan. A plan that it does not give,
// or that cannot be read, is not short. The error is one of the connection, or
// the reason.
func (s *session) explain(question string) (verdict, error) {
	s.conn.Query(question)
	if err := s.conn.Flush(); err != nil {
		return verdict{}, err
	}
	var r wire.Result
	if err := s.conn.ReadResult(&r); err != nil {
		return verdict{}, err
	}
	if r.Columns == nil {
		return verdict{}, errPlan
	}
	v, rows := verdict{short: true}, 1.0
	for n := 0; ; n++ {
		row, err := s.conn.ReadRow()
		if err == io.EOF && n > 0 {
			v.short = v.short && rows <= fewRows
			return v, nil
		}
		if err == io.EOF {
			return verdict{}, errPlan
		}
		if err != nil {
			return verdict{}, err
		}
		step, err := readStep(&row, r.Columns)
		if err != nil {
			return verdict{}, abandon(s.conn, err)
		}
		short, glimpse, expected := step.judge()
		v.short, v.glimpse = v.short && short, v.glimpse || glimpse
		rows *= expected
	}
}

// step is one row of a plan, as far as it matters: how a table is accessed,
// how many rows are expected, and remarks.
type step struct {
	access, rows, extra string
}

// readStep reads a row of EXPLAIN. MariaDB and MySQL have different columns
// around the ones that matter.
func readStep(row *wire.Row, columns []wire.Column) (step, error) {
	var s step
	found := 0
	for i := range columns {
		value, err := row.Next(&columns[i])
		if err != nil {
			return s, err
		}
		text := string(value.AppendText(nil, &columns[i]))
		if value.Null() {
			text = ""
		}
		switch strings.ToLower(columns[i].Name) {
		case "type":
			s.access = text
		case "rows":
			s.rows = text
		case "extra":
			s.extra = text
		default:
			continue
		}
		found++
	}
	if found != 3 {
		return s, fmt.Errorf("%w: no columns type, rows and Extra", errPlan)
	}
	return s, nil
}

// judge tells whether the step takes no more than looking a few rows up by an
// index, and how many rows it gives to the next one.
func (s step) judge() (short, glimpse bool, rows float64) {
	switch s.access {
	case "system", "const", "eq_ref":
		return true, false, 1
	case "ref":
		rows, err := strconv.ParseFloat(s.rows, 64)
		return err == nil, false, max(rows, 1)
	case "":
		if s.extra == "No tables used" {
			return true, false, 1
		}
		return s.impossible(), true, 1
	}
	return false, false, 1
}

// impossible reports whether the server has found that no row can match.
func (s step) impossible() bool {
	return strings.HasPrefix(s.extra, "Impossible ") || strings.HasPrefix(s.extra, "no matching row in const table")
}
