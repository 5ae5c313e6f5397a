package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

var errEnded = errors.New("process ended")

// How long a process has between SIGTERM and SIGKILL, how long its own
// children may hold its standard error after it, how often it is asked whether
// it is ready, and how much of what it says last is kept, in bytes.
const (
	stopGrace   = 5 * time.Second
	pipeGrace   = time.Second
	probeEvery  = 20 * time.Millisecond
	stderrBytes = 4 << 10
)

// process is a child that runs until Stop. It leads a process group of its
// own, so that a Ctrl-C reaches the bench alone, which then ends its children
// in order.
type process struct {
	name   string
	cmd    *exec.Cmd
	stderr *tail
	grace  time.Duration // between SIGTERM and SIGKILL
	ended  chan struct{} // closed when the child has ended
}

// startProcess starts program with its standard output going to stdout, which
// may be nil.
func startProcess(name string, stdout *os.File, program string, args ...string) (*process, error) {
	p := &process{
		name:   name,
		cmd:    exec.Command(program, args...),
		stderr: &tail{limit: stderrBytes},
		grace:  stopGrace,
		ended:  make(chan struct{}),
	}
	if stdout != nil {
		p.cmd.Stdout = stdout
	}
	p.cmd.Stderr = p.stderr
	p.cmd.SysProcAttr = childAttributes()
	p.cmd.WaitDelay = pipeGrace
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// run starts the child, says so, and waits for its end. The child is killed
// when the thread that has started it ends, so this one is kept.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.ended)
	err := p.cmd.Start()
	started <- err
	if err == nil {
		_ = p.cmd.Wait() // how it ended matters to nobody who stopped it
	}
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// waitReady returns when probe succeeds. It fails when the process ends, or
// when ctx does; the error then holds what the process said last.
func (p *process) waitReady(ctx context.Context, probe func(context.Context) error) error {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("wait for %s: %w; it said: %s", p.name, errEnded, p.stderr)
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w; last try: %w; it said: %s", p.name, ctx.Err(), err, p.stderr)
		case <-tick.C:
		}
	}
}

// explain adds to an error that the process has ended and what it said last,
// if it has.
func (p *process) explain(err error) error {
	select {
	case <-p.ended:
		return fmt.Errorf("%w; %s: %w; it said: %s", err, p.name, errEnded, p.stderr)
	default:
		return err
	}
}

// Stop asks the process to end, makes it end after its grace, and waits. It
// may be called twice.
func (p *process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	select {
	case <-p.ended:
	case <-time.After(p.grace):
		p.Kill()
	}
}

// Kill ends the process at once and waits.
func (p *process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// tail keeps the last bytes of what is written to it. It is safe for
// concurrent use.
type tail struct {
	limit int

	mu    sync.Mutex
	bytes []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes = append(t.bytes, b...)
	if over := len(t.bytes) - t.limit; over > 0 {
		t.bytes = append(t.bytes[:0], t.bytes[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text := strings.TrimSpace(string(t.bytes)); text != "" {
		return text
	}
	return "nothing"
}
