package sqlapi

import (
	"fmt"
	"slices"
	"strings"
)

// totalField holds the statement that counts the rows of all pages.
const totalField = "page.total"

// script is the SQL of one of an endpoint's statements, taken apart, and where
// it stands.
type script struct {
	// field is the key that holds the SQL, below the route: "sql",
	// "statements[1].sql".
	field string
	sql   string
	// statement is there as far as the SQL was understood: nil if nothing of
	// it can be read. syntax is what is wrong with it.
	statement *Statement
	syntax    []*SyntaxError
}

func newScript(field, sql string) script {
	statement, syntax := parseStatement(sql)
	return script{field: field, sql: sql, statement: statement, syntax: syntax}
}

// scripts returns every statement of the endpoint, in the order in which they
// run: the one of sql or those of statements, then the one that counts the
// rows of all pages.
func (c EndpointConfig) scripts() []script {
	var scripts []script
	for i, s := range c.Statements {
		scripts = append(scripts, newScript(fmt.Sprintf("statements[%d].sql", i), s.SQL))
	}
	if len(c.Statements) == 0 {
		scripts = append(scripts, newScript("sql", c.SQL))
	}
	if c.Page != nil && c.Page.Total != "" {
		scripts = append(scripts, newScript(totalField, c.Page.Total))
	}
	return scripts
}

// understood reports whether the SQL has no fault of syntax.
func (s *script) understood() bool { return s.statement != nil && len(s.syntax) == 0 }

// fault returns a fault at a byte of the SQL.
func (s *script) fault(offset int, problem, hint string) error {
	return &FieldError{Field: s.field, Problem: problem, Hint: hint, Offset: offset}
}

// faultAtVerb returns a fault at the first word of the SQL.
func (s *script) faultAtVerb(problem, hint string) error {
	return s.fault(len(s.sql)-len(strings.TrimLeftFunc(s.sql, isSpaceRune)), problem, hint)
}

// parameters returns all parameters, as far as the SQL was understood.
func (s *script) parameters() []Param {
	if s.statement == nil {
		return nil
	}
	return s.statement.Params
}

// params returns the parameters of a source.
func (s *script) params(source Source) []Param {
	if s.statement == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.statement.Params), func(p Param) bool { return p.Source != source })
}

// reads reports whether the statement has a parameter.
func (s *script) reads(source Source, name string) bool {
	return slices.ContainsFunc(s.params(source), func(p Param) bool { return p.Name == name })
}
