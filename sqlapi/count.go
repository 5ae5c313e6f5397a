package sqlapi

import (
	"fmt"
	"strconv"
	"strings"
)

// count is a condition on a number of rows: exactly, at least or at most so
// many. Every number meets the zero count.
type count struct {
	relation byte // '=', '>' or '<'; 0 for none
	number   uint64
}

const countHint = `write a number, or ">= 1" or "<= 10"`

// parseCount reads "1", ">= 1", "<= 10", or nothing.
func parseCount(text string) (count, error) {
	if text == "" {
		return count{}, nil
	}
	digits, relation := text, byte('=')
	if rest, ok := strings.CutPrefix(text, ">="); ok {
		digits, relation = rest, '>'
	} else if rest, ok := strings.CutPrefix(text, "<="); ok {
		digits, relation = rest, '<'
	}
	number, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 63)
	if err != nil {
		return count{}, fmt.Errorf("parse number of rows: %w", err)
	}
	return count{relation, number}, nil
}

// String returns the condition as parseCount reads it.
func (c count) String() string {
	number := strconv.FormatUint(c.number, 10)
	switch c.relation {
	case 0:
		return ""
	case '=':
		return number
	}
	return string(c.relation) + "= " + number
}

// met reports whether so many rows meet the condition.
func (c count) met(rows uint64) bool {
	switch c.relation {
	case '=':
		return rows == c.number
	case '>':
		return rows >= c.number
	case '<':
		return rows <= c.number
	}
	return true
}
