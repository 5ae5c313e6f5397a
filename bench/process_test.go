package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shell starts sh with a script.
func shell(t *testing.T, script string) *process {
	t.Helper()
	p, err := startProcess("sh", nil, "/bin/sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func TestProcessStops(t *testing.T) {
	p := shell(t, "exec sleep 60")
	began := time.Now()
	p.Stop()
	p.Stop()
	if took := time.Since(began); took > stopGrace {
		t.Errorf("took %s, want the process to end when asked", took)
	}
	if err := p.cmd.Process.Signal(os.Interrupt); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("got error %v, want that the process has ended", err)
	}
}

func TestProcessThatDoesNotListenIsKilled(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ready")
	p := shell(t, "trap '' TERM; : >"+file+"; while :; do sleep 1; done")
	err := waitReady(t.Context(), []*process{p}, func(context.Context) error {
		_, err := os.Stat(file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	p.grace = 10 * time.Millisecond
	p.Stop()
	if p.cmd.ProcessState.String() != "signal: killed" {
		t.Errorf("got %s, want it killed", p.cmd.ProcessState)
	}
}

func TestWaitReadySaysWhyNot(t *testing.T) {
	never := func(context.Context) error { return errAnswer }

	p := shell(t, "echo no such table >&2")
	if err := waitReady(t.Context(), []*process{shell(t, "exec sleep 60"), p}, never); !errors.Is(err, errEnded) || !strings.Contains(err.Error(), "no such table") {
		t.Errorf("got error %v, want that it ended, and its last words", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := waitReady(ctx, []*process{shell(t, "exec sleep 60")}, never)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errAnswer) {
		t.Errorf("got error %v, want the context's and the probe's", err)
	}
}

func TestExplainNamesAProcessThatHasEnded(t *testing.T) {
	p := shell(t, "exec sleep 60")
	if err := p.explain(errAnswer); err != errAnswer {
		t.Errorf("got error %v of a process that runs, want it unchanged", err)
	}
	quick := shell(t, "echo out of memory >&2")
	<-quick.ended
	err := quick.explain(errAnswer)
	if !errors.Is(err, errAnswer) || !errors.Is(err, errEnded) || !strings.Contains(err.Error(), "out of memory") {
		t.Errorf("got error %v, want what it was, that the process ended, and its last words", err)
	}
}

func TestStartProcessThatIsNotThere(t *testing.T) {
	if _, err := startProcess("nothing", nil, "/nowhere/nothing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got error %v, want that it does not exist", err)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	w := &tail{limit: 5}
	if got, want := w.String(), "nothing"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, text := range []string{"ab", "cdefghijk", "lm"} {
		if n, err := w.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("got %d, %v from Write, want %d", n, err, len(text))
		}
	}
	if got, want := w.String(), "ijklm"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRunErrand(t *testing.T) {
	out, err := runErrand(t.Context(), time.Minute, "greet", "/bin/sh", "-c", "echo hello; echo you >&2")
	if got := string(out); err != nil || got != "hello\nyou\n" {
		t.Errorf("got %q and error %v, want both lines", got, err)
	}
	_, err = runErrand(t.Context(), time.Minute, "fail", "/bin/sh", "-c", "echo reason >&2; exit 3")
	if err == nil || !strings.Contains(err.Error(), "fail: exit status 3") || !strings.Contains(err.Error(), "reason") {
		t.Errorf("got error %v, want the status and the reason", err)
	}
	_, err = runErrand(t.Context(), 50*time.Millisecond, "wait", "/bin/sleep", "60")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got error %v, want that the limit passed", err)
	}
	if _, err = runErrand(t.Context(), time.Minute, "nothing", "/nowhere/nothing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got error %v, want that it does not exist", err)
	}
}
