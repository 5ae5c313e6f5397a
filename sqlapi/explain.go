package sqlapi

import (
	"cmp"
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
		look, err := readAccess(&row, r.Columns)
		if err != nil {
			return verdict{}, cmp.Or(drain(s.conn, -1), err)
		}
		short, glimpse, expected := look.judge()
		v.short, v.glimpse = v.short && short, v.glimpse || glimpse
		rows *= expected
	}
}

// access is one row of a plan, as far as it matters: how a table is accessed,
// how many rows are expected, and remarks.
type access struct {
	kind, rows, extra string
}

// readAccess reads a row of EXPLAIN. MariaDB and MySQL have different columns
// around the ones that matter.
func readAccess(row *wire.Row, columns []wire.Column) (access, error) {
	var a access
	found := 0
	for i := range columns {
		value, err := row.Next(&columns[i])
		if err != nil {
			return a, err
		}
		text := string(value.AppendText(nil, &columns[i]))
		if value.Null() {
			text = ""
		}
		switch strings.ToLower(columns[i].Name) {
		case "type":
			a.kind = text
		case "rows":
			a.rows = text
		case "extra":
			a.extra = text
		default:
			continue
		}
		found++
	}
	if found != 3 {
		return a, fmt.Errorf("%w: no columns type, rows and Extra", errPlan)
	}
	return a, nil
}

// judge tells whether the access takes no more than looking a few rows up by an
// index, and how many rows it gives to the next one.
func (a access) judge() (short, glimpse bool, rows float64) {
	switch a.kind {
	case "system", "const", "eq_ref":
		return true, false, 1
	case "ref":
		rows, err := strconv.ParseFloat(a.rows, 64)
		return err == nil, false, max(rows, 1)
	case "":
		if a.extra == "No tables used" {
			return true, false, 1
		}
		return a.impossible(), true, 1
	}
	return false, false, 1
}

// impossible reports whether the server has found that no row can match.
func (a access) impossible() bool {
	return strings.HasPrefix(a.extra, "Impossible ") || strings.HasPrefix(a.extra, "no matching row in const table")
}
