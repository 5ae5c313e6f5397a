package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Content is what is kept of a session. What Sessions returns belongs to the
// caller, who may change it.
type Content struct {
	// User is who has logged in.
	User string
	// Roles are what he may do.
	Roles []string
	// Columns are what else the verifier learned of him, by name.
	Columns []Column
	// Data is a JSON object, or empty, which is {}.
	Data []byte
}

// Column is one named value of a verifier's row.
type Column struct {
	Name, Value string
	// Null tells an SQL NULL from an empty text.
	Null bool
}

// The bounds of a Content.
const (
	MaxData     = 8 << 10  // bytes of Content.Data
	MaxIdentity = 16 << 10 // bytes of the rest together
	maxColumns  = 256
	maxRoles    = 256
)

// ErrTooLarge: there is more in a session than it may hold.
var ErrTooLarge = errors.New("session too large")

// ErrNotObject: the data of a session is not a JSON object.
var ErrNotObject = errors.New("session data is not a JSON object")

// check returns what is wrong with a Content: ErrTooLarge or ErrNotObject.
func (c *Content) check() error {
	size := len(c.User)
	for _, role := range c.Roles {
		size += len(role)
	}
	for _, column := range c.Columns {
		size += len(column.Name) + len(column.Value)
	}
	switch {
	case len(c.Data) > MaxData:
		return fmt.Errorf("%w: the data has %d bytes, and may have %d", ErrTooLarge, len(c.Data), MaxData)
	case size > MaxIdentity:
		return fmt.Errorf("%w: user, roles and columns have %d bytes, and may have %d", ErrTooLarge, size, MaxIdentity)
	case len(c.Roles) > maxRoles || len(c.Columns) > maxColumns:
		return fmt.Errorf("%w: %d roles and %d columns, and there may be %d of each", ErrTooLarge, len(c.Roles), len(c.Columns), maxRoles)
	case len(c.Data) == 0:
		return nil
	}
	if text := bytes.TrimLeft(c.Data, " \t\r\n"); len(text) == 0 || text[0] != '{' || !json.Valid(c.Data) {
		return ErrNotObject
	}
	return nil
}
