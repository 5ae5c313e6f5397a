package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

//go:embed getuser.lua
var getuserScript []byte

//go:embed proxy.lua
var proxyScript []byte

var errNoResult = errors.New("no result line")

// wrkSlack is how much longer than its load wrk may run, and answerTimeout
// how long it waits for one answer.
const (
	wrkSlack      = 15 * time.Second
	answerTimeout = 5 * time.Second
)

// wrk is the load generator, with the settings that all rounds share.
type wrk struct {
	program     string
	script      string // path of the Lua script
	threads     int
	connections int
	seconds     int
}

// newWrk puts the script, a text, into dir.
func newWrk(program, dir string, text []byte, threads, connections, seconds int) (*wrk, error) {
	script := filepath.Join(dir, "wrk.lua")
	if err := os.WriteFile(script, text, 0o600); err != nil {
		return nil, fmt.Errorf("write wrk script: %w", err)
	}
	return &wrk{program: program, script: script, threads: threads, connections: connections, seconds: seconds}, nil
}

// load is what wrk says about one run.
type load struct {
	Requests int64   `json:"requests"`    // answers read whole
	Duration float64 `json:"duration_us"` // microseconds, as P50 and P99
	P50      float64 `json:"p50_us"`
	P99      float64 `json:"p99_us"`

	Connect int64 `json:"connect"` // socket errors, by what failed
	Read    int64 `json:"read"`
	Write   int64 `json:"write"`
	Status  int64 `json:"status"`  // answers with a status over 399
	Timeout int64 `json:"timeout"` // answers that took longer than answerTimeout
}

// run asks url for as long as the settings say. seed chooses what a random script asks for.
func (w *wrk) run(ctx context.Context, url string, seed int) (load, error) {
	limit := time.Duration(w.seconds)*time.Second + wrkSlack
	out, err := runErrand(ctx, limit, "run wrk", w.program,
		fmt.Sprintf("--threads=%d", w.threads), fmt.Sprintf("--connections=%d", w.connections),
		fmt.Sprintf("--duration=%ds", w.seconds), fmt.Sprintf("--timeout=%ds", int(answerTimeout.Seconds())),
		"--script="+w.script, url, "--", fmt.Sprint(userCount), fmt.Sprint(seed))
	if err != nil {
		return load{}, err
	}
	return parseLoad(out)
}

// parseLoad finds the script's line of JSON in what wrk wrote.
func parseLoad(out []byte) (load, error) {
	var l load
	begin := bytes.LastIndex(out, []byte("\n{"))
	if begin < 0 {
		return l, fmt.Errorf("read wrk's output: %w in %q", errNoResult, out)
	}
	if err := json.Unmarshal(out[begin:], &l); err != nil {
		return l, fmt.Errorf("read wrk's output: %w", err)
	}
	if l.Requests <= 0 || l.Duration <= 0 {
		return l, fmt.Errorf("read wrk's output: %w: %d requests in %.0f µs", errNoResult, l.Requests, l.Duration)
	}
	return l, nil
}

// fault says what went wrong during the run, or "".
func (l load) fault() string {
	var faults []string
	note := func(n int64, what string) {
		if n > 0 {
			faults = append(faults, fmt.Sprintf("%d × %s", n, what))
		}
	}
	note(l.Status, "status over 399")
	note(l.Connect, "connect error")
	note(l.Read, "read error")
	note(l.Write, "write error")
	note(l.Timeout, "timeout")
	return strings.Join(faults, ", ")
}
