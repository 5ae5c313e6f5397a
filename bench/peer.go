package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// readyTimeout is how long a process may take to its first right answer.
const readyTimeout = 15 * time.Second

// peer is a kind that runs, in one process or in several.
type peer struct {
	kind
	dir       string   // its own
	url       string   // that is asked
	first     question // whose answer shows that it is ready
	log       *accessLog
	control   string     // HOST:PORT where HAProxy is asked about itself
	dropped   int64      // lines that the log has lacked, as far as is known
	processes []*process // in the order of their start
}

// startPeer starts a kind in a folder, and returns when it answers. All of s
// but the address must be there.
func startPeer(ctx context.Context, k kind, dir string, s site) (*peer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("start %s: %w", k.name, err)
	}
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	s.address = fmt.Sprintf("127.0.0.1:%d", ports[0])
	log, err := newAccessLog(filepath.Join(dir, "access.log"))
	if err != nil {
		return nil, err
	}
	p := &peer{kind: k, dir: dir, url: "http://" + s.address + s.path, first: s.first, log: log}
	if err = k.launch(ctx, p, s); err == nil {
		err = p.await(ctx, p.url)
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// startQuietly starts one of the peer's processes whose standard output is of
// no interest.
func (p *peer) startQuietly(name, program string, args ...string) error {
	started, err := startProcess(name, nil, program, args...)
	if err == nil {
		p.processes = append(p.processes, started)
	}
	return err
}

// start starts one of the peer's processes, with its standard output going to
// the file that p.log reads.
func (p *peer) start(name, program string, args ...string) error {
	stdout, err := p.log.writer()
	if err != nil {
		return err
	}
	defer stdout.Close() // the child has its own
	started, err := startProcess(name, stdout, program, args...)
	if err != nil {
		return err
	}
	p.processes = append(p.processes, started)
	return nil
}

// await returns when there is a right answer at url, which is the peer's own
// or that of one of its processes.
func (p *peer) await(ctx context.Context, url string) error {
	return awaitAnswer(ctx, p.processes, url, p.first)
}

// awaitAnswer returns when processes that were started give q its answer.
func awaitAnswer(ctx context.Context, processes []*process, url string, q question) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	return waitReady(ctx, processes, func(ctx context.Context) error {
		a, err := ask(ctx, transport, url, q)
		if err != nil {
			return err
		}
		return q.check(a)
	})
}

// cpuTime returns the processor time that all of the peer's processes have
// used.
func (p *peer) cpuTime() (time.Duration, error) {
	var sum time.Duration
	for _, one := range p.processes {
		used, err := one.cpuTime()
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// forgetLog forgets the lines that have been written so far, and those that
// have not.
func (p *peer) forgetLog(ctx context.Context) error {
	if err := p.log.drain(ctx); err != nil {
		return err
	}
	_, err := p.newlyDropped(ctx)
	return err
}

// newlyDropped returns how many lines the log has lacked since the last call.
func (p *peer) newlyDropped(ctx context.Context) (int64, error) {
	if p.kind.dropped == nil {
		return 0, nil
	}
	if err := pause(ctx, logLook); err != nil { // an answer is sent before its line is
		return 0, err
	}
	all, err := p.kind.dropped(ctx, p)
	if err != nil {
		return 0, err
	}
	lacking := all - p.dropped
	p.dropped = all
	return lacking, nil
}

// explain adds to an error which processes have ended and what they said last,
// if any have.
func (p *peer) explain(err error) error {
	for _, one := range p.processes {
		err = one.explain(err)
	}
	return err
}

// Close ends the peer's processes, the last that was started first, and waits
// for each.
func (p *peer) Close() {
	for _, one := range slices.Backward(p.processes) {
		one.Stop()
	}
	p.log.Close()
}
