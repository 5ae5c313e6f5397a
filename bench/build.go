package main

import (
	"context"
	"path/filepath"
	"time"
)

// buildTimeout is long: a first build compiles every dependency.
const buildTimeout = 10 * time.Minute

// build compiles main packages of this module into dir, all with the same
// flags, which are go build's own. A binary is named after the last element
// of its package's path.
func build(ctx context.Context, golang, dir string, packages ...string) error {
	args := append([]string{"build", "-o", dir + string(filepath.Separator)}, packages...)
	_, err := runErrand(ctx, buildTimeout, "build the peers", golang, args...)
	return err
}
