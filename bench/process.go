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
// in order. Whatever it has started itself is of its group, and ends with it.
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

// run starts the child, says so, waits for its end, and ends what is left of
// its group. The child is ended when the thread that has started it ends, so
// this one is kept.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.ended)
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	// Before Wait the child's number is its own, and so is the group's.
	awaitExit(p.pid())
	killGroup(p.pid())
	_ = p.cmd.Wait() // how it ended matters to nobody who stopped it
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// cpuTime returns the processor time that the process and those of its group
// have used. It is an error when they have ended.
func (p *process) cpuTime() (time.Duration, error) {
	used, err := groupTime(p.pid())
	if err != nil {
		return 0, fmt.Errorf("measure %s: %w", p.name, err)
	}
	return used, nil
}

// waitReady returns when probe succeeds. It fails when one of the processes
// ends, or when ctx does; the error then holds what it, or the last of them,
// said last.
func waitReady(ctx context.Context, processes []*process, probe func(context.Context) error) error {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		for _, p := range processes {
			if p.hasEnded() {
				return fmt.Errorf("wait for %s: %w; it said: %s", p.name, errEnded, p.stderr)
			}
		}
		select {
		case <-ctx.Done():
			last := processes[len(processes)-1]
			return fmt.Errorf("wait for %s: %w; last try: %w; it said: %s", last.name, ctx.Err(), err, last.stderr)
		case <-tick.C:
		}
	}
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// explain adds to an error that the process has ended and what it said last,
// if it has.
func (p *process) explain(err error) error {
	if p.hasEnded() {
		return fmt.Errorf("%w; %s: %w; it said: %s", err, p.name, errEnded, p.stderr)
	}
	return err
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

// Kill ends the process and its group at once and waits.
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
