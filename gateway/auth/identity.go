package auth

import (
	"fmt"
	"slices"
	"strings"
)

// Identity is who is asking, as far as a verifier has learnt it. It aliases
// nothing of the request.
type Identity struct {
	// User is his name.
	User string
	// Roles are what he may be asked for.
	Roles []string
	// Columns are those of his row, but for the one that proves him.
	Columns []Column
	// Claims are those of a token; without one they are empty.
	Claims Claims
}

// Column is one column of a row, as text; Null tells NULL from the empty text.
type Column struct {
	Name, Value string
	Null        bool
}

// Lookup returns the value of :auth.name: user, role, or a column. ok is false
// where there is none, or where it is NULL.
func (id *Identity) Lookup(name string) (value string, ok bool) {
	switch name {
	case "user":
		return id.User, true
	case "role":
		return strings.Join(id.Roles, ","), true
	}
	for i := range id.Columns {
		if c := &id.Columns[i]; c.Name == name {
			return c.Value, !c.Null
		}
	}
	return "", false
}

// Allow returns nil if he has one of the roles, or if none is asked for, and
// ErrForbidden otherwise.
func (id *Identity) Allow(roles []string) error {
	if len(roles) == 0 || slices.ContainsFunc(id.Roles, func(r string) bool { return slices.Contains(roles, r) }) {
		return nil
	}
	return fmt.Errorf("%w: none of the roles %s", ErrForbidden, strings.Join(roles, ", "))
}

// splitRoles takes roles apart that stand in one text.
func splitRoles(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}

// identify makes an identity of a row. proof is the column that is not for
// anybody's eyes, or -1. A column "user" is his name as the database has it.
func identify(user string, row Row, proof int, rolesColumn string) Identity {
	id := Identity{User: user}
	for i, c := range row.Columns {
		switch {
		case i == proof || c.Null && c.Name == "user":
			continue
		case c.Name == "user":
			id.User = c.Value
		case c.Name == rolesColumn && !c.Null:
			id.Roles = append(id.Roles, splitRoles(c.Value)...)
		}
		id.Columns = append(id.Columns, c)
	}
	return id
}
