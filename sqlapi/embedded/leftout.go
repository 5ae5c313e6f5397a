//go:build noembedded

package embedded

import (
	"context"
	"net"
)

// Available: this build does not have the engine.
const Available = false

// Engine is the database; in this build there is none.
type Engine struct{}

// Open returns ErrLeftOut.
func Open(string) (*Engine, error) { return nil, ErrLeftOut }

// Dial returns ErrLeftOut.
func (*Engine) Dial(context.Context) (net.Conn, error) { return nil, ErrLeftOut }

// Close does nothing.
func (*Engine) Close() error { return nil }

// Trim does nothing: there is nothing to give back.
func Trim() error { return nil }
