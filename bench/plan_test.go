package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A run that is interrupted after everything was started leaves nothing
// behind: no process, no file.
func TestRunEndsWhatItStarted(t *testing.T) {
	requireTools(t)
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	twin := netHTTP()
	twin.name = "twin"
	twin.key = "twin"
	begun := 0
	say := func(format string, args ...any) {
		if strings.HasPrefix(format, "comparing") {
			begun = len(processesOf(t, dir))
			cancel()
		}
	}
	p := plan{subject: getuserSubject(), pace: pace{1, 1, 1}, kinds: []kind{netHTTP(), twin}, scenes: []scene{newScene(4, "tcp")}}
	_, err := p.run(ctx, &console{report: io.Discard, progress: say})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want the context's", err)
	}
	if begun != 3 {
		t.Errorf("got %d processes before the interruption, want MariaDB and two peers", begun)
	}
	if left := processesOf(t, dir); len(left) > 0 {
		t.Errorf("got processes left behind: %q", left)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("got files left behind: %v, error %v", left, err)
	}
}

// processesOf returns the command lines of the processes that name dir.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && bytes.Contains(line, []byte(dir)) { // it may have ended since
			found = append(found, string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return found
}
