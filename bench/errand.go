package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// errandGrace is how long an errand may take to end once it has been
// interrupted.
const errandGrace = 5 * time.Second

// runErrand runs a program to its end and returns all that it wrote. It has
// limit to finish; after that, and when ctx ends, it is interrupted, which
// lets a compiler or a script clean up. name is for the error.
func runErrand(ctx context.Context, limit time.Duration, name, program string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.SysProcAttr = childAttributes()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = errandGrace
	out, err := cmd.CombinedOutput()
	if ended := ctx.Err(); ended != nil {
		return out, fmt.Errorf("%s: %w", name, ended)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return out, fmt.Errorf("%s: %w; it said:\n%s", name, err, bytes.TrimSpace(out))
	}
	if err != nil {
		return out, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}
